"""The installer, with commands that only pretend; the real ones run when you run it."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import install as installer
from install import Failed, Screen, Step

NAMES = ["venv", "torch", "engine", "sample"]


class Computer:
    """Stands in for the commands: remembers them, makes what they make, fails when told to."""

    def __init__(self, env: Path) -> None:
        self.env = env
        self.ran: list[str] = []
        self.answers: dict[str, tuple[int, str] | BaseException] = {}
        self.said: list[str] = []

    def run(self, command: Sequence[str]) -> tuple[int, str]:
        name = command[-1]
        answer = self.answers.get(name, (0, ""))
        if name == "import pip":
            assert not isinstance(answer, BaseException)
            return answer
        self.ran.append(name)
        if isinstance(answer, BaseException):
            raise answer
        if name == "venv":
            touch(installer.python_of(self.env))
        if name == "sample":
            touch(self.env / "sample" / "before.jpg")
        return answer

    def install(self, **keys: str) -> list[str]:
        """Runs the installer's steps and returns those that really ran."""
        made = {"venv": installer.python_of(self.env), "sample": self.env / "sample"}
        steps = [Step(n, f"do {n}", keys.get(n, "1"), [n], made.get(n, self.env)) for n in NAMES]
        self.ran = []
        installer.install(steps, self.env, self.run, self.said.append)
        return self.ran


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    return Computer(tmp_path / "new" / "env")


# Steps


def test_finished_steps_are_not_repeated(computer: Computer) -> None:
    assert computer.install() == NAMES
    assert computer.install() == []
    assert computer.said[-4:] == [f"[{n}/4] do {s}: already done" for n, s in enumerate(NAMES, 1)]


def test_a_failed_step_is_where_the_next_run_starts(computer: Computer) -> None:
    computer.answers["engine"] = (1, "ERROR: [Errno 28] No space left on device\n")
    with pytest.raises(Failed, match="Could not do engine: the disk is full") as failure:
        computer.install()
    assert str(computer.env / "install.log") in str(failure.value)
    assert computer.ran == ["venv", "torch", "engine"]
    computer.answers.clear()
    assert computer.install() == ["engine", "sample"]


@pytest.mark.parametrize("name", NAMES)
def test_ctrl_c_in_any_step_and_a_second_run_recover(computer: Computer, name: str) -> None:
    computer.answers[name] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        computer.install()
    computer.answers.clear()
    assert computer.install() == NAMES[NAMES.index(name) :]
    assert computer.install() == []


def test_a_half_made_environment_is_made_from_nothing(computer: Computer) -> None:
    computer.answers["venv"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        computer.install()
    half = touch(computer.env / "lib" / "half")
    computer.answers.clear()
    assert computer.install() == NAMES
    assert not half.exists()


def test_a_changed_step_is_redone_with_those_after_it(computer: Computer) -> None:
    computer.install()
    assert computer.install(engine="2", sample="2") == ["engine", "sample"]
    assert computer.install(engine="2", sample="2", torch="3") == ["torch", "engine", "sample"]


def test_a_result_that_was_deleted_is_made_again(computer: Computer) -> None:
    computer.install()
    (computer.env / "sample" / "before.jpg").unlink()
    (computer.env / "sample").rmdir()
    assert computer.install() == ["sample"]


def test_an_environment_whose_python_is_gone_is_made_again(computer: Computer) -> None:
    computer.install()
    computer.answers["import pip"] = (1, "No module named pip")
    assert computer.install() == NAMES
    installer.python_of(computer.env).unlink()
    assert computer.install() == NAMES


@pytest.mark.parametrize("text", ["", "{", "7", '["a"]'])
def test_an_unreadable_state_file_means_starting_again(computer: Computer, text: str) -> None:
    computer.install()
    (computer.env / installer.STATE).write_text(text)
    assert computer.install() == NAMES


def test_a_folder_of_the_users_is_refused_and_left_alone(computer: Computer) -> None:
    letter = touch(computer.env / "letter.txt")
    with pytest.raises(Failed, match="did not make"):
        computer.install()
    assert computer.ran == []
    assert list(computer.env.iterdir()) == [letter]


def test_packages_that_a_killed_pip_left_are_forgotten(computer: Computer) -> None:
    computer.install()
    packages = computer.env / "lib" / "python3.11" / "site-packages"
    whole = touch(packages / "numpy-2.dist-info" / "INSTALLER").parent
    half = touch(packages / "torch-2.dist-info" / "METADATA").parent
    computer.install(torch="2")
    assert whole.exists()
    assert not half.exists()


def test_fingerprint_follows_names_and_contents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installer, "HERE", tmp_path)
    source = tmp_path / "package"
    file = touch(source / "a.py")
    sums = [installer.fingerprint(source)]
    touch(source / "__pycache__" / "a.pyc")
    assert installer.fingerprint(source) == sums[0]
    file.write_text("x = 1\n")
    sums.append(installer.fingerprint(source))
    file.rename(source / "b.py")
    sums.append(installer.fingerprint(source))
    assert len(set(sums)) == 3
    assert installer.fingerprint(source / "b.py") == sums[-1]


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
    assert [s.name for s in product] == ["environment", "torch", "engine", "sample"]
    assert [s.name for s in test] == ["environment", "torch", "engine"]
    assert product[:2] == test[:2]
    assert product[1].command[-1] == installer.TORCH
    assert product[2].command[-3:] == [
        installer.TORCH,
        installer.TORCHVISION,
        str(installer.HERE),
    ]
    assert test[2].command[-2:] == ["--editable", f"{installer.HERE}[test]"]


