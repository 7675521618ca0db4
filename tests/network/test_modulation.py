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


@pytest.mark.parametrize(("kernel", "up"), [(3, False), (3, True), (1, False)])
def test_modulated_convolution(kernel: int, up: bool) -> None:
    torch.manual_seed(0)
    conv = ModulatedConv(6, 5, kernel, style_dim=8, up=up)
    x, w = random(3, 6, 7, 9), random(3, 8)
    y, demodulation = conv(x, w)
    expected = published(conv, x, w, demodulate=True)
    assert expected.shape == ((3, 5, 14, 18) if up else (3, 5, 7, 9))
    torch.testing.assert_close(y * demodulation[:, :, None, None], expected, rtol=1e-5, atol=1e-5)


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
