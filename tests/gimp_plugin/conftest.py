"""The plug-in's modules as GIMP's Python finds them, with a small stand-in for GIMP."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import fake_gi
import pytest

from gpen_engine.wire import EngineHome

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "gimp_plugin" / "gpen_restore"))
fake_gi.install()


@pytest.fixture
def home() -> Iterator[EngineHome]:
    """A folder with a short name: a socket's is limited."""
    folder = tempfile.mkdtemp(prefix="gpen-")
    yield EngineHome(Path(folder))
    shutil.rmtree(folder)
