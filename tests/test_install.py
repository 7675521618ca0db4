"""``install.py`` as a user runs it, with commands that only pretend."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement

import install as installer
from gpen_engine.installation import environment, product, torch_build
from gpen_engine.installation.gimps import Gimp
from gpen_engine.installation.screen import Screen
from gpen_engine.installation.steps import STATE, alone, python_of


def test_the_torch_builds_are_those_that_the_project_allows() -> None:
    project = tomllib.loads((installer.HERE / "pyproject.toml").read_text())["project"]
    allowed = {r.name: r.specifier for r in map(Requirement, project["dependencies"])}
    for pin in map(Requirement, (torch_build.TORCH, torch_build.TORCHVISION)):
        (exact,) = pin.specifier
        assert exact.operator == "=="
        assert exact.version in allowed[pin.name]
    assert project["requires-python"] == ">={}.{}".format(*environment.OLDEST)


def test_everything_that_runs_before_python_is_chosen_can_be_read_by_3_9() -> None:
    folder = Path(product.__file__).parent
    for path in (Path(installer.__file__), folder.parent / "lock.py", *folder.glob("*.py")):
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))


@pytest.fixture
def gimps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Gimp]:
    """GIMP 3.0 and 3.2; a test may change them."""
    there = [Gimp(name, "package", tmp_path / name) for name in ("3.0", "3.2")]

    def profiles() -> list[Path]:
        return [gimp.profile for gimp in there if gimp.supported and gimp.profile]

    monkeypatch.setattr(installer, "found", lambda: there)
    monkeypatch.setattr(product, "profiles", profiles)
    return there


class Pretended:
    """``install.py`` in a home of its own; its commands are pretended, and fail as told."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.env = folder, folder / "home" / "env"
        self.ran: list[str] = []
        self.variables: list[dict[str, str]] = []
        self.raises: BaseException | None = None
        self.fails: dict[str, str] = {}
        """Words that a command may hold: what it prints before it fails."""

    def __call__(self, *arguments: str) -> int:
        self.ran.clear()
        return installer.main(arguments)

    def run(
        self,
        command: Sequence[str],
        log: Path,
        screen: Screen,
        extra: dict[str, str],
        patience: float,
        handles: Sequence[int],
    ) -> tuple[int, str]:
        words = " ".join(command)
        if words.endswith("import pip"):
            return 0, ""
        self.ran.append(words)
        self.variables.append(extra)
        if self.raises is not None:
            raise self.raises
        for part, output in self.fails.items():
            if part in words:
                return 1, output
        touch(python_of(self.env))
        touch(self.env / "sample" / "sample-before.png")
        if "device_check" in words:
            (self.env / product.CHOICE).write_text(command[-1])
        if "placing" in words:
            touch(self.folder / "home" / "engine.json")
            for name in ("3.0", "3.2"):
                touch(self.folder / name / "plug-ins" / "gpen_restore" / "gpen_restore.py")
        return 0, ""


