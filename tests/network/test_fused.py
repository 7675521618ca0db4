"""The kernels for graphics cards, run by Triton's interpreter, against the plain layers.

That takes a second for each hundred programs, so the maps are tiny.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from gpen_engine.network import GpenConfig, fused
from gpen_engine.network.encoder import Shrink, Stem
from gpen_engine.network.layers import Fir
from gpen_engine.network.modulation import StyledConv, ToRgb

DISTANCES = {torch.float32: 1e-6, torch.float16: 2e-3, torch.bfloat16: 2e-2}
precisions = pytest.mark.parametrize("dtype", DISTANCES)


@pytest.fixture(scope="module", autouse=True)
def interpreter() -> Iterator[None]:
    """Has the kernels run on the processor; that is settled when they are first imported."""
    before = os.environ.get("TRITON_INTERPRET")
    os.environ["TRITON_INTERPRET"] = "1"
    pytest.importorskip("triton", reason="Triton, which PyTorch for graphics cards has, is missing")
    yield
    os.environ.pop("TRITON_INTERPRET")
    if before is not None:
        os.environ["TRITON_INTERPRET"] = before


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """From its call on, every map suits."""
    torch.manual_seed(0)
    return monkeypatch


def random(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    x = torch.randn(*shape).to(dtype)
    return x.contiguous(memory_format=torch.channels_last) if len(shape) == 4 else x


def assert_close(got: Tensor, exact: Tensor, dtype: torch.dtype) -> None:
    assert got.dtype == dtype
    assert got.isfinite().all()
    assert (got.float() - exact).norm() <= DISTANCES[dtype] * exact.norm()


def styled(inputs: int, outputs: int, *, up: bool) -> StyledConv:
    layer = StyledConv(inputs, outputs, style_dim=8, concat=True, up=up).requires_grad_(False)
    layer.noise.weight.fill_(0.3)
    layer.activate.bias.normal_()
    layer.conv.freeze()
    return layer


@precisions
@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("up", [False, True])
@torch.inference_mode()
def test_styled_convolution(
    up: bool, shared: bool, large: bool, dtype: torch.dtype, fast: pytest.MonkeyPatch
) -> None:
    """Features of each face or of all; weights of each face (large) or of all."""
    size, outputs = (9, 5) if large else (5, 20)
    layer = styled(2 * outputs, outputs, up=up)
    assert (size * size > layer.conv.weight[0, :, 0].numel()) == large
    x, w, side = random(2, 2 * outputs, size, size), random(2, 8), size * (2 if up else 1)
    features = random(1 if shared else 2, outputs, side, side)
    expected = layer(x.clone(), w, features)
    fast.setattr(fused, "suit", lambda _: True)
    got = layer(x.to(dtype), w, features.to(dtype))
    assert got.is_contiguous(memory_format=torch.channels_last)
    assert_close(got, expected, dtype)


@pytest.mark.parametrize(("channels", "size"), [(5, 67), (70, 5)])
@torch.inference_mode()
def test_low_pass(channels: int, size: int) -> None:
    """In tiles of eight rows; in two blocks of channels; both with other taps."""
    torch.manual_seed(0)
    low_pass = Fir(gain=1, pad=2)
    taps = torch.tensor([0.1, 0.5, 0.5, 0.1])
    low_pass.kernel = torch.outer(taps, taps)
    x = random(2, channels, size, size)
    got = fused.low_passed(x, low_pass.kernel, pad=2)
    assert got.shape == (2, channels, size + 1, size + 1)
    assert_close(got, low_pass(x), torch.float32)


@precisions
@torch.inference_mode()
def test_encoder(dtype: torch.dtype, fast: pytest.MonkeyPatch) -> None:
    config = GpenConfig(64, 64, 1, 0.0625)
    stem, shrink = Stem(config), Shrink(config, 8)
    for parameter in (*stem.parameters(), *shrink.parameters()):
        parameter.normal_()
    image, maps = random(2, 3, 6, 6), random(2, 32, 12, 12)
    for layer, x in ((stem, image), (shrink, maps)):
        fast.undo()
        expected = layer(x)
        fast.setattr(fused, "suit", lambda _: True)
        assert_close(layer(x.to(dtype)), expected, dtype)


@precisions
@pytest.mark.parametrize("skipping", [False, True])
@torch.inference_mode()
def test_rgb_head(skipping: bool, dtype: torch.dtype, fast: pytest.MonkeyPatch) -> None:
    """More channels than a program takes at once, and pixels that fill no program."""
    head = ToRgb(72, style_dim=8)
    head.bias.normal_()
    head.conv.freeze()
    x, w = random(2, 72, 10, 10), random(2, 8)
    skip = random(2, 3, 5, 5) if skipping else None
    expected = head(x, w, skip)
    fast.setattr(fused, "suit", lambda _: True)
    assert (head(x.to(dtype), w, skip) - expected).norm() <= DISTANCES[dtype] * expected.norm()


@pytest.mark.parametrize("strength", [0.0, 1e-6, 1.0, 1e6])
@torch.inference_mode()
def test_scales(strength: float) -> None:
    torch.manual_seed(0)
    layer = styled(70, 20, up=False)
    layer.conv.modulation.bias.mul_(strength)
    layer.conv.modulation.weight.mul_(strength)
    w = random(2, 8)
    for got, expected in zip(layer.conv.scales(w, fast=True), layer.conv.scales(w), strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-5, atol=0)
