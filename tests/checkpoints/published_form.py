"""GPEN computed step by step as its authors wrote it down, to be exported as other tools did it.

Our own network computes the same in another way; an ONNX file of it would hold other constants.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from gpen_engine.network import GpenConfig


class PublishedForm(nn.Module):
    """Takes [1, 3, in, in] in -1..1 and gives [1, 3, out, out], by weights of the flat layout."""

    def __init__(self, config: GpenConfig, state: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.config = config
        for key, tensor in state.items():
            if key.endswith("kernel"):
                self.register_buffer(_attribute(key), tensor.clone())
            else:
                self.register_parameter(_attribute(key), nn.Parameter(tensor.clone()))

    def weight(self, key: str) -> Tensor:
        return getattr(self, _attribute(key))  # type: ignore[no-any-return]

    def forward(self, x: Tensor) -> Tensor:
        config = self.config
        maps = []
        for k, _ in enumerate(config.encoder_sizes):
            if k:
                x = self.filtered(x, f"ecd{k}.0.0.kernel", up=1, pad=(2, 2))
            weight = self.weight(f"ecd{k}.0.{1 if k else 0}.weight")
            scale = 1 / math.sqrt(weight.shape[1] * weight.shape[2] ** 2)
            x = functional.conv2d(x, weight * scale, stride=2 if k else 1)
            x = self.activated(x, self.weight(f"ecd{k}.0.{2 if k else 1}.bias"))
            maps.append(x)
        w = self.linear(x.view(1, -1), "final_linear.0", 1)
        w = w * torch.rsqrt(torch.mean(w**2, dim=1, keepdim=True) + 1e-8)
        for layer in range(1, config.style_layers + 1):
            w = self.linear(w, f"generator.style.{layer}", 0.01)
        x = self.weight("generator.input.input").repeat(1, 1, 1, 1)
        x = self.styled(x, w, maps.pop(), "generator.conv1", up=False)
        rgb = self.rgb(x, w, "generator.to_rgb1")
        for level, _ in enumerate(config.generator_sizes):
            features = maps.pop()
            x = self.styled(x, w, features, f"generator.convs.{2 * level}", up=True)
            x = self.styled(x, w, features, f"generator.convs.{2 * level + 1}", up=False)
            name = f"generator.to_rgbs.{level}"
            skip = self.filtered(rgb, f"{name}.upsample.kernel", up=2, pad=(2, 1))
            rgb = self.rgb(x, w, name) + skip
        return rgb

    def linear(self, x: Tensor, name: str, rate: float, *, activated: bool = True) -> Tensor:
        weight, bias = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        weight = weight * (1 / math.sqrt(weight.shape[1]) * rate)
        if not activated:
            return functional.linear(x, weight, bias=bias * rate)
        x = functional.linear(x, weight)
        return functional.leaky_relu(x + bias * rate, 0.2) * math.sqrt(2)

    def activated(self, x: Tensor, bias: Tensor) -> Tensor:
        return functional.leaky_relu(x + bias.view(1, -1, 1, 1), 0.2) * math.sqrt(2)

    def modulated(self, x: Tensor, w: Tensor, name: str, *, demodulate: bool, up: bool) -> Tensor:
        style = self.linear(w, f"{name}.modulation", 1, activated=False).view(1, 1, -1, 1, 1)
        weight = self.weight(f"{name}.weight")
        _, outputs, inputs, kernel, _ = weight.shape
        weight = (1 / math.sqrt(inputs * kernel**2)) * weight * style
        if demodulate:
            norm = torch.rsqrt(weight.pow(2).sum([2, 3, 4]) + 1e-8)
            weight = weight * norm.view(1, outputs, 1, 1, 1)
        weight = weight.view(outputs, inputs, kernel, kernel)
        if not up:
            return functional.conv2d(x, weight, padding=kernel // 2)
        x = functional.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
        return self.filtered(x, f"{name}.blur.kernel", up=1, pad=(1, 1))

    def styled(self, x: Tensor, w: Tensor, features: Tensor, name: str, *, up: bool) -> Tensor:
        x = self.modulated(x, w, f"{name}.conv", demodulate=True, up=up)
        features = self.weight(f"{name}.noise.weight") * features
        x = torch.cat((x, features), dim=1) if self.config.concat else x + features
        return self.activated(x, self.weight(f"{name}.activate.bias"))

    def rgb(self, x: Tensor, w: Tensor, name: str) -> Tensor:
        x = self.modulated(x, w, f"{name}.conv", demodulate=False, up=False)
        return x + self.weight(f"{name}.bias")

    def filtered(self, x: Tensor, key: str, *, up: int, pad: tuple[int, int]) -> Tensor:
        """Zeros between the pixels, zeros around, then the kernel over each channel."""
        kernel = torch.flip(self.weight(key), [0, 1])
        _, channels, height, width = x.shape
        x = x.view(channels, height, 1, width, 1)
        x = functional.pad(x, (0, up - 1, 0, 0, 0, up - 1))
        x = x.view(channels, 1, height * up, width * up)
        x = functional.conv2d(functional.pad(x, (*pad, *pad)), kernel.view(1, 1, 4, 4))
        return x.view(1, channels, *x.shape[2:])


def _attribute(key: str) -> str:
    return key.replace(".", "_")
