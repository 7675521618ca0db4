"""The encoder half of the U-shape: a photo to feature maps and a latent code (figure 2, left)."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from . import fused
from .bands import ROWS, bands, empty, leaky_into, rows, suit
from .config import GpenConfig
from .layers import Bias, EqualConv, EqualLinear, Fir, leaky


class Stem(nn.Sequential):
    """``ecd0``: RGB to features at full size, [N, 3, in, in] -> [N, C, in, in]."""

    def __init__(self, config: GpenConfig) -> None:
        channels = config.channels(config.in_size)
        super().__init__(nn.Sequential(EqualConv(3, channels, 1), Bias(channels)))

    def forward(self, x: Tensor) -> Tensor:
        conv, bias = cast("tuple[EqualConv, Bias]", self[0])
        if fused.suit(x):
            return fused.activated(conv(x), bias.bias)
        return leaky(conv(x, bias.bias))


class Shrink(nn.Sequential):
    """``ecd1`` ...: one halving, [N, C, 2*size, 2*size] -> [N, C', size, size]."""

    def __init__(self, config: GpenConfig, size: int) -> None:
        inputs, outputs = config.channels(2 * size), config.channels(size)
        conv = EqualConv(inputs, outputs, 3, stride=2)
        super().__init__(nn.Sequential(Fir(gain=1, pad=2), conv, Bias(outputs)))

    def forward(self, x: Tensor) -> Tensor:
        low_pass, conv, bias = cast("tuple[Fir, EqualConv, Bias]", self[0])
        if fused.suit(x):
            return fused.activated(conv(fused.low_passed(x, low_pass.kernel, pad=2)), bias.bias)
        size = x.shape[2] // 2
        if size < 128 or not suit(x):
            return leaky(conv(low_pass(x), bias.bias))
        y = empty(x, len(bias.bias), size)
        for n in range(len(x)):
            for band in bands(size, most=ROWS // 2):
                low = rows(x[n : n + 1], 2 * band.start - 2, 2 * band.stop + 2)
                low = low_pass(low, pad=(0, 2))
                leaky_into(y[n : n + 1, :, band], conv(low, bias.bias))
        return y


def latent(config: GpenConfig) -> nn.Sequential:
    """``final_linear``: the 4x4 map, flattened in C, H, W order, to the latent code z."""
    inputs = 16 * config.channels(4)
    return nn.Sequential(EqualLinear(inputs, config.style_dim, activated=True))
