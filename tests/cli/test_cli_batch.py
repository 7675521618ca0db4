"""``gpen batch``."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from gpen_engine.batch.journal import NAME, Journal, Line
from gpen_engine.pictures import read_picture


@pytest.fixture
def tree(save, face, blank, tmp_path: Path) -> Path:
    """Two pictures with a face, one without, one damaged, and what is no picture."""
    folder = tmp_path / "photos"
    save(folder / "a.png", face)
    save(folder / "deep" / "er" / "B.JPG", face)
    save(folder / "deep" / "blank.png", blank)
    (folder / "bad.png").write_bytes((folder / "a.png").read_bytes()[:300])
    (folder / "notes.txt").write_text("no picture")
    return folder


def files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def lines(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / NAME).read_text().splitlines()]


def by_path(folder: Path) -> list[dict]:
    """They are written as pictures are finished, several at once."""
    return sorted(lines(folder), key=lambda line: line["path"].lower())


def test_a_tree_is_mirrored_and_reported(gpen, tree, model_file, tmp_path) -> None:
    out = tmp_path / "new" / "out"
    result = gpen("batch", tree, "-o", out, "--model", model_file)
    assert result.exit_code == 1
    assert result.stdout == f"2 restored, 1 without a face, 1 failed. Report: {out / NAME}\n"
    first, second = result.stderr.splitlines()
    assert first == "Error: 1 of 4 pictures could not be restored:"
    assert second.startswith("  bad.png: The PNG file bad.png is damaged or cut short.")
    assert files(out) == ["a.png", "deep/er/B.JPG", NAME]
    a, bad, blank, b = by_path(out)
    assert [line["path"] for line in (a, bad, blank, b)] == [
        "a.png",
        "bad.png",
        "deep/blank.png",
        "deep/er/B.JPG",
    ]
    assert [line["status"] for line in (a, bad, blank, b)] == ["done", "error", "no_face", "done"]
    assert a["source"] == str((tree / "a.png").resolve())
    status = (tree / "a.png").stat()
    assert a["source_stamp"] == [status.st_size, status.st_mtime_ns]
    status = (out / "a.png").stat()
    assert a["output_stamp"] == [status.st_size, status.st_mtime_ns]
    assert a["report"]["target"] == str(out / "a.png")
    assert len(a["report"]["faces"]) == 1
    assert a["seconds"] > 0
    assert len(a["options"]) == 64
    assert (bad["report"], bad["error"]["code"], bad["output_stamp"]) == (None, "bad_image", None)
    assert (blank["report"], blank["error"], blank["output_stamp"]) == (None, None, None)


def test_a_second_run_does_only_what_failed(gpen, tree, save, face, model_file, tmp_path) -> None:
    out = tmp_path / "out"
    run = ["batch", tree, "-o", out, "--model", model_file]
    gpen(*run)
    before = {name: (out / name).stat().st_mtime_ns for name in files(out) if name != NAME}
    assert gpen(*run).stdout.startswith("1 failed, 3 unchanged.")
    assert lines(out)[-1]["path"] == "bad.png"
    assert len(lines(out)) == 5
    save(tree / "bad.png", face)  # mended
    result = gpen(*run)
    assert (result.exit_code, result.stdout.split(". ")[0]) == (0, "1 restored, 3 unchanged")
    assert {name: (out / name).stat().st_mtime_ns for name in before} == before
    result = gpen(*run)
    assert (result.exit_code, result.stdout.split(". ")[0]) == (0, "4 unchanged")
    assert len(lines(out)) == 6


def test_when_all_is_done_no_network_is_loaded(
    gpen, tree, model_file, tmp_path, monkeypatch
) -> None:
    (tree / "bad.png").unlink()
    run = ["batch", tree, "-o", tmp_path / "out", "--model", model_file]
    assert gpen(*run).exit_code == 0

    def none(*_: object, **__: object) -> None:
        raise AssertionError("a network was loaded")

    monkeypatch.setattr("gpen_engine.restore.Restorer", none)
    assert gpen(*run).stdout.startswith("3 unchanged.")


def test_a_changed_picture_is_done_again(gpen, tree, save, face, model_file, tmp_path) -> None:
    out = tmp_path / "out"
    run = ["batch", tree, "-o", out, "--model", model_file]
    gpen(*run)
    before = (out / "a.png").read_bytes()
    save(tree / "a.png", face[:, ::-1].copy())
    assert gpen(*run).stdout.startswith("1 restored, 1 failed, 2 unchanged.")
    assert (out / "a.png").read_bytes() != before


@pytest.mark.parametrize(
    "option", [["--strength", 0.5], ["--quality", 80], ["--template", "ffhq"], "other model"]
)
def test_changed_options_mean_doing_all_again(
    gpen, tree, model_file, tmp_path, option: object
) -> None:
    (tree / "bad.png").unlink()
    out = tmp_path / "out"
    gpen("batch", tree, "-o", out, "--model", model_file)
    model = model_file
    if option == "other model":
        model, option = tmp_path / "other.safetensors", []
        gpen("models", "convert", model_file, model, "--dtype", "bfloat16")
    result = gpen("batch", tree, "-o", out, "--model", model, *option)  # type: ignore[misc]
    assert result.stdout.startswith("2 restored, 1 without a face."), result.output


def test_a_lost_result_is_made_again(gpen, tree, model_file, tmp_path) -> None:
    out = tmp_path / "out"
    run = ["batch", tree, "-o", out, "--model", model_file]
    gpen(*run)
    (out / "a.png").unlink()
    assert gpen(*run).stdout.startswith("1 restored, 1 failed, 2 unchanged.")
    assert (out / "a.png").exists()


def test_files_that_it_did_not_write_are_safe(gpen, tree, model_file, tmp_path) -> None:
    (tree / "bad.png").unlink()
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.png").write_bytes(b"somebody's")
    run = ["batch", tree, "-o", out, "--model", model_file]
    result = gpen(*run)
    assert result.exit_code == 1
    assert (out / "a.png").read_bytes() == b"somebody's"
    assert by_path(out)[0]["error"]["code"] == "output_exists"
    # A result that was edited afterwards is somebody's too, even when the options change.
    edited = out / "deep" / "er" / "B.JPG"
    edited.write_bytes(edited.read_bytes() + b"edited")
    assert gpen(*run, "--strength", 0.5).exit_code == 1
    assert edited.read_bytes().endswith(b"edited")
    result = gpen(*run, "--force")
    assert result.exit_code == 0
    assert read_picture(out / "a.png").pixels.shape == (200, 200, 3)
    assert not edited.read_bytes().endswith(b"edited")


def test_another_folder_with_the_same_names_does_not_replace_results(
    gpen, save, face, model_file, tmp_path
) -> None:
    out = tmp_path / "out"
    for name in ("first", "second"):
        save(tmp_path / name / "x.png", face if name == "first" else face[:, ::-1].copy())
    assert gpen("batch", tmp_path / "first", "-o", out, "--model", model_file).exit_code == 0
    before = (out / "x.png").read_bytes()
    assert gpen("batch", tmp_path / "second", "-o", out, "--model", model_file).exit_code == 1
    assert (out / "x.png").read_bytes() == before


def test_others_are_copied_byte_for_byte_on_request(gpen, tree, model_file, tmp_path) -> None:
    (tree / "bad.png").unlink()
    out = tmp_path / "out"
    run = ["batch", tree, "-o", out, "--model", model_file]
    gpen(*run)
    assert not (out / "deep" / "blank.png").exists()
    result = gpen(*run, "--copy-others")
    assert result.stdout.startswith("1 without a face, 2 unchanged.")
    copy = out / "deep" / "blank.png"
    assert copy.read_bytes() == (tree / "deep" / "blank.png").read_bytes()
    assert lines(out)[-1]["status"] == "no_face"
    assert gpen(*run, "--copy-others").stdout.startswith("3 unchanged.")


def test_a_face_that_other_options_do_not_find_loses_its_result(
    gpen, save, face, model_file, tmp_path
) -> None:
    save(tmp_path / "photos" / "a.png", face)
    run = ["batch", tmp_path / "photos", "-o", tmp_path / "out", "--model", model_file]
    gpen(*run)
    assert files(tmp_path / "out") == ["a.png", NAME]
    assert gpen(*run, "--threshold", 1).stdout.startswith("1 without a face.")
    assert files(tmp_path / "out") == [NAME]


def test_a_torn_journal_goes_on(gpen, tree, model_file, tmp_path) -> None:
    """As a power cut leaves it: the last line is half there."""
    (tree / "bad.png").unlink()
    out = tmp_path / "out"
    run = ["batch", tree, "-o", out, "--model", model_file]
    gpen(*run, "--jobs", 1)  # so that the last line is B's
    journal = out / NAME
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-40])
    (out / "deep" / "er" / "B.JPG").unlink()  # a result is only there when its line is whole
    result = gpen(*run)
    assert (result.exit_code, result.stdout.split(". ")[0]) == (0, "1 restored, 2 unchanged")
    assert [line["path"] for line in by_path(out)] == ["a.png", "deep/blank.png", "deep/er/B.JPG"]


def test_a_crash_between_line_and_result_is_mended(
    gpen, save, face, model_file, tmp_path, monkeypatch
) -> None:
    """The line is written first; without its result, the next run does the picture again."""
    save(tmp_path / "photos" / "a.png", face)
    run = ["batch", tmp_path / "photos", "-o", tmp_path / "out", "--model", model_file]
    append = Journal.append

    def append_and_die(self: Journal, line: Line) -> None:
        append(self, line)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", append_and_die)
        result = gpen(*run)
    assert (result.exit_code, result.stderr) == (130, "Stopped.\n")
    assert files(tmp_path / "out") == [NAME]
    assert lines(tmp_path / "out")[0]["status"] == "done"
    result = gpen(*run)
    assert (result.exit_code, result.stdout.split(". ")[0]) == (0, "1 restored")


def test_loops_hidden_files_and_its_own_results_are_left_out(
    gpen, save, face, model_file, tmp_path
) -> None:
    folder = tmp_path / "photos"
    save(folder / "sub" / "a.png", face)
    save(folder / ".hidden.png", face)
    save(folder / ".hidden" / "b.png", face)
    (folder / "sub" / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "link.png").symlink_to(folder / "sub" / "a.png")
    run = ["batch", folder, "-o", folder / "restored", "--model", model_file]
    assert gpen(*run).stdout.startswith("2 restored.")
    assert files(folder / "restored") == [NAME, "link.png", "sub/a.png"]
    assert not (folder / "restored" / "link.png").is_symlink()
    assert gpen(*run).stdout.startswith("2 unchanged.")


@pytest.mark.parametrize("output", [".", "..", "photos/../."])
def test_results_never_go_where_the_pictures_are(
    gpen, save, face, model_file, tmp_path, output: str
) -> None:
    save(tmp_path / "photos" / "a.png", face)
    out = tmp_path / "photos" / output
    result = gpen("batch", tmp_path / "photos", "-o", out, "--model", model_file, "--force")
    assert result.exit_code == 1
    assert "the pictures themselves lie there" in result.stderr
    assert files(tmp_path / "photos") == ["a.png"]


def test_a_link_that_leads_to_itself_is_an_error_of_its_own(
    gpen, save, face, model_file, tmp_path
) -> None:
    save(tmp_path / "photos" / "b.png", face)
    (tmp_path / "photos" / "a.png").symlink_to("a.png")
    out = tmp_path / "out"
    result = gpen("batch", tmp_path / "photos", "-o", out, "--model", model_file)
    assert (result.exit_code, files(out)) == (1, ["b.png", NAME])


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (False, "There is no folder"),
        (True, "There are no pictures in"),
    ],
)
def test_no_folder_and_an_empty_one(gpen, model_file, tmp_path, make, sentence) -> None:
    if make:
        (tmp_path / "photos").mkdir()
    words = ["--model", model_file, "--json", "-"]
    result = gpen("batch", tmp_path / "photos", "-o", tmp_path / "out", *words)
    assert result.exit_code == 1
    assert json.loads(result.stdout)[0]["error"]["sentence"].startswith(sentence)
    assert not (tmp_path / "out").exists()


def test_a_wrong_model_stops_the_whole_run(gpen, tree, model_file, tmp_path) -> None:
    run = ["batch", tree, "-o", tmp_path / "out", "--json", tmp_path / "r.json", "--model"]
    for words, code in (
        (["none"], "model_missing"),
        ([model_file, "--size", 512], "bad_option"),
        ([model_file, "--detector", tmp_path / "none"], "model_missing"),
        ([tree / "notes.txt"], "bad_checkpoint"),
    ):
        assert gpen(*run, *words).exit_code == 1
        (entry,) = json.loads((tmp_path / "r.json").read_text())
        assert entry["error"]["code"] == code, words


def test_json_tells_of_this_run_only(gpen, tree, model_file, tmp_path) -> None:
    run = ["batch", tree, "-o", tmp_path / "out", "--model", model_file, "--json", "-"]
    told = json.loads(gpen(*run).stdout)
    assert [entry["status"] for entry in told] == ["done", "error", "no_face", "done"]
    assert [entry["path"] for entry in json.loads(gpen(*run).stdout)] == ["bad.png"]


def test_something_unexpected_with_one_picture_stops_nothing(
    gpen, tree, log, model_file, tmp_path, monkeypatch
) -> None:
    from gpen_engine.restore import files as restoring

    real = restoring.read_picture

    def read(path: Path) -> object:
        if path.name == "a.png":
            raise ZeroDivisionError("by nought")
        return real(path)

    monkeypatch.setattr(restoring, "read_picture", read)
    result = gpen("batch", tree, "-o", tmp_path / "out", "--model", model_file)
    assert result.exit_code == 1
    assert result.stdout.startswith("1 restored, 1 without a face, 2 failed.")
    assert f"  a.png: Something unexpected went wrong: by nought. The details are in {log}." in (
        result.stderr.splitlines()
    )
    assert "ZeroDivisionError: by nought" in log.read_text()


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent as a POSIX signal here")
@pytest.mark.slow
def test_ctrl_c_says_one_sentence_and_keeps_the_journal(
    process, gpen, save, face, model_file, tmp_path
) -> None:
    noise = np.random.default_rng(0)
    for number in range(16):
        save(
            tmp_path / "photos" / f"{number:02}.png",
            face ^ noise.integers(0, 2, face.shape, np.uint8),
        )
    out = tmp_path / "out"
    running = process("batch", tmp_path / "photos", "-o", out, "--model", model_file)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not (
        (out / NAME).exists() and len((out / NAME).read_bytes().splitlines()) >= 2
    ):
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    stdout, stderr = running.communicate(timeout=60)
    assert (running.returncode, stdout, stderr) == (130, "", "Stopped.\n")
    done = len(lines(out))
    assert 2 <= done < 16
    names = [name for name in files(out) if name != NAME]
    assert done - 1 <= len(names) <= done
    assert not [name for name in names if name.startswith(".")]
    result = gpen("batch", tmp_path / "photos", "-o", out, "--model", model_file)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{16 - len(names)} restored, {len(names)} unchanged.")


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX's")
@pytest.mark.slow
def test_killed_at_three_points_it_ends_with_the_same_bytes(
    process, gpen, save, face, model_file, tmp_path
) -> None:
    for number in range(12):
        save(tmp_path / "photos" / f"{number:02}.png", np.roll(face, number, axis=0))
    run = ["batch", tmp_path / "photos", "--model", model_file, "-o"]
    assert gpen(*run, tmp_path / "whole").exit_code == 0
    out = tmp_path / "out"

    def check_whole() -> None:
        for name in files(out):
            if not name.startswith(".") and name != NAME:
                assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()

    for count in (1, 4, 8):
        running = process(*run, out, "--jobs", 2)
        deadline = time.monotonic() + 120
        while running.poll() is None and time.monotonic() < deadline:
            if (out / NAME).exists() and (out / NAME).read_bytes().count(b"\n") >= count:
                break
            time.sleep(0.005)
        running.kill()
        running.communicate(timeout=60)
        check_whole()  # what has a name
    assert gpen(*run, out).exit_code == 0
    assert files(out) == files(tmp_path / "whole")
    check_whole()
    done = [line["path"] for line in lines(out)]
    assert len(done) <= 12 + 3  # a line whose result had no name yet, at each kill at most
