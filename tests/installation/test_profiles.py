"""The profiles of this computer, as its environment tells; layouts are in ``test_gimps.py``."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gpen_engine.installation.profiles import profiles


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home on Linux, with nothing on the PATH."""
    for name in ("GIMP3_DIRECTORY", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(sys, "platform", "linux")
    return tmp_path


@pytest.mark.skipif(sys.platform == "win32", reason="profiles lie elsewhere on Windows")
def test_every_gimp_that_was_started_and_the_one_that_was_not(home: Path) -> None:
    base = home / ".config" / "GIMP"
    for name in ("3.10", "3.2", "2.10"):
        (base / name).mkdir(parents=True)
    (home / "bin").mkdir()
    (home / "bin" / "gimp-console-3.0").touch()
    assert profiles() == [base / "3.0", base / "3.2", base / "3.10"]


def test_the_folder_that_gimp_is_told_to_use_is_the_only_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / ".config" / "GIMP" / "3.0").mkdir(parents=True)
    monkeypatch.setenv("GIMP3_DIRECTORY", str(home / "elsewhere"))
    assert profiles() == [home / "elsewhere"]
