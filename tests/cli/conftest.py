"""Fixtures of the command line's tests: the command itself, a tiny model, pictures with a face."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from typer.testing import CliRunner, Result

from gpen_engine.cli import console
from gpen_engine.cli.app import app
from gpen_engine.network import Gpen, GpenConfig
from gpen_engine.pictures import Picture, write_picture
from gpen_engine.sample import portrait

ROOT = Path(__file__).parents[2]
Command = Callable[..., Result]
Process = Callable[..., subprocess.Popen[str]]


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smallest GPEN, 64 to 64 pixels, with random weights."""
    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save_file(Gpen(GpenConfig(64, 64, 1, 0.0625)).state_dict(), path)
    return path


@pytest.fixture(scope="session")
def face() -> np.ndarray:
    """One face with its surroundings: uint8 RGB (200, 200, 3)."""
    return np.ascontiguousarray(portrait()[:200, 124:324])


@pytest.fixture
def log(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where unexpected errors of this test go."""
    path = tmp_path_factory.mktemp("log") / "deep" / "errors.log"
    monkeypatch.setattr(console, "log_file", lambda: path)
    return path


@pytest.fixture
def gpen(log: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs the command in this process; checks that no traceback is ever shown."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: object) -> Result:
        result = CliRunner().invoke(app, [str(word) for word in words], prog_name="gpen")
        assert "Traceback" not in result.output
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return run


@pytest.fixture
def process(tmp_path_factory: pytest.TempPathFactory) -> Process:
    """Starts the command as a process of its own; its log folder is one of the test's."""
    home = tmp_path_factory.mktemp("home")

    def start(*words: object, **more: object) -> subprocess.Popen[str]:
        places = {"HOME": str(home), "XDG_STATE_HOME": str(home), "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(
            [sys.executable, "-m", "gpen_engine", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", **places},
            **more,  # type: ignore[call-overload]
        )

    return start


@pytest.fixture
def save() -> Callable[[Path, np.ndarray], Path]:
    """Writes pixels as a picture, making its folder; an older one is replaced."""

    def write(path: Path, pixels: np.ndarray) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_picture(path, Picture(pixels), force=True)
        return path

    return write


@pytest.fixture(scope="session")
def blank() -> np.ndarray:
    """No face: uint8 RGB (90, 90, 3)."""
    return np.full((90, 90, 3), 120, np.uint8)
