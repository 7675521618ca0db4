"""The environment's Python: uv's, this one, or none; with programs that only pretend."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from gpen_engine.installation import environment
from gpen_engine.installation.environment import Uv, borrowed_pip, make, wanted_version
from gpen_engine.installation.screen import Screen, run_logged
from gpen_engine.installation.steps import Failed
from gpen_engine.wire.home import EngineHome

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in for uv is a shell script")
UV = """#!/bin/sh
case "$1 $2" in
"python install") {install} ;;
"python find") echo "$UV_PYTHON_INSTALL_DIR/python$4" ;;
esac
"""


@pytest.fixture
def home(tmp_path: Path) -> EngineHome:
    return EngineHome(tmp_path / "home")


class Computer:
    """Runs uv, which may be a script, and remembers other commands without running them."""

    def __init__(self, folder: Path, home: EngineHome) -> None:
        self.log, self.home = folder / "log", home
        self.commands: list[list[str]] = []
        self.said: list[str] = []
        self.answer = 0, ""

    def run(self, command: Sequence[str], patience: float = 9, /) -> tuple[int, str]:
        if Path(command[0]).name == "uv":
            extra = Uv(self.home).variables
            return run_logged(command, self.log, Screen(False), extra, patience)
        self.commands.append(list(command))
        return self.answer

    def make(self, env: Path, own: bool = True) -> tuple[int, str]:
        return make(env, self.home, own, self.run, self.said.append)


@pytest.fixture
def computer(tmp_path: Path, home: EngineHome) -> Computer:
    return Computer(tmp_path, home)


def put_uv(folder: Path, monkeypatch: pytest.MonkeyPatch, install: str) -> None:
    program = folder / "bin" / "uv"
    program.parent.mkdir()
    program.write_text(UV.format(install=install))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")


def test_uv_fetches_a_python_below_the_home(
    tmp_path: Path, computer: Computer, home: EngineHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_uv(tmp_path, monkeypatch, 'mkdir -p "$UV_PYTHON_INSTALL_DIR"')
    assert computer.make(tmp_path / "env") == (0, "")
    python = home.folder / "python" / f"python{wanted_version()}"
    assert computer.commands == [[str(python), "-m", "venv", str(tmp_path / "env")]]
    assert computer.said == []
    assert sorted(path.name for path in home.folder.iterdir()) == ["python"]


@pytest.mark.parametrize(
    "install",
    [
        "mkdir -p $UV_PYTHON_INSTALL_DIR/half; echo error: dns >&2; exit 1",
        "exec sleep 30",  # a network that does not answer
    ],
)
def test_without_a_python_from_uv_this_one_is_used(
    tmp_path: Path,
    computer: Computer,
    home: EngineHome,
    monkeypatch: pytest.MonkeyPatch,
    install: str,
) -> None:
    monkeypatch.setattr(environment, "UV_PATIENCE", 0.5)
    put_uv(tmp_path, monkeypatch, install)
    assert computer.make(tmp_path / "env")[0] == 0
    assert computer.commands == [[sys.executable, "-m", "venv", str(tmp_path / "env")]]
    (line,) = computer.said
    assert "that of this system" in line
    assert not (home.folder / "python").exists()


def test_uv_is_not_asked_for_if_this_python_is_wanted(tmp_path: Path, computer: Computer) -> None:
    computer.make(tmp_path / "env", own=False)
    assert computer.commands == [[sys.executable, "-m", "venv", str(tmp_path / "env")]]


def test_uv_itself_comes_from_the_package_index_into_a_folder_of_ours(
    tmp_path: Path, computer: Computer, home: EngineHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment.shutil, "which", lambda _: None)
    computer.make(tmp_path / "env")
    pip, venv = computer.commands
    assert pip[-3:] == ["--target", str(home.folder / "uv" / "tool"), "uv"]
    assert venv[0] == sys.executable  # since the pretended pip brought nothing


def test_too_old_a_python_with_none_from_uv_says_what_to_do(
    tmp_path: Path, computer: Computer, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_uv(tmp_path, monkeypatch, "exit 1")
    monkeypatch.setattr(sys, "version_info", (3, 9, 18, "final", 0))
    with pytest.raises(
        Failed, match=r"needs Python 3\.11 or newer and this is 3\.9\.18; to get one"
    ):
        computer.make(tmp_path / "env")
    assert computer.commands == []


@pytest.mark.parametrize(
    ("running", "wanted"),
    [((3, 9), "3.12"), ((3, 11), "3.11"), ((3, 13), "3.13"), ((3, 15), "3.12")],
)
def test_the_same_python_as_this_one_where_the_wheels_are_for_it(
    running: tuple[int, int], wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", running)
    assert wanted_version() == wanted


def test_limits_of_the_users_hold(home: EngineHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_HTTP_RETRIES", "9")
    assert Uv(home).variables["UV_HTTP_RETRIES"] == "9"
    monkeypatch.delenv("UV_HTTP_RETRIES")
    assert Uv(home).variables["UV_HTTP_RETRIES"] == "1"


# Debian and Ubuntu leave pip out of Python


@pytest.mark.parametrize("damaged", [False, True])
def test_pip_is_borrowed_where_python_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damaged: bool
) -> None:
    sha256 = hashlib.sha256(b"a wheel").hexdigest()
    answers = {
        environment.PIP_ON_PYPI: json.dumps(
            {
                "urls": [
                    {"packagetype": "sdist"},
                    {
                        "packagetype": "bdist_wheel",
                        "url": "../../pip.whl",
                        "digests": {"sha256": sha256},
                    },
                ]
            }
        ).encode(),
        "https://pypi.org/pip.whl": b"another" if damaged else b"a wheel",
    }
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(
        environment.urllib.request, "urlopen", lambda url, timeout: io.BytesIO(answers[url])
    )
    pip = borrowed_pip(tmp_path / "new")
    assert pip == (None if damaged else str(tmp_path / "new" / "pip.whl" / "pip"))
    assert (tmp_path / "new" / "pip.whl").exists() != damaged


def test_without_a_network_no_pip_is_borrowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(environment, "PIP_ON_PYPI", "http://127.0.0.1:9/")
    assert borrowed_pip(tmp_path) is None


def test_an_environment_without_pip_gets_a_borrowed_one(
    tmp_path: Path, home: EngineHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def run(command: Sequence[str], patience: float = 0, /) -> tuple[int, str]:
        commands.append(list(command)[1:])
        return (1, "because ensurepip is not\navailable.") if len(commands) == 1 else (0, "")

    monkeypatch.setattr(environment, "borrowed_pip", lambda _: "/pip.whl/pip")
    assert make(tmp_path / "env", home, False, run, print) == (0, "")
    assert commands[1] == ["-m", "venv", "--without-pip", str(tmp_path / "env")]
    assert commands[2][:2] == ["/pip.whl/pip", "install"]


def test_pip_of_this_python_can_be_started_by_its_folder(tmp_path: Path) -> None:
    pip = borrowed_pip(tmp_path)
    assert pip is not None
    assert run_logged([sys.executable, pip, "--version"], tmp_path / "log", Screen(False))[0] == 0
