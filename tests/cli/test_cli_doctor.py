"""``gpen doctor`` as a process: a healthy installation, and some that are not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gpen_engine.installation import placing
from gpen_engine.wire import EngineHome

ROOT = Path(__file__).parents[2]


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A whole installation in a home of its own; the plug-in's folder."""
    programs, home = tmp_path / "programs", tmp_path / "home"
    programs.mkdir()
    program = programs / "gimp-console-3.0"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for name in ("XDG_CONFIG_HOME", "GIMP3_DIRECTORY", "FLATPAK_USER_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert placing.main([str(ROOT)]) == 0
    return home / ".config" / "GIMP" / "3.0" / "plug-ins" / "gpen_restore"


def doctor(*words: str, encoding: str = "utf-8") -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "gpen_engine", "doctor", *words],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": encoding},
        check=False,
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done


def test_a_healthy_installation_has_no_fault(plugin: Path) -> None:
    done = doctor()
    assert done.returncode == 0, done.stdout
    assert "✗" not in done.stdout
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    names = ["Python", "PyTorch", "Device", "Packages", "Models", "Folder", "Disk", "Start"]
    names += ["Engine", "Autostart", "GIMP", "Plug-in", "Log", "Menu"]
    assert [line.split()[1] for line in lines if line[:1] in {*"✓!·"}] == names
    assert "· Menu       GIMP greys all image filters out while no image is open." in lines
    assert lines[-1].startswith("Nothing is wrong")


def test_a_fault_as_json(plugin: Path) -> None:
    (plugin / "gpen_restore.py").chmod(0o644)
    done = doctor("--json")
    assert done.returncode == 1
    assert done.stdout.isascii()
    assert str(plugin.parents[4]) not in done.stdout  # the home
    faults = [f for f in json.loads(done.stdout)["findings"] if f["mark"] == "fault"]
    assert [(f["name"], f["cure"]) for f in faults] == [
        ("Plug-in", "chmod +x ~/.config/GIMP/3.0/plug-ins/gpen_restore/gpen_restore.py")
    ]


def test_without_what_reads_the_command_line(
    plugin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine_home: EngineHome
) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / "typer.py").write_text("raise ModuleNotFoundError(\"No module named 'typer'\")")
    (packages / "torch.py").write_text("raise ModuleNotFoundError(\"No module named 'torch'\")")
    monkeypatch.setenv("PYTHONPATH", f"{packages}{os.pathsep}{ROOT}")
    engine_home.launch_file.unlink()
    done = doctor(encoding="ascii")
    assert done.returncode == 1
    assert done.stdout.isascii()
    lines = done.stdout.splitlines()
    assert "x PyTorch    It does not load: No module named 'torch'." in lines
    assert "2 things are wrong" in lines[-1]
    assert doctor("--jsn").returncode == 2
    other = subprocess.run(
        [sys.executable, "-m", "gpen_engine", "serve", "--status"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert other.returncode == 1
    assert other.stderr.splitlines() == [
        "Error: The GPEN engine is not completely installed (No module named 'typer').",
        "What mends it is shown by: gpen doctor",
    ]
