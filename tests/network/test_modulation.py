"""One weight for the whole batch against the published form, a weight for each face."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from gpen_engine.network.layers import Upsample
from gpen_engine.network.modulation import ModulatedConv, StyledConv, ToRgb


def published(conv: ModulatedConv, x: Tensor, w: Tensor, *, demodulate: bool) -> Tensor:
    """Scales, and normalises, the weight of each face, then convolves face by face."""
    outputs, inputs, size, _ = conv.weight.shape[1:]
    gain = 1 / math.sqrt(w.shape[1])
    style = w @ (conv.modulation.weight * gain).T + conv.modulation.bias  # [NI]
    weight = (
        conv.weight / math.sqrt(inputs * size * size) * style[:, None, :, None, None]
    )  # [NOIkk]
    if demodulate:
        norm = torch.rsqrt(weight.square().sum(dim=(2, 3, 4), keepdim=True) + 1e-8)
        weight = weight * norm
    if not conv.up:
        faces = [F.conv2d(a[None], b, padding=size // 2) for a, b in zip(x, weight, strict=True)]
        return torch.cat(faces)
    faces = [
        F.conv_transpose2d(a[None], b.transpose(0, 1), stride=2)
        for a, b in zip(x, weight, strict=True)
    ]
    padded = F.pad(torch.cat(faces), (1, 1, 1, 1))
    kernel = conv.blur.kernel.to(x).expand(outputs, 1, 4, 4)
    return F.conv2d(padded, kernel, groups=outputs)


def random(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("up", [False, True])
def test_modulated_convolution_scales_features_or_weights(up: bool, frozen: bool) -> None:
    torch.manual_seed(0)
    conv = ModulatedConv(6, 5, 3, style_dim=8, up=up).requires_grad_(False)
    x, w = random(3, 6, 8, 10), random(3, 8)
    expected = published(conv, x, w, demodulate=True)
    if frozen:
        before = conv.weight.clone()
        conv.freeze()
        assert torch.equal(conv.weight, before)
    inputs, outputs = conv.scales(w)
    scaled = conv(x * inputs[:, :, None, None], conv.kernel) * outputs[:, :, None, None]
    assert scaled.shape == expected.shape == ((3, 5, 16, 20) if up else (3, 5, 8, 10))
    torch.testing.assert_close(scaled, expected, rtol=1e-5, atol=1e-5)
    faces = [conv(face[None], k) for face, k in zip(x, conv.kernels(w, gain=1), strict=True)]
    torch.testing.assert_close(torch.cat(faces), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("strength", [1e-6, 1.0, 1e6])
def test_strong_and_weak_styles_give_the_published_weights_without_overflow(
    strength: float,
) -> None:
    torch.manual_seed(0)
    conv = ModulatedConv(6, 5, 3, style_dim=8).requires_grad_(False)
    conv.modulation.bias.fill_(strength)
    conv.modulation.weight.mul_(strength)
    x, w = random(2, 6, 8, 8), random(2, 8)
    inputs, outputs = conv.scales(w)
    assert inputs.abs().amax() <= 1
    result = conv(x * inputs[:, :, None, None], conv.kernel) * outputs[:, :, None, None]
    torch.testing.assert_close(result, published(conv, x, w, demodulate=True), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("style", [1e-5, 1.0, 1e5])
@pytest.mark.parametrize("weight", [1e-2, 1.0, 6e3])
@pytest.mark.parametrize("up", [False, True])
@torch.inference_mode()
def test_large_norms_fit_half_precision(up: bool, weight: float, style: float) -> None:
    """Where weights and features are large, their product is far beyond float16: 6e3 * 1e3 * 24."""
    torch.manual_seed(0)
    layer = StyledConv(64, 32, style_dim=8, concat=True, up=up)
    conv = layer.conv
    conv.weight.data.mul_(weight)
    conv.modulation.bias.data.mul_(style)
    conv.modulation.weight.data.mul_(style)
    half = conv.weight.to(torch.float16)
    conv.weight.data = half.double()
    x, w, size = random(2, 64, 8, 8) * 1000, random(2, 8), 16 if up else 8
    features = random(2, 32, size, size)
    image = published(conv.double(), x.double(), w.double(), demodulate=True)
    expected = math.sqrt(2) * F.leaky_relu(image, 0.2)
    conv.float().weight.data = half
    got = layer(x.half(), w, features.half())[:, :32]
    bound = 1e-2 if weight > 1000 else 2e-3  # factors of some millionths have fewer digits
    assert (got.double() - expected).norm() < bound * expected.norm()


@pytest.mark.parametrize(("up", "size"), [(False, 160), (False, 64), (True, 96)])
@pytest.mark.parametrize("shared", [False, True])
def test_large_maps_in_bands_equal_whole_ones(up: bool, size: int, shared: bool) -> None:
    """Bands meet without a seam, whether the last is whole or not, and at the image's edges."""
    torch.manual_seed(0)
    layer = StyledConv(8, 4, style_dim=8, concat=True, up=up)
    layer.noise.weight.data.fill_(0.3)
    layer.activate.bias.data.normal_()
    x = random(2, 8, size, size).contiguous(memory_format=torch.channels_last)
    w, side = random(2, 8), size * (2 if up else 1)
    features = random(1 if shared else 2, 4, side, side)
    whole = layer(x.clone(), w, features)  # with gradients, so not in bands
    with torch.inference_mode():
        banded = layer(x.clone(), w, features)
    assert whole.requires_grad
    torch.testing.assert_close(banded, whole.detach(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("concat", [True, False])
@pytest.mark.parametrize("up", [False, True])
def test_styled_convolution(concat: bool, up: bool) -> None:
    torch.manual_seed(0)
    layer = StyledConv(6, 5, style_dim=8, concat=concat, up=up)
    layer.noise.weight.data.fill_(0.3)
    layer.activate.bias.data.normal_()
    x, w = random(2, 6, 4, 4), random(2, 8)
    features = random(2, 5, 8, 8) if up else random(2, 5, 4, 4)
    image = published(layer.conv, x, w, demodulate=True)
    image = torch.cat((image, 0.3 * features), dim=1) if concat else image + 0.3 * features
    biased = image + layer.activate.bias[:, None, None]
    expected = math.sqrt(2) * F.leaky_relu(biased, 0.2)
    torch.testing.assert_close(layer(x, w, features), expected, rtol=1e-5, atol=1e-5)


def test_rgb_head() -> None:
    torch.manual_seed(0)
    head = ToRgb(6, style_dim=8)
    head.bias.data.normal_()
    x, w, skip = random(2, 6, 8, 8), random(2, 8), random(2, 3, 4, 4)
    expected = published(head.conv, x, w, demodulate=False) + head.bias + Upsample()(skip)
    torch.testing.assert_close(head(x, w, skip), expected, rtol=1e-5, atol=1e-5)
