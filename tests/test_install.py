"""The two commands of ``install.py``, with commands that only pretend."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import install as installer
from gpen_engine.installation.screen import Screen
from gpen_engine.installation.steps import STATE, python_of

# What the real steps ask for


def test_the_torch_builds_are_those_that_the_project_allows() -> None:
    project = tomllib.loads((installer.HERE / "pyproject.toml").read_text())["project"]
    allowed = {r.name: r.specifier for r in map(Requirement, project["dependencies"])}
    for pin in map(Requirement, (installer.TORCH, installer.TORCHVISION)):
        (exact,) = pin.specifier
        assert exact.operator == "=="
        assert exact.version in allowed[pin.name]
    assert project["requires-python"] == ">={}.{}".format(*installer.OLDEST)


def test_the_product_is_a_copy_and_the_tests_are_not(tmp_path: Path) -> None:
    product, test = installer.product_steps(tmp_path), installer.test_steps(tmp_path)
    assert [s.name for s in product] == ["environment", "torch", "engine", "plug-in", "sample"]
    assert [s.name for s in test] == ["environment", "torch", "engine"]
    assert product[:2] == test[:2]
    assert product[1].command[-1] == installer.TORCH
    assert product[2].command[-3:] == [
        installer.TORCH,
        installer.TORCHVISION,
        str(installer.HERE),
    ]
    assert test[2].command[-2:] == ["--editable", f"{installer.HERE}[test]"]


# The command line


@pytest.fixture
def pretended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """main() in a new environment and home; commands are pretended, and raise or fail as told."""
    monkeypatch.setenv("GPEN_ENGINE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(installer, "profiles", lambda: [tmp_path / "3.0", tmp_path / "3.2"])

    def main(*arguments: str, fails: Exception | BaseException | None = None) -> int:
        env = tmp_path / "env"

        def run(command: Sequence[str], log: Path, screen: Screen) -> tuple[int, str]:
            if fails is not None:
                raise fails
            touch(python_of(env))
            touch(env / "sample" / "before.jpg")
            touch(tmp_path / "home" / "engine.json")
            return 0, ""

        monkeypatch.setattr(installer, "run_logged", run)
        return installer.main(["--venv", str(env), *arguments])

    return main


def test_it_says_where_the_pictures_are_and_what_was_left_out(
    pretended: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pretended() == 0
    said = capsys.readouterr().out
    assert f"      {tmp_path / 'env' / 'sample' / 'before.jpg'}\n" in said
    assert f"{python_of(tmp_path / 'env').parent / 'gpen'}" in said
    assert "In GIMP 3.0 and 3.2 (start it anew): Filters > Enhance > Restore Faces (GPEN)…" in said
    assert "Not downloaded: the published GPEN weights" in said


def test_without_gimp_it_says_what_to_do(
    pretended: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(installer, "profiles", list)
    assert pretended() == 0
    assert "Not set up: the GIMP plug-in, because no GIMP 3 was found." in capsys.readouterr().out


def test_a_profile_that_appears_later_gets_the_plug_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def key() -> str:
        return next(s.key for s in installer.product_steps(tmp_path) if s.name == "plug-in")

    monkeypatch.setattr(installer, "profiles", list)
    before = key()
    assert key() == before
    monkeypatch.setattr(installer, "profiles", lambda: [tmp_path / "3.2"])
    assert key() != before


def test_dry_run_prints_every_step_and_does_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    env = tmp_path / "env"
    assert installer.main(["--dry-run", "--venv", str(env)]) == 0
    said = capsys.readouterr().out
    assert [line[:5] for line in said.splitlines()[::2]] == [f"[{n}/5]" for n in range(1, 6)]
    assert f"{installer.TORCH} {installer.TORCHVISION}" in said
    assert not env.exists()
    state = {step.name: step.key for step in installer.product_steps(env)[:2]}
    touch(python_of(env))
    (env / STATE).write_text(json.dumps(state))
    installer.main(["--dry-run", "--venv", str(env)])
    assert capsys.readouterr().out.count("already done") == 2


def test_the_tests_get_all_other_arguments_and_decide_the_status(
    pretended: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def call(command: list[str], **_: object) -> int:
        commands.append(command)
        return 5

    monkeypatch.setattr(subprocess, "call", call)
    assert pretended("--test", "-k", "masks", "-x") == 5
    prepare, test = commands
    assert prepare[1:] == [str(installer.HERE / "tests" / "gimp" / "roots.py"), "all"]
    assert test[1:3] == ["-m", "pytest"]
    assert test[-3:] == ["-k", "masks", "-x"]


def test_an_unknown_option_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        installer.main(["--tset", "--venv", str(tmp_path / "env")])
    assert "unknown: --tset" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fails", "status", "sentence"),
    [
        (KeyboardInterrupt(), 130, "Stopped. Run the same command again"),
        (PermissionError(13, "Permission denied", "/x"), 1, "Cannot use /x: a folder may not be"),
        (OSError(28, "No space left on device", "/x"), 1, "Cannot use /x: the disk is full"),
    ],
)
def test_what_stops_it_is_said_in_a_line(
    pretended: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    fails: BaseException,
    status: int,
    sentence: str,
) -> None:
    assert pretended(fails=fails) == status
    assert capsys.readouterr().out.splitlines()[-1].startswith(sentence)


def test_a_folder_that_cannot_be_made_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = touch(tmp_path / "file")
    assert installer.main(["--venv", str(file / "env")]) == 1
    assert f"Cannot use {file / 'env'}: " in capsys.readouterr().out


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32", "freebsd14"])
def test_an_older_python_says_what_is_needed(
    platform: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ast.parse(Path(installer.__file__).read_text(encoding="utf-8"), feature_version=(3, 9))
    monkeypatch.setattr(sys, "version_info", (3, 9, 18, "final", 0))
    monkeypatch.setattr(sys, "platform", platform)
    assert installer.main([]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("The GPEN engine needs Python 3.11 or newer and this is 3.9.18; to get")


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path
