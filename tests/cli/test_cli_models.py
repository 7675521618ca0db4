"""``gpen models``."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file

from gpen_engine import load_model
from gpen_engine.checkpoints.catalogue import ENTRIES, Entry


def test_list_names_each_model_its_size_and_place(gpen, tmp_path, monkeypatch) -> None:
    lines = gpen("models", "list").stdout.splitlines()
    assert len(lines) == len(ENTRIES)
    assert lines[0].startswith("GPEN-Mini-256  ")
    assert lines[0].endswith(str(ENTRIES[0].path))
    entries = (Entry("There", "detector.safetensors"), Entry("Gone", "gone.safetensors"))
    monkeypatch.setattr("gpen_engine.checkpoints.catalogue.ENTRIES", entries)
    there, gone = gpen("models", "list").stdout.splitlines()
    assert there == f"There  0.9 MB  {entries[0].path}"
    assert gone == f"Gone  not installed  {entries[1].path}"


def test_convert_says_what_it_found_and_wrote(gpen, model_file, tmp_path) -> None:
    out = tmp_path / "half.safetensors"
    result = gpen("models", "convert", model_file, out, "--dtype", "float16")
    assert result.exit_code == 0
    parameters = load_model(model_file, device="cpu").parameters / 1e6
    assert result.stdout.splitlines() == [
        "Found: tiny, a GPEN",
        f"  64 pixels in, 64 out, {parameters:.1f} million parameters",
        f"  {model_file}: flat, {model_file.stat().st_size / 1e6:.1f} MB",
        f"Written: {out}: {out.stat().st_size / 1e6:.1f} MB",
    ]
    assert out.stat().st_size < 0.51 * model_file.stat().st_size
    assert {t.dtype for t in load_file(out).values()} == {torch.float16}


def test_convert_to_sections_and_back_gives_the_same_numbers(gpen, model_file, tmp_path) -> None:
    sections, back = tmp_path / "s.pth", tmp_path / "b.safetensors"
    run = ["models", "convert"]
    assert gpen(*run, model_file, sections, "--layout", "sectioned", "-q").output == ""
    assert set(torch.load(sections, weights_only=True)) == {
        *("encoder", "mapper", "generator", "args"),
    }
    result = gpen(*run, sections, back, "--layout", "flat")
    assert f"  {sections}: sectioned, " in result.stdout
    before, after = load_file(model_file), load_file(back)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_convert_overwrites_by_force_only(gpen, model_file, tmp_path) -> None:
    out = tmp_path / "out.safetensors"
    out.write_bytes(b"dear")
    result = gpen("models", "convert", model_file, out)
    assert (result.exit_code, out.read_bytes()) == (1, b"dear")
    assert "--force" in result.stderr
    assert gpen("models", "convert", model_file, out, "--force").exit_code == 0
    assert gpen("models", "convert", out, out, "--force", "--dtype", "float16").exit_code == 0
    assert {t.dtype for t in load_file(out).values()} == {torch.float16}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["none.pth", "x.pth"], 'There is no model and no file "none.pth".'),
        (["MODEL", "x.onnx"], 'The weights cannot be written as ".onnx".'),
        (["MODEL", "x.pth", "--dtype", "int8"], 'There is no precision "int8".'),
        (["MODEL", "x.pth", "--layout", "round"], 'There is no layout "round".'),
    ],
)
def test_what_cannot_be_converted_is_said(
    gpen, model_file, tmp_path, monkeypatch, words, sentence
) -> None:
    monkeypatch.chdir(tmp_path)
    result = gpen("models", "convert", *(model_file if w == "MODEL" else w for w in words))
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {sentence}\n")
    assert list(tmp_path.iterdir()) == []
