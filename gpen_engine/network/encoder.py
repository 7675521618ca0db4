"""The encoder half of the U-shape: a photo to feature maps and a latent code (figure 2, left)."""

from __future__ import annotations

from torch import nn

from .config import GpenConfig
from .layers import Bias, EqualConv, EqualLinear, Fir


def stem(config: GpenConfig) -> nn.Sequential:
    """``ecd0``: RGB to features at full size, [N, 3, in, in] -> [N, C, in, in]."""
    channels = config.channels(config.in_size)
    return nn.Sequential(nn.Sequential(EqualConv(3, channels, 1), Bias(channels)))


def shrink(config: GpenConfig, size: int) -> nn.Sequential:
    """``ecd1`` ...: one halving, [N, C, 2*size, 2*size] -> [N, C', size, size]."""
    inputs, outputs = config.channels(2 * size), config.channels(size)
    conv = EqualConv(inputs, outputs, 3, stride=2)
    return nn.Sequential(nn.Sequential(Fir(gain=1, pad=(2, 2)), conv, Bias(outputs)))


def latent(config: GpenConfig) -> nn.Sequential:
    """``final_linear``: the 4x4 map, flattened in C, H, W order, to the latent code z."""
    inputs = 16 * config.channels(4)
    return nn.Sequential(EqualLinear(inputs, config.style_dim, activated=True))
