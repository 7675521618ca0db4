"""The network in the operations that the published code uses, as a yardstick for ours.

Nothing but the benchmark and its tests uses this. It computes what ``Gpen`` does, from the same
weights, in the order and forms that the published network is described by (Yang et al. 2021,
Karras et al. 2020): a weight of its own for each face, joined into one grouped convolution; FIR
filters as zero insertion, padding and a one-channel convolution with the 4x4 kernel; noise inputs
scaled and concatenated; bias, slope and root one after the other. Memory lies as [N, C, H, W].
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ..network import Gpen


class Published:
    """The published forms with the weights of a network.

    Args:
        network: whose weights are used; they are copied if their dtype is another.
        dtype: of all weights and of the whole computation.
    """

    def __init__(self, network: Gpen, dtype: torch.dtype = torch.float32) -> None:
        self.config = network.config
        self.dtype = dtype
        self.state: dict[str, Tensor] = {
            name: tensor.detach().to(dtype).contiguous()
            for name, tensor in network.state_dict().items()
        }

    @torch.inference_mode()
    def __call__(self, image: Tensor) -> Tensor:
        """[N, 3, in_size, in_size] RGB in -1..1 -> [N, 3, out_size, out_size], not clipped."""
        x = image.to(self.dtype, memory_format=torch.contiguous_format)
        maps = []
        for level in range(len(self.config.encoder_sizes)):
            x = self._encode(x, level)
            maps.append(x)
        z = activate(
            self._linear(x.flatten(1), "final_linear.0"), self.state["final_linear.0.bias"]
        )
        w = self._style(z)
        noises = [(m, m) for m in reversed(maps)] + self._noise(len(image))
        return self._generate(w, noises)

    def _encode(self, x: Tensor, level: int) -> Tensor:
        block = f"ecd{level}.0"
        if level == 0:
            x = self._conv(x, f"{block}.0.weight", stride=1)
            return activate(x, self.state[f"{block}.1.bias"])
        x = filtered(x, self.state[f"{block}.0.kernel"], pad=(2, 2))
        x = self._conv(x, f"{block}.1.weight", stride=2)
        return activate(x, self.state[f"{block}.2.bias"])

    def _style(self, z: Tensor) -> Tensor:
        w = z * torch.rsqrt(z.square().mean(dim=1, keepdim=True) + 1e-8)
        for layer in range(1, self.config.style_layers + 1):
            name = f"generator.style.{layer}"
            w = self._linear(w, name, rate=0.01)
            w = activate(w, self.state[f"{name}.bias"] * 0.01)
        return w

    def _noise(self, count: int) -> list[tuple[Tensor, Tensor]]:
        """For the levels above the encoder, which have no map of it: fresh at every call."""
        like, concat = self.state["generator.input.input"], self.config.concat

        def draw(size: int) -> Tensor:
            channels = self.config.channels(size) if concat else 1
            return torch.randn(count, channels, size, size, dtype=like.dtype, device=like.device)

        sizes = [s for s in self.config.generator_sizes if s > self.config.in_size]
        return [(draw(s), draw(s)) for s in sizes]

    def _generate(self, w: Tensor, noises: list[tuple[Tensor, Tensor]]) -> Tensor:
        x = self.state["generator.input.input"].repeat(len(w), 1, 1, 1)
        x = self._styled(x, w, "generator.conv1", noises[0][0])
        image = self._rgb(x, w, "generator.to_rgb1", None)
        for level, (first, second) in enumerate(noises[1:]):
            x = self._styled(x, w, f"generator.convs.{2 * level}", first, up=True)
            x = self._styled(x, w, f"generator.convs.{2 * level + 1}", second)
            image = self._rgb(x, w, f"generator.to_rgbs.{level}", image)
        return image

    def _styled(
        self, x: Tensor, w: Tensor, name: str, noise: Tensor, *, up: bool = False
    ) -> Tensor:
        x = self._modulated(x, w, f"{name}.conv", up=up, demodulate=True)
        scaled = self.state[f"{name}.noise.weight"] * noise
        x = torch.cat((x, scaled), dim=1) if self.config.concat else x + scaled
        return activate(x, self.state[f"{name}.activate.bias"])

    def _rgb(self, x: Tensor, w: Tensor, name: str, skip: Tensor | None) -> Tensor:
        rgb = self._modulated(x, w, f"{name}.conv", up=False, demodulate=False)
        rgb = rgb + self.state[f"{name}.bias"]
        if skip is not None:
            rgb = rgb + filtered(skip, self.state[f"{name}.upsample.kernel"], up=2, pad=(2, 1))
        return rgb

    def _modulated(self, x: Tensor, w: Tensor, name: str, *, up: bool, demodulate: bool) -> Tensor:
        """A weight for each face, all of them as groups of one convolution of one big image."""
        count, inputs, height, width = x.shape
        stored = self.state[f"{name}.weight"]  # [1OIkk]
        outputs, kernel = stored.shape[1], stored.shape[-1]
        scales = self._linear(w, f"{name}.modulation") + self.state[f"{name}.modulation.bias"]
        weight = stored / math.sqrt(inputs * kernel * kernel) * scales.view(count, 1, inputs, 1, 1)
        if demodulate:
            norm = torch.rsqrt(weight.square().sum(dim=(2, 3, 4)) + 1e-8)
            weight = weight * norm.view(count, outputs, 1, 1, 1)
        x = x.reshape(1, count * inputs, height, width)
        if up:
            weight = weight.transpose(1, 2).reshape(count * inputs, outputs, kernel, kernel)
            x = F.conv_transpose2d(x, weight, stride=2, groups=count)
            x = x.view(count, outputs, *x.shape[2:])
            return filtered(x, self.state[f"{name}.blur.kernel"], pad=(1, 1))
        weight = weight.view(count * outputs, inputs, kernel, kernel)
        x = F.conv2d(x, weight, padding=kernel // 2, groups=count)
        return x.view(count, outputs, *x.shape[2:])

    def _conv(self, x: Tensor, name: str, *, stride: int) -> Tensor:
        weight = self.state[name]
        return F.conv2d(x, weight / math.sqrt(weight[0].numel()), stride=stride)

    def _linear(self, x: Tensor, name: str, *, rate: float = 1.0) -> Tensor:
        weight = self.state[f"{name}.weight"]
        return F.linear(x, weight * (rate / math.sqrt(weight.shape[1])))


def activate(x: Tensor, bias: Tensor) -> Tensor:
    """sqrt(2) * leaky_relu(x + bias, 0.2) of [N, C, ...], in three passes."""
    return F.leaky_relu(x + bias.view(1, -1, *(1,) * (x.ndim - 2)), 0.2) * math.sqrt(2)


def filtered(x: Tensor, kernel: Tensor, *, up: int = 1, pad: tuple[int, int]) -> Tensor:
    """Inserts ``up - 1`` zeros after each pixel, pads, convolves with a whole kernel [k, k]."""
    count, channels, height, width = x.shape
    x = x.reshape(count * channels, 1, height, 1, width, 1)
    x = F.pad(x, (0, up - 1, 0, 0, 0, up - 1)).view(-1, 1, height * up, width * up)
    x = F.conv2d(F.pad(x, (*pad, *pad)), kernel.flip(0, 1)[None, None])
    return x.view(count, channels, *x.shape[2:])
