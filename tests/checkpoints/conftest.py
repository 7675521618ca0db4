"""Fixtures of the checkpoint tests."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from checkpoint_forms import SMALL, network
from torch import Tensor
from web_server import Web

from gpen_engine.checkpoints.part import Part


@pytest.fixture
def state() -> dict[str, Tensor]:
    """The state dict of the smallest network, a copy."""
    return {key: tensor.clone() for key, tensor in network(SMALL).state_dict().items()}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that is gone after the test: these files are large."""
    with tempfile.TemporaryDirectory(prefix="gpen-test-") as name:
        yield Path(name)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """A server on this machine that is asked without a proxy."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Web() as running:
        yield running


@pytest.fixture
def part(tmp_path: Path) -> Part:
    """Where a download begins; nothing is there."""
    return Part(tmp_path / "model.pth.part")
