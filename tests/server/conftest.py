"""Fixtures of the resident engine's tests."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fake_models import FakeModel
from safetensors.torch import save_file
from serving import PATIENCE, OneModel, PaintedModel, serving, until

from gpen_engine import Restorer
from gpen_engine.faces import Detector
from gpen_engine.network import Gpen, GpenConfig
from gpen_engine.sample import portrait
from gpen_engine.server import Service
from gpen_engine.wire import EngineHome, Launch
from gpen_engine.wire.launch import spawn

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests" / "checkpoints"))  # its web server


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smallest GPEN, 64 to 64 pixels, with random weights."""
    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save_file(Gpen(GpenConfig(64, 64, 1, 0.0625)).state_dict(), path)
    return path


@pytest.fixture(scope="session")
def face() -> np.ndarray:
    """One face with its surroundings, opaque: uint8 RGBA (200, 200, 4)."""
    rgb = portrait()[:200, 124:324]
    return np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])


@pytest.fixture
def model() -> PaintedModel:
    """What the engine's model is."""
    return PaintedModel()


@pytest.fixture
def models(model: PaintedModel, detector: Detector) -> OneModel:
    return OneModel(model, detector)


@pytest.fixture
def service(engine_home: EngineHome, models: OneModel) -> Iterator[Service]:
    """An engine in this process that is ready."""
    with serving(engine_home, models) as running:
        until(running.worker.ready.is_set)
        yield running


@pytest.fixture
def doing(engine_home: EngineHome, detector: Detector) -> Iterator[Callable[..., Restorer]]:
    """Starts an engine in this process whose model does something simple."""
    with ExitStack() as stack:

        def start(paint: Callable[..., Any], size: int = 64) -> Restorer:
            models = OneModel(FakeModel(paint, size), detector)
            service = stack.enter_context(serving(engine_home, models))
            until(service.worker.ready.is_set)
            return models.made

        yield start


@pytest.fixture(scope="session")
def odd_face() -> np.ndarray:
    """One face, of odd sides and with soft alpha in a corner: uint8 RGBA (199, 201, 4)."""
    rgb = portrait()[:199, 124:325]
    alpha = np.full(rgb.shape[:2], 255, np.uint8)
    alpha[:20, :20] = np.arange(20, dtype=np.uint8) * 12
    return np.dstack([rgb, alpha])


@pytest.fixture
def launch() -> Launch:
    """How the engine of this checkout is started."""
    from gpen_engine.version import version

    path = f"import sys; sys.path.insert(0, {str(ROOT)!r}); sys.argv[0] = 'gpen'"
    command = (sys.executable, "-c", f"{path}\nfrom gpen_engine.cli import main\nmain()", "serve")
    return Launch(command, version(), "python3 install.py")


@pytest.fixture
def start(
    engine_home: EngineHome, launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts engines as processes of their own; what they print goes to ``logs/engine.out``."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    running: list[subprocess.Popen[bytes]] = []

    def begin() -> subprocess.Popen[bytes]:
        engine_home.make()
        running.append(spawn(launch.command, engine_home.logs / "engine.out"))
        return running[-1]

    yield begin
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE)