# Advice


@pytest.mark.parametrize(
    ("output", "hint"),
    [
        (
            "The virtual environment was not created successfully because ensurepip is not\n"
            "available.  On Debian/Ubuntu systems, you need to install the python3-venv package\n",
            "apt install python3-venv",
        ),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left", "full"),
        (
            "WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by "
            "'NewConnectionError(': Failed to establish a new connection: [Errno -2] Name or "
            "service not known')': /simple/torch/\nERROR: No matching distribution found for torch",
            "cannot be reached",
        ),
        ("OSError: [Errno 30] Read-only file system: '/x'", "may not be written"),
        ("ERROR: No matching distribution found for torch==2.13.0", "3.11, 3.12 or 3.13"),
        ("Traceback ...\nValueError: Something else.\n\n", "ValueError: Something else"),
        ("timed out once\n" + "line\n" * 40 + "the end", "the end"),
        ("", "it said nothing"),
    ],
)
def test_advice_says_what_to_do(output: str, hint: str) -> None:
    assert hint in installer.advice(output)


# Commands, log and screen


def test_a_command_is_logged_and_its_status_returned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "import sys; print('Collecting x'); print('é', file=sys.stderr); sys.exit(3)"
    log = tmp_path / "log"
    status, output = installer.run_logged([sys.executable, "-uc", code], log, Screen(False))
    assert (status, output) == (3, "Collecting x\né\n")
    assert log.read_text(encoding="utf-8").endswith("\nCollecting x\né\n")
    assert capsys.readouterr().out == ""
    installer.run_logged([sys.executable, "-c", "print('all')"], log, Screen(verbose=True))
    assert capsys.readouterr().out == "      all\n"


@pytest.mark.skipif(os.name == "nt", reason="asks for a process by number as POSIX does")
def test_a_stopped_installer_stops_its_command(tmp_path: Path) -> None:
    pids: list[int] = []

    class Interrupted(Screen):
        def output(self, line: str) -> None:
            pids.append(int(line))
            raise KeyboardInterrupt

    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    with pytest.raises(KeyboardInterrupt):
        installer.run_logged([sys.executable, "-c", code], tmp_path / "log", Interrupted(False))
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


# The command line


@pytest.fixture
def pretended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """main() in a new environment; commands are pretended, and raise or fail as told."""

    def main(*arguments: str, fails: Exception | BaseException | None = None) -> int:
        env = tmp_path / "env"

        def run(command: Sequence[str], log: Path, screen: Screen) -> tuple[int, str]:
            if fails is not None:
                raise fails
            touch(installer.python_of(env))
            touch(env / "sample" / "before.jpg")
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
    assert f"{installer.python_of(tmp_path / 'env').parent / 'gpen'}" in said
    assert "GIMP plug-in, which is not part of this version yet" in said
    assert "Not downloaded: the published GPEN weights" in said


def test_dry_run_prints_every_step_and_does_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    env = tmp_path / "env"
    assert installer.main(["--dry-run", "--venv", str(env)]) == 0
    said = capsys.readouterr().out
    assert [line[:5] for line in said.splitlines()[::2]] == ["[1/4]", "[2/4]", "[3/4]", "[4/4]"]
    assert f"{installer.TORCH} {installer.TORCHVISION}" in said
    assert not env.exists()
    state = {step.name: step.key for step in installer.product_steps(env)[:2]}
    touch(installer.python_of(env))
    (env / installer.STATE).write_text(json.dumps(state))
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
    assert commands[0][1:3] == ["-m", "pytest"]
    assert commands[0][-3:] == ["-k", "masks", "-x"]


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
