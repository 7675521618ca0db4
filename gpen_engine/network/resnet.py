"""The variant of GPEN with a ResNet-50 in front of a plain StyleGAN2 generator.

The encoder gives the latent code only: no feature maps are handed on, and the generator takes
noise that is stored with the weights instead. No weights of this form are published, so what the
layout leaves open is decided here and said where it is.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import GpenConfig
from .generator import Generator
from .layers import drawn, leaky
from .modulation import ModulatedConv, StyledConv


class Conv(nn.Conv2d):
    """Convolution with bias whose weights follow the dtype of the features."""

    def forward(self, x: Tensor) -> Tensor:
        assert self.bias is not None
        y: Tensor = self._conv_forward(x, self.weight.to(x.dtype), self.bias.to(x.dtype))
        return y


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 with a shortcut (He et al. 2016, figure 5; the stride sits on the 3x3)."""

    def __init__(self, inputs: int, width: int, *, stride: int) -> None:
        super().__init__()
        outputs = 4 * width
        self.conv1 = Conv(inputs, width, 1)
        self.conv2 = Conv(width, width, 3, stride=stride, padding=1)
        self.conv3 = Conv(width, outputs, 1)
        if inputs != outputs:
            self.downsample = nn.Sequential(Conv(inputs, outputs, 1, stride=stride))
        else:
            self.downsample = nn.Sequential()

    def forward(self, x: Tensor) -> Tensor:
        """[N, inputs, H, W] -> [N, 4 * width, H / stride, W / stride]."""
        y = F.relu(self.conv1(x), inplace=True)
        y = F.relu(self.conv2(y), inplace=True)
        return F.relu(self.conv3(y) + self.downsample(x), inplace=True)


class ResNet50(nn.Module):
    """ResNet-50 with its batch norms folded into the convolutions; keys as torchvision has them."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.conv1 = Conv(3, 64, 7, stride=2, padding=3)
        self.layer1 = _stage(64, 64, blocks=3, stride=1)
        self.layer2 = _stage(256, 128, blocks=4, stride=2)
        self.layer3 = _stage(512, 256, blocks=6, stride=2)
        self.layer4 = _stage(1024, 512, blocks=3, stride=2)
        self.fc = nn.Linear(2048, outputs)

    def forward(self, image: Tensor) -> Tensor:
        """[N, 3, H, W] in the compute dtype -> [N, outputs] float32."""
        x = F.relu(self.conv1(image), inplace=True)
        x = F.max_pool2d(x, 3, stride=2, padding=1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        code: Tensor = self.fc(x.float().mean(dim=(2, 3)))
        return code


def _stage(inputs: int, width: int, *, blocks: int, stride: int) -> nn.Sequential:
    first = Bottleneck(inputs, width, stride=stride)
    rest = (Bottleneck(4 * width, width, stride=1) for _ in range(blocks - 1))
    return nn.Sequential(first, *rest)


class Mapper(nn.Module):
    """Latent code to style, [N, dim] -> [N, dim]: layer norm and two linear layers.

    Our reading where the layout is silent: plain linear layers (no equalised learning rate), and
    the network's one activation between them.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.first = nn.Linear(dim, dim)
        self.second = nn.Linear(dim, dim)

    def forward(self, z: Tensor) -> Tensor:
        hidden = leaky(self.first(self.norm(z)) * math.sqrt(2))
        w: Tensor = self.second(hidden)
        return w


class StoredNoise(nn.Module):
    """StyleGAN2's noise maps, kept with the weights: one [1, 1, size, size] a convolution."""

    def __init__(self, config: GpenConfig) -> None:
        super().__init__()
        sizes = [4] + [size for size in config.generator_sizes for _ in range(2)]
        for i, size in enumerate(sizes):
            self.register_buffer(f"noise_{i}", drawn(1, 1, size, size).data)

    def forward(self, dtype: torch.dtype) -> list[tuple[Tensor, Tensor]]:
        """The maps in pairs, a level each, as ``Generator`` takes its features."""
        maps = [noise.to(dtype) for noise in self.buffers()]
        return [(maps[0], maps[0]), *zip(maps[1::2], maps[2::2], strict=True)]


class Synthesis(Generator):
    """The generator with its noise."""

    def __init__(self, config: GpenConfig) -> None:
        super().__init__(config)
        self.noises = StoredNoise(config)


class ResnetGpen(nn.Module):
    """Restores as ``Gpen`` does, by an encoder that sees the photo and a generator that recalls it.

    Its state dict falls into the sections ``encoder``, ``mapper`` and ``generator``.

    Args:
        config: with ``concat=False`` (noise is added) and ``style_layers=0`` (the mapper is apart).
    """

    def __init__(self, config: GpenConfig) -> None:
        super().__init__()
        if config.concat or config.style_layers:
            raise ValueError("a plain StyleGAN2 generator needs concat=False and style_layers=0")
        self.config = config
        self.encoder_dtype = self.generator_dtype = torch.float32
        self.encoder = ResNet50(config.style_dim)
        self.mapper = Mapper(config.style_dim)
        self.generator = Synthesis(config)

    def forward(self, image: Tensor, *, seed: int = 0) -> Tensor:
        """Restores aligned faces.

        Args:
            image: [N, 3, in_size, in_size] RGB in -1..1, any floating dtype.
            seed: without effect, because the noise is stored; taken so that all networks are
                called alike.

        Returns:
            [N, 3, out_size, out_size] RGB float32, nominally -1..1, not clipped.
        """
        x = image.to(self.encoder_dtype, memory_format=torch.channels_last)
        w = self.mapper(self.encoder(x))
        rgb: Tensor = self.generator(w, self.generator.noises(self.generator_dtype))
        return rgb

    def freeze(self) -> ResnetGpen:
        """Readies final weights for inference, as ``Gpen.freeze`` does."""
        for module in self.modules():
            if isinstance(module, ModulatedConv):
                module.freeze()
        return self.requires_grad_(False)

    def set_precision(self, dtype: torch.dtype, *, cast_weights: bool = True) -> ResnetGpen:
        """Chooses the dtype of the convolutions, as ``Gpen.set_precision`` does.

        Args:
            dtype: float32, float16 or bfloat16 (the last in the generator only).
            cast_weights: False keeps float32 weights, which training needs.
        """
        self.generator_dtype = dtype
        self.encoder_dtype = torch.float32 if dtype == torch.bfloat16 else dtype
        if cast_weights:
            for module in self.modules():
                if isinstance(module, Conv):
                    module.weight.data = module.weight.data.to(self.encoder_dtype)
                elif isinstance(module, StyledConv):
                    module.conv.weight.data = module.conv.weight.data.to(dtype)
        return self
