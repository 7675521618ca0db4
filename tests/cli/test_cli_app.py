"""The command as a whole: what it imports, how it ends, what it says when something breaks."""

from __future__ import annotations

import errno
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from gpen_engine import GpenError
from gpen_engine.cli import console
from gpen_engine.cli.console import explained
from gpen_engine.cli.reporting import reported
from gpen_engine.version import version

ROOT = Path(__file__).parents[2]
COMMANDS = ["restore", "batch", "models", "train", "sample", "serve", "doctor", "bench"]


def test_help_names_the_commands(gpen) -> None:
    for words in (["--help"], ["-h"]):
        result = gpen(*words)
        assert result.exit_code == 0
        for name in COMMANDS:
            assert name in result.stdout
    assert "restore" in gpen().output
    for name in COMMANDS:
        assert gpen(name, "--help").exit_code == 0


def test_help_is_light() -> None:
    script = (
        "import sys; sys.argv = ['gpen', 'restore', '--help']\n"
        "from gpen_engine.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert end.code == 0, end.code\n"
        "heavy = {'torch', 'numpy', 'cv2', 'PIL', 'imagecodecs'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "import os; assert 'OMP_WAIT_POLICY' in os.environ  # before PyTorch reads it\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "--strength" in done.stdout


def test_the_version_is_that_of_the_project(gpen) -> None:
    assert gpen("--version").stdout == f"gpen {version()}\n"


def test_a_wrong_spelling_is_a_usage_error(gpen, tmp_path) -> None:
    result = gpen("restore", "x.png", "-o", tmp_path / "y.png", "--strenght", 1)
    assert result.exit_code == 2
    assert "--strenght" in result.stderr
    assert gpen("unknown").exit_code == 2


def test_as_a_process(process, save, face, model_file, tmp_path) -> None:
    """The spelling of other tools, a good and a bad picture, and nothing but JSON on stdout."""
    source, out = save(tmp_path / "in.png", face), tmp_path / "out.png"
    running = process(
        *("--input", source, "--output", out, "--model_path", model_file, "--size", 64),
        *("--face_align", "--json", "-"),
    )
    stdout, stderr = running.communicate(timeout=120)
    assert (running.returncode, stderr) == (0, "")
    assert json.loads(stdout)[0]["target"] == str(out)
    assert out.exists()
    running = process("restore", tmp_path / "none.png", "-o", out, "--model", model_file, "--force")
    stdout, stderr = running.communicate(timeout=120)
    assert (running.returncode, stdout) == (1, "")
    assert (
        stderr
        == f"Error: There is no file {tmp_path / 'none.png'}.\n" + stderr.split("\n")[1] + "\n"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="file names are free bytes on Linux only")
def test_a_name_that_is_no_text_can_be_printed(process, save, face, model_file, tmp_path) -> None:
    source = save(tmp_path / "in.png", face)
    out = tmp_path / "caf\udce9.png"
    running = process("restore", source, "-o", out, "--model", model_file)
    stdout, stderr = running.communicate(timeout=120)
    assert (running.returncode, stderr) == (0, "")
    assert "caf\\udce9.png: 1 face" in stdout
    assert out.exists()


def test_what_nobody_foresaw_goes_to_the_log(
    gpen, log, save, face, model_file, tmp_path, monkeypatch
):
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by nought\nand more")

    monkeypatch.setattr("gpen_engine.restore.files.read_picture", broken)
    source = save(tmp_path / "in.png", face)
    run = ["restore", source, "-o", tmp_path / "out.png", "--model", model_file, "--json", "-"]
    result = gpen(*run)
    assert result.exit_code == 2
    sentence = "Something unexpected went wrong: by nought."
    assert result.stderr == f"Error: {sentence}\nThe details are in {log}.\n"
    assert json.loads(result.stdout)[0]["error"]["code"] == "unexpected"
    assert log.read_text().count("ZeroDivisionError: by nought") == 1
    assert "in broken\n" in log.read_text()
    assert gpen(*run).exit_code == 2
    assert log.read_text().count("ZeroDivisionError: by nought") == 2


def test_what_nobody_foresaw_before_the_first_picture(gpen, log, tmp_path, monkeypatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("model")

    monkeypatch.setattr("gpen_engine.cli.choices.Choices.restorer", broken)
    result = gpen("restore", "x.png", "-o", tmp_path / "out.png", "--json", "-")
    assert result.exit_code == 2
    assert json.loads(result.stdout) == [
        {
            "error": {
                "code": "unexpected",
                "sentence": "Something unexpected went wrong: 'model'.",
                "hint": f"The details are in {log}.",
            }
        }
    ]


def test_a_log_that_cannot_be_written_is_no_further_error(gpen, log, tmp_path, monkeypatch) -> None:
    log.parent.parent.joinpath("file").write_text("")
    nowhere = log.parent.parent / "file" / "errors.log"
    monkeypatch.setattr(console, "log_file", lambda: nowhere)
    error = explained(ZeroDivisionError())
    assert error.sentence == "Something unexpected went wrong: ZeroDivisionError."
    assert error.hint.startswith(f"The details could not be written to {nowhere}: ")


def test_the_log_has_a_place_of_its_own() -> None:
    assert console.log_file().name == "errors.log"
    assert "gpen" in console.log_file().parts


def test_the_systems_refusals_are_sentences(log) -> None:
    refused = PermissionError(errno.EACCES, "Permission denied", "/root/x")
    error = explained(refused)
    assert (error.code, error.sentence) == (
        "system",
        "/root/x cannot be used: Permission denied.",
    )
    assert explained(GpenError("a", "b")).code == "a"
    assert explained(OSError("libcudart.so is missing")).code == "unexpected"
    assert "libcudart.so is missing" in log.read_text()


def test_a_folder_that_cannot_be_made_is_the_systems_refusal(gpen, save, face, tmp_path) -> None:
    both = [save(tmp_path / f"{name}.png", face) for name in "ab"]
    result = gpen("restore", *both, "-o", both[0])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {both[0]} cannot be used: ")


def test_a_report_that_cannot_be_written_is_refused_at_once(gpen, tmp_path) -> None:
    words = ["-o", tmp_path / "y.png", "--json", tmp_path / "missing" / "report.json"]
    result = gpen("restore", tmp_path / "x.png", *words)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: There is no folder {tmp_path / 'missing'} ")


def test_a_report_is_written_however_the_work_ends(tmp_path: Path) -> None:
    target = tmp_path / "report.json"

    def work(end: BaseException) -> None:
        with reported(str(target)) as entries:
            entries.append({"a": 1})
            raise end

    with pytest.raises(KeyboardInterrupt):
        work(KeyboardInterrupt())
    assert json.loads(target.read_text()) == [{"a": 1}]
    with pytest.raises(GpenError):
        work(GpenError("code", "Sentence.", "Hint."))
    error = {"code": "code", "sentence": "Sentence.", "hint": "Hint."}
    assert json.loads(target.read_text()) == [{"a": 1}, {"error": error}]


def test_bars_appear_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream, quiet, seen in ((Terminal, False, True), (Terminal, True, False)):
        shown = stream()
        monkeypatch.setattr(sys, "stderr", shown)
        monkeypatch.setenv("TERM", "xterm")
        with console.progress_bar(quiet=quiet) as bars:
            bars.add_task("[red]photo.jpg", total=3)
        assert ("[red]photo.jpg" in shown.getvalue()) == seen
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    with console.progress_bar() as bars:
        bars.add_task("photo.jpg", total=3)
    assert shown.getvalue() == ""
