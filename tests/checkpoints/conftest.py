"""Fixtures of the checkpoint tests."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from checkpoint_forms import SMALL, network
from torch import Tensor


@pytest.fixture
def state() -> dict[str, Tensor]:
    """The state dict of the smallest network, a copy."""
    return {key: tensor.clone() for key, tensor in network(SMALL).state_dict().items()}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that is gone after the test: these files are large."""
    with tempfile.TemporaryDirectory(prefix="gpen-test-") as name:
        yield Path(name)
