"""Maps made a band of rows at a time."""

from __future__ import annotations

import pytest
import torch

from gpen_engine.network.bands import bands, empty, leaky_into, rows, suit
from gpen_engine.network.config import GpenConfig
from gpen_engine.network.encoder import Shrink


def test_bands_cover_every_row_once() -> None:
    assert list(bands(130)) == [slice(0, 64), slice(64, 128), slice(128, 130)]
    assert list(bands(64)) == [slice(0, 64)]


@pytest.mark.parametrize(("start", "stop"), [(-2, 3), (1, 4), (3, 8), (-1, 7)])
def test_rows_beyond_the_map_are_zeros(start: int, stop: int) -> None:
    x = torch.randn(1, 3, 6, 5).contiguous(memory_format=torch.channels_last)
    part = rows(x, start, stop)
    assert part.shape == (1, 3, stop - start, 5)
    for row in range(start, stop):
        expected = x[:, :, row] if 0 <= row < 6 else torch.zeros(1, 3, 5)
        assert torch.equal(part[:, :, row - start], expected)
    assert part.is_contiguous(memory_format=torch.channels_last)


def test_bands_are_for_inference_on_a_processor() -> None:
    x = torch.zeros(1)
    assert not suit(x)
    with torch.no_grad():
        assert suit(x)
        assert not suit(torch.zeros(1, device="meta"))


def test_activation_into_half_of_a_map() -> None:
    x = torch.randn(2, 3, 4, 4)
    joint = empty(x, 6, 4)
    assert joint.is_contiguous(memory_format=torch.channels_last)
    leaky_into(joint[:, :3], x)
    assert torch.equal(joint[:, :3], torch.nn.functional.leaky_relu(x, 0.2))


def test_halving_in_bands_equals_halving_whole() -> None:
    torch.manual_seed(0)
    shrink = Shrink(GpenConfig(512, 512, 1, 0.03125), 256)
    shrink[0][2].bias.data.normal_()
    x = torch.randn(2, shrink[0][1].weight.shape[1], 512, 512)
    x = x.contiguous(memory_format=torch.channels_last)
    whole = shrink(x)
    assert whole.requires_grad
    with torch.inference_mode():
        torch.testing.assert_close(shrink(x), whole.detach(), rtol=1e-5, atol=1e-5)
