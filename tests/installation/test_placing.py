"""The plug-in's way into a GIMP profile."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gpen_engine.installation.placing import NAME, files, place

PRODUCT = Path(__file__).resolve().parents[2]
MAIN = f"{NAME}.py"


def test_the_plug_in_lies_as_gimp_wants_it(tmp_path: Path) -> None:
    folder = place(PRODUCT, tmp_path / "3.0")
    assert folder == tmp_path / "3.0" / "plug-ins" / NAME
    assert os.access(folder / MAIN, os.X_OK)
    assert (folder / MAIN).read_text().startswith("#!/usr/bin/env python3\n")
    assert sorted(p.name for p in (tmp_path / "3.0").rglob("*.new")) == []


def test_the_shared_part_of_the_engine_lies_beside_it_and_needs_nothing_else(
    tmp_path: Path,
) -> None:
    folder = place(PRODUCT, tmp_path)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from gpen_engine.wire import reach; "
        "import gpen_engine; print(gpen_engine.__file__)"
    )
    # -I: nothing of this environment but the standard library
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == str(folder / "gpen_engine" / "__init__.py")


def test_gimp_s_oldest_python_can_read_all_of_it() -> None:
    for source, _ in files(PRODUCT):
        if source.suffix == ".py":
            ast.parse(source.read_text(encoding="utf-8"), feature_version=(3, 9))


def test_a_second_time_replaces_the_first_and_is_newer(tmp_path: Path) -> None:
    folder = place(PRODUCT, tmp_path)
    (folder / "left_over.py").touch()
    before = (folder / MAIN).stat().st_mtime_ns
    time.sleep(0.02)
    assert place(PRODUCT, tmp_path) == folder
    assert not (folder / "left_over.py").exists()
    assert (folder / MAIN).stat().st_mtime_ns > before  # else GIMP would not ask it again


def test_a_developers_link_is_replaced_and_what_it_shows_stays(tmp_path: Path) -> None:
    theirs = tmp_path / "source"
    theirs.mkdir()
    (theirs / "mine.py").touch()
    (tmp_path / "plug-ins").mkdir()
    (tmp_path / "plug-ins" / NAME).symlink_to(theirs)
    folder = place(PRODUCT, tmp_path)
    assert not folder.is_symlink()
    assert (theirs / "mine.py").exists()


@pytest.mark.skipif(os.name == "nt", reason="profiles lie elsewhere on Windows")
def test_the_command_places_it_everywhere_and_says_how_to_start_the_engine(
    tmp_path: Path,
) -> None:
    base = tmp_path / ".config" / "GIMP"
    for name in ("3.0", "3.2"):
        (base / name).mkdir(parents=True)
    environment = {"HOME": str(tmp_path), "PATH": "/nowhere", "PYTHONPATH": str(PRODUCT)}
    ran = subprocess.run(
        [sys.executable, "-m", "gpen_engine.installation.placing", str(PRODUCT)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    placed = [base / name / "plug-ins" / NAME for name in ("3.0", "3.2")]
    assert ran.stdout.split() == [str(folder) for folder in placed]
    assert all((folder / MAIN).exists() for folder in placed)
    home = tmp_path / ".local" / "share" / "gpen-gimp"
    launch = json.loads((home / "engine.json").read_text())
    assert launch["command"] == [sys.executable, "-P", "-m", "gpen_engine", "serve"]
    assert launch["repair"] == f"python3 {PRODUCT / 'install.py'}"
    assert (home / "models").is_dir()
