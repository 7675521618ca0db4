"""The fast forms of the layers against the published definitions, borders included."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from gpen_engine.network.layers import (
    EqualConv,
    EqualLinear,
    Fir,
    PixelNorm,
    Upsample,
    leaky,
    pixelwise,
)


def filtered(x: Tensor, kernel: Tensor, *, up: int, pad: tuple[int, int]) -> Tensor:
    """The published operation: insert zeros, pad with zeros, convolve with the whole 4x4 kernel."""
    n, channels, height, width = x.shape
    spread = x.new_zeros(n, channels, height * up, width * up)
    spread[:, :, ::up, ::up] = x
    spread = F.pad(spread, (*pad, *pad)).flatten(0, 1).unsqueeze(1)
    flipped = kernel.to(x).flip(0, 1)[None, None]  # a convolution, not a correlation
    return F.conv2d(spread, flipped).unflatten(0, (n, channels)).squeeze(2)


def random(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (1, 3, 4, 4), (2, 3, 7, 5)])
def test_skip_upsampling_is_zero_insertion_and_the_whole_kernel(shape: tuple[int, ...]) -> None:
    x, upsample = random(*shape), Upsample()
    expected = filtered(x, upsample.kernel, up=2, pad=(2, 1))
    assert expected.shape[2:] == (2 * shape[2], 2 * shape[3])
    torch.testing.assert_close(upsample(x), expected, rtol=0, atol=1e-12)


def test_skip_upsampling_is_bilinear_inside_and_darker_at_the_border() -> None:
    """By the zeros outside a white image keeps 3/4 of its light at the edges, 9/16 in corners."""
    white = Upsample()(torch.ones(1, 1, 4, 4))[0, 0]
    assert torch.equal(white[1:-1, 1:-1], torch.ones(6, 6))
    assert torch.equal(white[0, 1:-1], torch.full((6,), 0.75))
    assert white[0, 0] == white[7, 7] == 9 / 16
    x = random(1, 2, 6, 6)
    bilinear = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    torch.testing.assert_close(Upsample()(x)[..., 1:-1, 1:-1], bilinear[..., 1:-1, 1:-1])


@pytest.mark.parametrize(("gain", "pad"), [(1, 2), (4, 1)])
def test_low_pass_is_the_whole_kernel(gain: float, pad: int) -> None:
    x, fir = random(2, 3, 9, 6), Fir(gain=gain, pad=pad)
    assert fir.kernel.sum() == gain
    expected = filtered(x, fir.kernel, up=1, pad=(pad, pad))
    torch.testing.assert_close(fir(x), expected, rtol=0, atol=1e-12)


def test_activation_keeps_a_fifth_of_what_is_negative() -> None:
    x = torch.tensor([[3.0, -3.0]])
    assert leaky(x) is x
    torch.testing.assert_close(x, torch.tensor([[3.0, -0.6]]))


def test_product_of_pixels_is_a_convolution_of_one_pixel() -> None:
    x = random(2, 3, 5, 4).contiguous(memory_format=torch.channels_last)
    weight = random(2, 7, 3)
    expected = [F.conv2d(a[None], b[:, :, None, None]) for a, b in zip(x, weight, strict=True)]
    torch.testing.assert_close(pixelwise(x, weight), torch.cat(expected))
    torch.testing.assert_close(pixelwise(x, weight[0])[:1], expected[0])


def test_equalised_layers_scale_their_weights() -> None:
    linear = EqualLinear(16, 2, lr_multiplier=0.01)
    torch.nn.init.ones_(linear.weight)
    torch.nn.init.ones_(linear.bias)
    # 16 ones times 0.01 / sqrt(16), and the bias times 0.01
    torch.testing.assert_close(linear(torch.ones(1, 16)), torch.full((1, 2), 0.05))
    conv = EqualConv(4, 1, 3)
    torch.nn.init.ones_(conv.weight)
    # 36 ones times 1 / 6, and the bias, both times the activation's root
    expected = torch.full((1, 1, 1, 1), 2**0.5 * 6.5)
    torch.testing.assert_close(conv(torch.ones(1, 4, 3, 3), torch.tensor([0.5])), expected)


def test_pixel_norm_gives_unit_root_mean_square() -> None:
    normed = PixelNorm()(random(3, 8) * 100)
    torch.testing.assert_close(normed.square().mean(1), torch.ones(3, dtype=torch.float64))
