"""Fixtures of the doctor's tests: a whole installation in a home of its own."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from examining import PRODUCT

from gpen_engine.installation import placing
from gpen_engine.wire import EngineHome


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that the installer did not make, whoever made that of the tests."""
    monkeypatch.setattr("sys.prefix", str(tmp_path / "environment"))


@pytest.fixture
def user_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, named so that a shell has to quote it, of a user with GIMP 3.0 and 3.2."""
    home = tmp_path / "a home"
    programs = tmp_path / "programs"
    programs.mkdir()
    for version in ("3.0", "3.2"):
        (home / ".config" / "GIMP" / version).mkdir(parents=True)
        program = programs / f"gimp-console-{version}"
        program.write_text("#!/bin/sh\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    for name in ("XDG_CONFIG_HOME", "GIMP3_DIRECTORY", "FLATPAK_USER_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return home


@pytest.fixture
def install(user_home: Path, engine_home: EngineHome) -> Callable[[], None]:
    """Does what the installer does last, once there is an environment: the plug-in goes into
    every profile, and GIMP is told how to start the engine."""

    def place() -> None:
        assert placing.main([str(PRODUCT)]) == 0

    place()
    return place


@pytest.fixture
def repair(install: Callable[[], None]) -> str:
    """The command that runs the installer again."""
    return shlex.join(["python3", str(PRODUCT / "install.py")])


@pytest.fixture
def plugin(user_home: Path, install: Callable[[], None]) -> Path:
    """The plug-in's folder in the profile of GIMP 3.0."""
    return user_home / ".config" / "GIMP" / "3.0" / "plug-ins" / "gpen_restore"


@pytest.fixture
def placed_anew(repair: str, engine_home: EngineHome) -> str:
    """The command that has the installer put the plug-in into GIMP again."""
    return f"rm -rf {engine_home.launch_file} && {repair}"
