"""The yardstick computes what the published code does."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from parity.deterministic import picture, weights

from gpen_engine.bench.published import Published
from gpen_engine.network import Gpen, GpenConfig

TESTS = Path(__file__).parents[1]


def relative_error(folder: Path, name: str) -> float:
    """Relative L2 distance of the yardstick's sample from the published one."""
    table = json.loads((folder / "models.json").read_text())
    entry, salt = table["models"][name], table["salt"]
    config = GpenConfig(
        entry["in_size"], entry["out_size"], entry["channel_multiplier"], entry["narrow"]
    )
    state = weights(entry["keys"], salt)
    if name.startswith("sr"):  # the published code draws fresh noise there; the fixture has none
        last = 2 * len(config.generator_sizes) - 1
        for i in (last - 1, last):
            state[f"generator.convs.{i}.noise.weight"].zero_()
    with torch.device("meta"):
        network = Gpen(config)
    network.load_state_dict(state, assign=True)
    fixture = np.load(folder / f"{name}.npz")
    stride = int(fixture["stride"])
    sampled = slice(stride // 2, None, stride)
    ours = Published(network)(picture(config.in_size, salt))[0, :, sampled, sampled]
    expected = torch.from_numpy(fixture["sample"])
    assert ours.shape == expected.shape
    return float((ours - expected).norm() / expected.norm())


def test_the_256_model() -> None:
    assert relative_error(TESTS / "network" / "parity", "bfr-256") <= 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sr-256-512", "bfr-512", "bfr-1024", "bfr-2048"])
def test_the_larger_models(name: str, shared: Path) -> None:
    assert relative_error(shared / "parity", name) <= 1e-5
