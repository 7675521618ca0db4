"""``gpen restore``."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gpen_engine import Restorer
from gpen_engine.pictures import read_picture


def test_one_picture_to_a_file(gpen, save, face, model_file, tmp_path: Path) -> None:
    source = save(tmp_path / "in.png", face)
    out = tmp_path / "out.png"
    result = gpen("restore", source, "-o", out, "--model", model_file)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{out}: 1 face in ")
    assert "(tiny, cpu)" in result.stdout
    assert result.stderr == ""
    expected = Restorer(model_file).restore(face).composite()
    assert np.array_equal(read_picture(out).pixels, expected)


def test_one_picture_to_a_folder_keeps_its_name(gpen, save, face, model_file, tmp_path) -> None:
    source = save(tmp_path / "in.jpg", face)
    (tmp_path / "out").mkdir()
    assert gpen("restore", source, "-o", tmp_path / "out", "--model", model_file).exit_code == 0
    assert (tmp_path / "out" / "in.jpg").exists()


@pytest.mark.parametrize("word", [["restore"], []])
def test_the_spelling_of_other_tools(gpen, save, face, model_file, tmp_path, word) -> None:
    source = save(tmp_path / "in.png", face)
    others = ["--input", source, "--output", tmp_path / "b.png", "--model_path", model_file]
    assert gpen("restore", source, "-o", tmp_path / "a.png", "--model", model_file).exit_code == 0
    result = gpen(*word, *others, "--size", 64, "--face_align")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "b.png").read_bytes() == (tmp_path / "a.png").read_bytes()


def test_the_other_spelling_may_begin_with_any_option(gpen, save, face, model_file, tmp_path):
    source = save(tmp_path / "in.png", face)
    out = tmp_path / "out.png"
    words = ["--size", 64, "--model_path", model_file, f"--input={source}", f"--output={out}"]
    assert gpen(*words).exit_code == 0
    assert out.exists()


def test_face_align_contradicts_aligned(gpen, save, face, model_file, tmp_path) -> None:
    source = save(tmp_path / "in.png", face)
    words = ["--input", source, "--output", tmp_path / "o.png", "--face_align", "--aligned"]
    result = gpen(*words)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: --face_align and --aligned contradict each other.\n")


def test_every_option_reaches_the_restoration(gpen, save, face, model_file, tmp_path) -> None:
    source = save(tmp_path / "in.png", face)
    shared = ["restore", source, "--model", model_file, "--json", "-", "-o"]
    result = gpen(
        *shared,
        tmp_path / "a.jpg",
        *("--strength", 0.25, "--template", "ffhq", "--no-keep-colours"),
        *("--guard", "off", "--guard-similarity", 0.6, "--match-grain"),
        *(
            "--region",
            "1,2,190,180",
            "--no-fallback",
            "--threshold",
            0.7,
            "--seed",
            5,
            "--detection-size",
            150,
        ),
        *("--device", "cpu", "--dtype", "bfloat16", "--quality", 50, "--size", 64),
    )
    assert result.exit_code == 0, result.output
    (told,) = json.loads(result.stdout)
    assert told["options"] == {
        "strength": 0.25,
        "template": "ffhq",
        "keep_colours": False,
        "threshold": 0.7,
        "detection_size": 150,
        "region": [1, 2, 190, 180],
        "fallback": False,
        "aligned": False,
        "match_grain": True,
        "guard": "off",
        "guard_similarity": 0.6,
        "seed": 5,
    }
    assert (told["device"], told["dtype"], told["quality"]) == ("cpu", "bfloat16", 50)
    result = gpen(*shared, tmp_path / "b.jpg", "--aligned", "--keep-colours")
    (told,) = json.loads(result.stdout)
    assert told["options"]["aligned"] is True
    assert told["options"]["keep_colours"] is True
    assert told["options"]["fallback"] is True


def test_another_detector_is_loaded(gpen, save, face, model_file, tmp_path) -> None:
    embedded = Path(__file__).parents[2] / "gpen_engine" / "embedded" / "detector.safetensors"
    source = save(tmp_path / "in.png", face)
    shared = ["restore", source, "--model", model_file, "-o", tmp_path / "out.png", "--detector"]
    assert gpen(*shared, embedded).exit_code == 0
    result = gpen(*shared, model_file, "--force")
    assert result.exit_code == 1
    assert "does not hold the weights of the face detector" in result.stderr
    result = gpen(*shared, tmp_path / "none.pth", "--force")
    assert (result.exit_code, result.stderr.splitlines()[0]) == (
        1,
        f'Error: There is no face detector and no file "{tmp_path / "none.pth"}".',
    )


def test_a_detector_by_its_name(gpen, save, face, model_file, tmp_path, engine_home) -> None:
    embedded = Path(__file__).parents[2] / "gpen_engine" / "embedded" / "detector.safetensors"
    source = save(tmp_path / "in.png", face)
    words = ["restore", source, "--model", model_file, "-o", tmp_path / "out.png", "--detector"]
    missing = gpen(*words, "retinaface-mobilenet")
    assert missing.exit_code == 1
    assert "The weights of RetinaFace-MobileNet are not installed." in missing.stderr
    assert "gpen models get RetinaFace-MobileNet" in missing.stderr
    engine_home.models.mkdir()
    for name in ("RetinaFace-MobileNet", "attic"):
        shutil.copy(embedded, engine_home.models / f"{name}.safetensors")
        assert gpen(*words, name, "--force").exit_code == 0


@pytest.mark.parametrize(
    ("option", "name", "known"),
    [
        ("--detector", "nobody", "Known are RetinaFace-ResNet50 and RetinaFace-MobileNet"),
        ("--detector", "ParseNet", "Known are RetinaFace-ResNet50 and RetinaFace-MobileNet"),
        ("--parser", "nobody", "Known are ParseNet and BiSeNet"),
        ("--parser", "GPEN-BFR-512", "Known are ParseNet and BiSeNet"),
    ],
)
def test_a_name_that_is_none_of_its_kind(
    gpen, save, face, model_file, tmp_path, option: str, name: str, known: str
) -> None:
    source = save(tmp_path / "in.png", face)
    words = ["restore", source, "--model", model_file, "-o", tmp_path / "out.png"]
    result = gpen(*words, option, name)
    assert result.exit_code == 1
    assert known in result.stderr


def test_a_parser_that_is_none_is_refused(gpen, save, face, model_file, tmp_path) -> None:
    source = save(tmp_path / "in.png", face)
    words = ["--model", model_file, "--parser", model_file]
    result = gpen("restore", source, "-o", tmp_path / "out.png", *words)
    assert result.exit_code == 1
    assert "does not hold the weights of a face parser" in result.stderr


@pytest.mark.parametrize("option", ["--json", "--report"])
def test_the_json_file_has_faces_times_and_the_models_sum(
    gpen, save, face, model_file, tmp_path, option: str
) -> None:
    source = save(tmp_path / "in.png", face)
    report = tmp_path / "report.json"
    report.write_text("old")
    words = ["--model", model_file, option, report, "--quiet"]
    result = gpen("restore", source, "-o", tmp_path / "out.png", *words)
    assert (result.exit_code, result.output) == (0, "")
    (told,) = json.loads(report.read_text())
    assert told["sha256"] == hashlib.sha256(model_file.read_bytes()).hexdigest()
    assert told["source"] == str(source)
    assert len(told["faces"]) == 1
    assert told["seconds"]["network"] > 0


def test_a_bad_picture_among_good_ones(gpen, save, face, model_file, tmp_path) -> None:
    good = [save(tmp_path / f"{name}.png", face) for name in "ac"]
    bad = tmp_path / "b.png"
    bad.write_bytes(good[0].read_bytes()[:500])
    words = [good[0], bad, good[1], "-o", tmp_path / "new" / "out", "--model", model_file]
    result = gpen("restore", *words, "--json", tmp_path / "report.json")
    assert result.exit_code == 1
    assert sorted(p.name for p in (tmp_path / "new" / "out").iterdir()) == ["a.png", "c.png"]
    assert result.stdout.count("1 face in") == 2
    first, second = result.stderr.splitlines()
    assert first == "Error: 1 of 3 pictures could not be restored:"
    assert second.startswith(f"  {bad}: The PNG file b.png is damaged or cut short.")
    a, b, c = json.loads((tmp_path / "report.json").read_text())
    assert (a["source"], c["source"]) == (str(good[0]), str(good[1]))
    assert b["source"] == str(bad)
    assert b["error"]["code"] == "bad_image"
    assert set(b["error"]) == {"code", "sentence", "hint"}


def test_pictures_of_one_name_do_not_overwrite_each_other(
    gpen, save, face, model_file, tmp_path
) -> None:
    both = [save(tmp_path / name / "x.png", face) for name in "ab"]
    result = gpen("restore", *both, "-o", tmp_path / "out", "--model", model_file, "--force")
    assert result.exit_code == 1
    assert f"{both[0]} and {both[1]} would both be written to" in result.stderr


def test_nothing_is_overwritten_without_force(gpen, save, face, model_file, tmp_path) -> None:
    source = save(tmp_path / "in.png", face)
    before = source.read_bytes()
    shared = ["restore", source, "--model", model_file, "-o"]
    result = gpen(*shared, source)
    assert result.exit_code == 1
    assert f"Error: The result would replace the picture {source} itself.\n" in result.stderr
    assert "--force" in result.stderr
    result = gpen(*shared, tmp_path)  # the folder that it lies in
    assert (result.exit_code, source.read_bytes()) == (1, before)
    other = tmp_path / "other.png"
    other.write_bytes(b"dear")
    assert (gpen(*shared, other).exit_code, other.read_bytes()) == (1, b"dear")
    assert gpen(*shared, other, "--force").exit_code == 0
    assert read_picture(other).pixels.shape == face.shape
    assert gpen(*shared, source, "--force").exit_code == 0
    assert source.read_bytes() == other.read_bytes()


def test_the_report_goes_over_no_picture(gpen, save, face, model_file, tmp_path) -> None:
    source, out = save(tmp_path / "in.png", face), tmp_path / "out.png"
    before = source.read_bytes()
    for command in (["restore", source, "-o", out], ["batch", tmp_path, "-o", tmp_path / "new"]):
        for report in (source, out, tmp_path / "x.TIF"):
            result = gpen(*command, "--model", model_file, "--json", report)
            assert result.exit_code == 1
            assert "The report would be written over the picture" in result.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["in.png"]
    assert source.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--strength", "1.5"], "bad_option", "The strength must lie between 0 and 1."),
        (["--threshold", "nan"], "bad_option", "The threshold must lie between 0 and 1."),
        (["--template", "arc"], "bad_option", 'There is no template "arc".'),
        (["--region", "1,2,3"], "bad_option", 'The region "1,2,3" is not understood.'),
        (["--region", "9,0,3,4"], "bad_option", "The region is empty."),
        (["--region", "0,0,3,4", "--aligned"], "bad_option", "An aligned picture has no region."),
        (["--quality", "0"], "bad_option", "The quality must lie between 1 and 100."),
        (["--seed", "-1"], "bad_option", "The seed must be a whole number, and not below 0."),
        (["--device", "fpga"], "bad_option", 'There is no device "fpga".'),
        (["--dtype", "int8"], "bad_option", 'There is no precision "int8".'),
        (["--model", "GPEN-9"], "model_missing", 'There is no model and no file "GPEN-9".'),
        (
            ["--size", "512"],
            "bad_option",
            "You asked for size 512, but tiny takes faces of 64 pixels.",
        ),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence_and_in_json(
    gpen, save, face, model_file, tmp_path, words, code, sentence
) -> None:
    source = save(tmp_path / "in.png", face)
    shared = ["restore", source, "-o", tmp_path / "out.png", "--model", model_file]
    result = gpen(*shared, *words, "--json", "-")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {sentence}\n")
    (entry,) = json.loads(result.stdout)
    assert entry["error"]["code"] == code
    assert entry["error"]["sentence"] == sentence
    assert not (tmp_path / "out.png").exists()


def test_the_error_of_the_only_picture_is_json_too(gpen, save, blank, model_file, tmp_path) -> None:
    source = save(tmp_path / "in.png", blank)
    words = ["-o", tmp_path / "out.png", "--model", model_file, "--json", "-"]
    result = gpen("restore", source, *words)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: No face was found in the picture.\nLower the")
    (entry,) = json.loads(result.stdout)
    assert (entry["source"], entry["error"]["code"]) == (str(source), "no_face")


def test_without_a_picture_it_says_how(gpen, tmp_path) -> None:
    result = gpen("restore", "-o", tmp_path / "out.png")
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: No picture was named.\ngpen restore IN -o OUT\n",
    )


def test_a_turned_photo_comes_out_upright(gpen, face, model_file, tmp_path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 8
    lying = np.rot90(face[:, :180], -1)
    Image.fromarray(lying).save(tmp_path / "in.jpg", quality=95, exif=exif)
    out = tmp_path / "out.png"
    result = gpen("restore", tmp_path / "in.jpg", "-o", out, "--model", model_file)
    assert result.exit_code == 0
    assert read_picture(out).pixels.shape == (200, 180, 3)


def test_a_name_with_brackets_and_quotes(gpen, save, face, model_file, tmp_path) -> None:
    """What a terminal library could take for markup."""
    source, out = save(tmp_path / "[red]it's.png", face), tmp_path / "[bold]out[red].png"
    result = gpen("restore", source, "-o", out, "--model", model_file)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{out}: 1 face")
    result = gpen("restore", source, "-o", out, "--model", model_file)
    assert f"The file {out} already exists." in result.stderr
