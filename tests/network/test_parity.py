"""The published code's output, reproduced."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from parity.deterministic import picture, weights

from gpen_engine.checkpoints import load_model

HERE = Path(__file__).parent / "parity"

PRECISIONS = [("float32", 1e-4), ("bfloat16", 1e-2)]


def model_entry(folder: Path, name: str) -> tuple[dict[str, Any], int]:
    table = json.loads((folder / "models.json").read_text())
    return table["models"][name], table["salt"]


def relative_error(folder: Path, name: str, dtype: str) -> float:
    """Relative L2 distance of our sample from the published one."""
    entry, salt = model_entry(folder, name)
    state = weights(entry["keys"], salt)
    if name.startswith("sr"):  # the published code draws fresh noise there; the fixture has none
        last = sum(key.endswith("conv.weight") and ".convs." in key for key in state) - 1
        for i in (last - 1, last):
            state[f"generator.convs.{i}.noise.weight"].zero_()
    model = load_model(state, device="cpu", dtype=dtype)
    assert (model.config.in_size, model.config.out_size) == (entry["in_size"], entry["out_size"])
    assert model.config.channel_multiplier == entry["channel_multiplier"]
    assert model.config.narrow == entry["narrow"]
    fixture = np.load(folder / f"{name}.npz")
    stride = int(fixture["stride"])
    ours = model(picture(entry["in_size"], salt))[
        0, :, stride // 2 :: stride, stride // 2 :: stride
    ]
    expected = torch.from_numpy(fixture["sample"])
    assert ours.shape == expected.shape
    return float((ours - expected).norm() / expected.norm())


@pytest.mark.parametrize(("dtype", "bound"), PRECISIONS)
def test_the_256_model(dtype: str, bound: float) -> None:
    assert relative_error(HERE, "bfr-256", dtype) <= bound


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sr-256-512", "bfr-512", "bfr-1024", "bfr-2048"])
@pytest.mark.parametrize(("dtype", "bound"), PRECISIONS)
def test_the_larger_models(name: str, dtype: str, bound: float, shared: Path) -> None:
    assert relative_error(shared / "parity", name, dtype) <= bound


def test_the_copied_fixture_is_the_reference(shared: Path) -> None:
    assert model_entry(HERE, "bfr-256") == model_entry(shared / "parity", "bfr-256")
    ours = (HERE / "bfr-256.npz").read_bytes()
    assert ours == (shared / "parity" / "bfr-256.npz").read_bytes()