@pytest.fixture
def pretended(
    tmp_path: Path, gimps: list[Gimp], monkeypatch: pytest.MonkeyPatch
) -> Iterable[Pretended]:
    monkeypatch.setenv("GPEN_ENGINE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(environment.Uv, "python", lambda *_: "/own/python")
    monkeypatch.setattr(product, "detect", lambda: torch_build.Hardware("none"))
    there = Pretended(tmp_path)
    monkeypatch.setattr(installer, "run_logged", there.run)
    return there


Said = pytest.CaptureFixture[str]


# Installing


def test_in_the_end_five_lines_say_what_was_done(pretended: Pretended, capsys: Said) -> None:
    assert pretended() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Found: GIMP 3.0 (package) and 3.2 (package)"
    env = pretended.env
    gpen = python_of(env).parent / "gpen"
    assert lines[-5:] == [
        "Done: the engine computes on the processor, the plug-in is in GIMP 3.0 and 3.2.",
        "In GIMP (start it anew), open a photo: Filters > Enhance > Restore Faces (GPEN)…",
        f"A portrait before and after: {env / 'sample'}",
        f"On the command line: {gpen} restore PHOTO -o RESULT",
        f"Better than the small model that came along: {gpen} models get GPEN-BFR-512",
    ]
    assert pretended("--no-models") == 0
    assert "GPEN-BFR" not in capsys.readouterr().out


def test_finished_steps_are_not_repeated(pretended: Pretended, capsys: Said) -> None:
    assert pretended() == 0
    assert [words.split()[0] for words in pretended.ran[:1]] == ["/own/python"]
    assert pretended() == 0
    assert pretended.ran == []
    assert capsys.readouterr().out.count(": already done") == 6


def test_a_plug_in_that_was_deleted_and_a_new_profile_are_seen(
    pretended: Pretended, gimps: list[Gimp]
) -> None:
    assert pretended() == 0
    touch(pretended.folder / "3.2/plug-ins/gpen_restore/gpen_restore.py").unlink()
    (pretended.folder / "3.2/plug-ins/gpen_restore").rmdir()
    assert pretended() == 0
    assert ["placing" in words for words in pretended.ran] == [True, False]  # and the sample
    gimps.pop(0)
    assert pretended() == 0
    assert "placing" in pretended.ran[0]


def test_without_gimp_it_says_what_to_do(
    pretended: Pretended, gimps: list[Gimp], capsys: Said
) -> None:
    gimps[:] = [Gimp("", "snap", None, supported=False, note="Snap cannot do it.")]
    assert pretended() == 0
    said = capsys.readouterr().out
    assert "(snap): Snap cannot do it." in said
    assert "No GIMP 3 was found: install it, and run this again for the plug-in." in said


def test_graphics_that_do_not_compute_give_way_to_the_processor(
    pretended: Pretended, capsys: Said
) -> None:
    pretended.fails["device_check cuda"] = 'The device "cuda" computes wrongly (off by 0.31).'
    assert pretended("--device", "cuda") == 0
    said = capsys.readouterr().out
    assert 'used instead of the graphics: The device "cuda" computes wrongly (off by 0.31)' in said
    assert "Done: the engine computes on the processor" in said
    pretended.ran.clear()
    assert pretended("--device", "cuda") == 0
    assert pretended.ran == []


def test_graphics_that_fail_at_a_photo_do_too(
    pretended: Pretended, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = pretended.run

    def fails_once(command: Sequence[str], *rest: object) -> tuple[int, str]:
        status, output = run(command, *rest)  # type: ignore[arg-type]
        chosen = pretended.env / product.CHOICE
        if "sample" in command and chosen.read_text() == "cuda":
            return 1, "out of memory"
        return status, output

    monkeypatch.setattr(installer, "run_logged", fails_once)
    assert pretended("--device", "cuda") == 0
    assert "Done: the engine computes on the processor" in capsys.readouterr().out


def test_further_folders_are_handed_on(pretended: Pretended, tmp_path: Path) -> None:
    assert pretended("--plug-in-dir", "a b", "--plug-in-dir", str(tmp_path), "--autostart") == 0
    (placing,) = (words for words in pretended.ran if "placing" in words)
    assert f"--plug-in-dir {Path('a b').absolute()} --plug-in-dir {tmp_path}" in placing
    assert pretended.ran[-1].endswith("installation.autostart on")


def test_weights_are_asked_for_by_name_each_time(
    pretended: Pretended, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[list[str]] = []
    monkeypatch.setattr(product.subprocess, "call", lambda words, env: shown.append(words) or 0)
    for _ in range(2):
        assert pretended("--models", "A", "B", "--accept-terms") == 0
    assert [words[-6:] for words in shown] == [
        ["gpen_engine", "models", "get", "--accept", "A", "B"]
    ] * 2


def test_weights_that_cannot_be_had_do_not_hold_up_the_rest(
    pretended: Pretended, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    monkeypatch.setattr(product.subprocess, "call", lambda words, env: 1)
    assert pretended("--models", "A", "--accept-terms") == 1
    assert "Could not get the weights: for the reason above." in capsys.readouterr().out
    assert "gpen_engine sample" in pretended.ran[-1]


def test_offline_takes_all_from_the_folder(
    pretended: Pretended, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    folder = tmp_path / "wheels"
    folder.mkdir()
    assert pretended("--offline", str(folder)) == 1
    assert "install.py --fill-offline" in capsys.readouterr().out
    touch(folder / "torch-2.13.0+cpu-cp311.whl")
    weights = touch(folder / "GPEN-BFR-512.pth")
    shown: list[list[str]] = []
    monkeypatch.setattr(product.subprocess, "call", lambda words, env: shown.append(words) or 0)
    assert pretended("--offline", str(folder)) == 0
    assert pretended.variables[-1]["PIP_FIND_LINKS"] == str(folder)
    assert pretended.variables[-1]["PIP_NO_INDEX"] == "1"
    assert not pretended.ran[0].startswith("/own/python")
    assert shown[0][-4:] == ["models", "import", "--force", str(weights)]
    assert "to download" not in capsys.readouterr().out


def test_a_full_disk_is_said_before_the_download(
    pretended: Pretended, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    monkeypatch.setattr(product.shutil, "disk_usage", lambda _: SimpleNamespace(free=7_000_000))
    assert pretended() == 1
    assert "about 2000 MB and 7 MB are free; make room, or choose" in capsys.readouterr().out
    assert pretended.ran == []


def test_a_second_installer_is_kept_out(pretended: Pretended, capsys: Said) -> None:
    with alone(pretended.env):
        assert pretended() == 1
    assert f"Another installer (process {os.getpid()}) is at work" in capsys.readouterr().out
    assert not pretended.env.exists()


# What stops it


@pytest.mark.parametrize(
    ("raises", "status", "sentence"),
    [
        (KeyboardInterrupt(), 130, "Stopped. Run the same command again"),
        (PermissionError(13, "Permission denied", "/x"), 1, "Cannot use /x: a folder may not be"),
        (OSError(28, "No space left on device", "/x"), 1, "Cannot use /x: the disk is full"),
    ],
)
def test_what_stops_it_is_said_in_a_line(
    pretended: Pretended, capsys: Said, raises: BaseException, status: int, sentence: str
) -> None:
    pretended.raises = raises
    assert pretended() == status
    assert capsys.readouterr().out.splitlines()[-1].startswith(sentence)
    pretended.raises = None
    assert pretended() == 0


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, capsys: Said) -> None:
    file = touch(tmp_path / "file")
    assert installer.main(["--venv", str(file / "env")]) == 1
    assert f"Cannot use {file}" in capsys.readouterr().out


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32", "freebsd14"])
def test_an_older_python_says_what_is_needed(
    pretended: Pretended, platform: str, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 18, "final", 0))
    monkeypatch.setattr(sys, "platform", platform)
    assert pretended("--no-uv") == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("The GPEN engine needs Python 3.11 or newer and this is 3.9.18; to get")


def test_an_older_python_installs_with_a_newer_one(
    pretended: Pretended, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 18, "final", 0))
    assert pretended() == 0
    assert pretended.ran[0].startswith("/own/python -m venv")


def test_pytorch_is_not_made_for_old_macs(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    monkeypatch.setattr(torch_build, "is_missing_here", lambda: True)
    assert installer.main([]) == 1
    assert "Macs with Intel processors" in capsys.readouterr().out


# Instead of installing


def test_dry_run_prints_every_step_and_does_nothing(pretended: Pretended, capsys: Said) -> None:
    assert pretended("--dry-run", "--device", "cuda") == 0
    said = capsys.readouterr().out
    for number in range(1, 7):
        assert f"\n[{number}/6] " in said
    assert f"{torch_build.TORCH}+cu130 {torch_build.TORCHVISION}+cu130" in said
    assert pretended.ran == []
    assert not pretended.env.parent.exists()
    pretended()
    state = json.loads((pretended.env / STATE).read_text())
    (pretended.env / STATE).write_text(json.dumps({**state, "engine": "older"}))
    capsys.readouterr()
    assert pretended("--dry-run") == 0
    assert capsys.readouterr().out.count("already done") == 2


def test_uninstall_removes_it_all_and_says_so(
    pretended: Pretended, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    monkeypatch.setattr(installer.uninstalling.placing, "remove_everywhere", list)
    pretended()
    mine = touch(pretended.folder / "home" / "models" / "mine.pth")
    capsys.readouterr()
    assert pretended("--uninstall", "--dry-run") == 0
    assert f"Remove {pretended.env}" in capsys.readouterr().out
    assert pretended.env.exists()
    assert pretended("--uninstall") == 0
    assert f"Removed: {pretended.env}" in capsys.readouterr().out
    assert [path for path in (pretended.folder / "home").rglob("*") if path.is_file()] == [mine]
    assert pretended("--uninstall", "--purge") == 0
    assert not (pretended.folder / "home").exists()
    assert pretended("--uninstall") == 0
    assert "Nothing was installed." in capsys.readouterr().out


def test_filling_a_folder_downloads_for_this_computer(
    pretended: Pretended, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], *_: object, **__: object) -> tuple[int, str]:
        commands.append(command)
        return 0, ""

    monkeypatch.setattr(installer, "run_logged", run)
    assert pretended("--fill-offline", str(tmp_path / "new"), "--device", "cpu") == 0
    torch, rest = commands
    assert torch[:5] == [sys.executable, "-m", "pip", "download", environment.QUIETLY[0]]
    assert rest[-3:] == [torch_build.TORCHVISION, "hatchling", str(installer.HERE)]
    assert "install.py --offline FOLDER" in capsys.readouterr().out


@pytest.mark.parametrize(("most", "apart", "both"), [(0, 5, 0), (1, 0, 1), (5, 1, 1), (5, 5, 5)])
def test_the_tests_get_all_other_arguments_and_decide_the_status(
    pretended: Pretended, monkeypatch: pytest.MonkeyPatch, most: int, apart: int, both: int
) -> None:
    commands: list[list[str]] = []

    def call(command: list[str], **_: object) -> int:
        commands.append(command)
        return apart if "--apart" in command else most

    monkeypatch.setattr(subprocess, "call", call)
    assert pretended("--test", "--venv", str(pretended.env), "-k", "masks", "-x") == both
    assert pretended.ran[-1].endswith(f"--editable {installer.HERE}[test]")
    assert not pretended.ran[0].startswith("/own/python")
    prepare, *tests = commands
    assert prepare[1:] == [str(installer.HERE / "tests" / "gimp" / "roots.py"), "all"]
    assert ["--apart" in test for test in tests] == [False, True]
    for test in tests:
        assert (test[1:3], test[-3:]) == (["-m", "pytest"], ["-k", "masks", "-x"])


@pytest.mark.skipif(os.name == "nt", reason="closes a pipe as POSIX does")
def test_nobody_has_to_read_what_it_says(tmp_path: Path) -> None:
    env = {**os.environ, "GPEN_ENGINE_HOME": str(tmp_path / "home")}
    command, more = [sys.executable, "install.py", "--dry-run"], {"cwd": installer.HERE, "env": env}
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, **more)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path
