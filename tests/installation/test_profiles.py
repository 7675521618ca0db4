"""Which GIMP profiles are found, on faked layouts of each system."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gpen_engine.installation import profiles as module
from gpen_engine.installation.profiles import installed_version, profiles


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home on Linux, with nothing on the PATH."""
    for name in ("GIMP3_DIRECTORY", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(sys, "platform", "linux")
    return tmp_path


def program(home: Path, name: str, says: str) -> None:
    path = home / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)


def test_every_gimp_3_that_was_started_is_found_in_order(home: Path) -> None:
    base = home / ".config" / "GIMP"
    for name in ("3.10", "3.2", "2.10", "2.99", "3.0", "3.x", "30.1"):
        (base / name).mkdir(parents=True)
    (base / "3.4").touch()  # no folder
    assert profiles() == [base / "3.0", base / "3.2", base / "3.10"]


def test_nothing_is_found_where_there_is_no_gimp(home: Path) -> None:
    assert profiles() == []


def test_a_gimp_that_was_never_started_is_found_by_its_program(home: Path) -> None:
    program(home, "gimp-console", "GNU Image Manipulation Program version 3.2.6")
    assert profiles() == [home / ".config" / "GIMP" / "3.2"]
    (home / ".config" / "GIMP" / "3.2").mkdir(parents=True)
    assert len(profiles()) == 1


@pytest.mark.parametrize("says", ["GNU Image Manipulation Program version 2.10.34", "", "3"])
def test_an_older_gimp_is_none_of_ours(home: Path, says: str) -> None:
    program(home, "gimp", says)
    assert installed_version() == ""
    assert profiles() == []


def test_a_program_that_does_not_run_is_none(home: Path) -> None:
    program(home, "gimp", "3.0.4")
    (home / "bin" / "gimp").write_bytes(b"\x7fELF nonsense")
    assert profiles() == []


def test_the_folder_that_gimp_is_told_to_use_is_the_only_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / ".config" / "GIMP" / "3.0").mkdir(parents=True)
    monkeypatch.setenv("GIMP3_DIRECTORY", str(home / "elsewhere"))
    assert profiles() == [home / "elsewhere"]


def test_the_profile_base_of_each_system(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert module.profile_base() == home / ".config" / "GIMP"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "settings"))
    assert module.profile_base() == home / "settings" / "GIMP"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert module.profile_base() == home / "Library" / "Application Support" / "GIMP"
