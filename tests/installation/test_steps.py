"""The installer's steps, with commands that only pretend; the real ones run when you run it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from gpen_engine.installation.steps import (
    STATE,
    Failed,
    alone,
    command,
    fingerprint,
    install,
    python_of,
)

NAMES = ["venv", "torch", "engine", "sample"]


class Computer:
    """Stands in for the commands: remembers them, makes what they make, fails when told to."""

    def __init__(self, env: Path) -> None:
        self.env = env
        self.ran: list[str] = []
        self.answers: dict[str, tuple[int, str] | BaseException] = {}
        self.said: list[str] = []

    def run(self, command: Sequence[str], patience: float = 0, /) -> tuple[int, str]:
        name = command[-1]
        answer = self.answers.get(name, (0, ""))
        if name == "import pip":
            assert not isinstance(answer, BaseException)
            return answer
        self.ran.append(name)
        if isinstance(answer, BaseException):
            raise answer
        if name == "venv":
            touch(python_of(self.env))
        if name == "sample":
            touch(self.env / "sample" / "before.jpg")
        return answer

    def install(self, **keys: str) -> list[str]:
        """Runs the installer's steps and returns those that really ran."""
        made = {"venv": python_of(self.env), "sample": self.env / "sample"}
        steps = [command(n, f"do {n}", keys.get(n, "1"), [n], made.get(n, self.env)) for n in NAMES]
        self.ran = []
        install(steps, self.env, self.run, self.said.append)
        return self.ran


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    return Computer(tmp_path / "new" / "env")


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
    python_of(computer.env).unlink()
    assert computer.install() == NAMES


@pytest.mark.parametrize("text", ["", "{", "7", '["a"]'])
def test_an_unreadable_state_file_means_starting_again(computer: Computer, text: str) -> None:
    computer.install()
    (computer.env / STATE).write_text(text)
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


def test_fingerprint_follows_names_and_contents(tmp_path: Path) -> None:
    source = tmp_path / "package"
    file = touch(source / "a.py")
    sums = [fingerprint(tmp_path, source)]
    touch(source / "__pycache__" / "a.pyc")
    assert fingerprint(tmp_path, source) == sums[0]
    file.write_text("x = 1\n")
    sums.append(fingerprint(tmp_path, source))
    file.rename(source / "b.py")
    sums.append(fingerprint(tmp_path, source))
    assert len(set(sums)) == 3
    assert fingerprint(tmp_path, source / "b.py") == sums[-1]


def test_a_step_without_a_key_looks_itself_what_there_is_to_do(computer: Computer) -> None:
    computer.install(sample="")
    assert computer.install(sample="") == ["sample"]


def test_a_second_installer_is_kept_out_and_told_so(tmp_path: Path) -> None:
    env = tmp_path / "new" / "env"
    with alone(env):
        code = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from pathlib import Path
from gpen_engine.installation.steps import Failed, alone
try:
    with alone(Path({str(env)!r})): print("both are in")
except Failed as failure: print(failure)
"""
        said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert said.startswith(f"Another installer (process {os.getpid()}) is at work on {env}; wait")
    assert list(env.parent.iterdir()) == []
    with alone(env):
        pass


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path
