"""The GAN prior: mapping network and synthesis blocks (figure 2, right)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .config import GpenConfig
from .layers import EqualLinear, PixelNorm, drawn
from .modulation import StyledConv, ToRgb


def mapping(config: GpenConfig) -> nn.Sequential:
    """z [N, style_dim] -> w [N, style_dim]; one w steers every layer."""
    dim = config.style_dim
    layers = (
        EqualLinear(dim, dim, lr_multiplier=0.01, activated=True)
        for _ in range(config.style_layers)
    )
    return nn.Sequential(PixelNorm(), *layers)


class Constant(nn.Module):
    """The learned 4x4 start [1, C, 4, 4]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.input = drawn(1, channels, 4, 4)


class Generator(nn.Module):
    """StyleGAN2 generator whose noise inputs take feature maps instead.

    ``convs[2i]`` doubles the size and ``convs[2i + 1]`` refines it; ``to_rgbs[i]`` adds that
    level's detail to the image.
    """

    def __init__(self, config: GpenConfig) -> None:
        super().__init__()
        dim, concat = config.style_dim, config.concat
        widen = 2 if concat else 1
        width = config.channels(4)
        if config.style_layers:
            self.style = mapping(config)
        self.input = Constant(width)
        self.conv1 = StyledConv(width, width, style_dim=dim, concat=concat)
        self.to_rgb1 = ToRgb(width * widen, style_dim=dim, upsample=False)
        self.convs = nn.ModuleList()
        self.to_rgbs = nn.ModuleList()
        for size in config.generator_sizes:
            inputs, width = width * widen, config.channels(size)
            self.convs.append(StyledConv(inputs, width, style_dim=dim, concat=concat, up=True))
            self.convs.append(StyledConv(width * widen, width, style_dim=dim, concat=concat))
            self.to_rgbs.append(ToRgb(width * widen, style_dim=dim))

    def forward(self, w: Tensor, features: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
        """Paints the image.

        Args:
            w: style, [N, style_dim] float32.
            features: per level from 4 pixels up, what its two convolutions take as noise (the 4x4
                level has one convolution and uses the first): [N or 1, C, size, size] each, in the
                compute dtype.

        Returns:
            RGB [N, 3, out, out], float32, nominally in -1..1, not clipped.
        """
        start = features[0][0]
        x = self.input.input.to(start.dtype).expand(len(w), -1, -1, -1)
        x = x.contiguous(memory_format=torch.channels_last)
        x = self.conv1(x, w, start)
        rgb: Tensor = self.to_rgb1(x, w)
        for level, (up, refine) in enumerate(zip(self.convs[::2], self.convs[1::2], strict=True)):
            first, second = features[level + 1]
            x = refine(up(x, w, first), w, second)
            rgb = self.to_rgbs[level](x, w, rgb)
        return rgb
