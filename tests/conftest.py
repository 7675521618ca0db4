"""Fixtures that every test may use."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from small_upscaler import saved_upscaler

from gpen_engine import GpenModel, Restorer, load_model
from gpen_engine.faces import Detector
from gpen_engine.network import Gpen, GpenConfig
from gpen_engine.wire.home import VARIABLE, EngineHome

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--apart", action="store_true", help="run those tests only that run apart")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where tests are spread over processes, those that are marked ``apart`` are left to a run of
    their own, with ``--apart``; see ``install.run_tests``."""
    apart = config.getoption("--apart")
    spread = config.getoption("numprocesses", None) or hasattr(config, "workerinput")
    if apart or spread:
        others = [item for item in items if bool(item.get_closest_marker("apart")) != apart]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if bool(item.get_closest_marker("apart")) == apart]


@pytest.fixture(autouse=True)
def engine_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[EngineHome]:
    """Where an engine of this test would live; no test meets the developer's own engine."""
    folder = Path(tempfile.mkdtemp(prefix="gpen-"))  # a socket's path must be short
    monkeypatch.setenv(VARIABLE, str(folder))
    yield EngineHome(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference data beside the checkout; it exists for developers and in CI only."""
    if not SHARED.is_dir():
        pytest.skip("the reference data (a folder 'shared' beside the checkout) is not here")
    return SHARED


@pytest.fixture(scope="session")
def photo(shared: Path) -> Callable[[str], NDArray[Any]]:
    """Reads a photograph of the reference data: uint8 RGB (H, W, 3), not writeable."""

    @cache
    def read(name: str) -> NDArray[Any]:
        bgr = cv2.imread(str(shared / "photos" / name), cv2.IMREAD_COLOR)
        assert bgr is not None, name
        rgb = np.ascontiguousarray(bgr[:, :, ::-1])
        rgb.flags.writeable = False
        return rgb

    return read


@pytest.fixture(scope="session")
def detector() -> Detector:
    """The embedded face detector on the processor."""
    return Detector()


@pytest.fixture(scope="session")
def tiny_model() -> GpenModel:
    """The smallest GPEN, 64 to 64 pixels, with random weights."""
    torch.manual_seed(1)
    return load_model(Gpen(GpenConfig(64, 64, 1, 0.0625)).state_dict(), device="cpu")


@pytest.fixture(scope="session")
def restorer(tiny_model: GpenModel, detector: Detector) -> Restorer:
    """A restorer of the tiny model and the embedded detector."""
    return Restorer(tiny_model, detector=detector)


@pytest.fixture(scope="session")
def upscaler_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Gives a small upscaler of a scale."""
    folder = tmp_path_factory.mktemp("upscalers")
    return lambda scale: saved_upscaler(folder, scale)
