"""The plain building blocks: equalised layers, the activation and the FIR low-pass.

Shapes are given as index strings: N faces, I/O input and output channels, H rows, W columns.
Activations carry the compute dtype and every weight follows them (``weight.to(x.dtype)`` costs
nothing when it is stored in that dtype), so the same code trains in mixed precision and infers in
float32, bfloat16 or float16.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def activate(x: Tensor, bias: Tensor, gain: Tensor | None = None) -> Tensor:
    """sqrt(2) * leaky_relu(gain * x + bias, 0.2), the one activation of the network.

    The root is pulled inside (the activation is homogeneous), so that gain, bias and root are one
    pass over the features and one rounding in half precision.

    Args:
        x: [N, C] or [N, C, H, W].
        bias: [C].
        gain: [N, C] or [1]; None means 1.
    """
    tail = (1,) * (x.ndim - 2)
    root = math.sqrt(2)
    bias = (bias * root).to(x.dtype).view(1, -1, *tail)
    if gain is None:
        x = torch.add(bias, x, alpha=root)
    else:
        gain = (gain * root).to(x.dtype)
        x = torch.addcmul(bias, x, gain.view(*gain.shape, *tail) if gain.ndim == 2 else gain)
    return F.leaky_relu(x, 0.2, inplace=True)


class Bias(nn.Module):
    """The learned bias of an activation, its own module because checkpoints name it so."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return activate(x, self.bias)


class PixelNorm(nn.Module):
    """Scales each vector [N, C] to unit root mean square."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + 1e-8)


class EqualLinear(nn.Module):
    """Linear layer with an equalised learning rate (Karras et al. 2018, section 4.1).

    The stored weight [O, I] is used times ``lr_multiplier / sqrt(I)``, the bias times
    ``lr_multiplier``.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        bias_init: float = 0.0,
        lr_multiplier: float = 1.0,
        activated: bool = False,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / lr_multiplier)
        self.bias = nn.Parameter(torch.full((outputs,), bias_init))
        self.lr_multiplier = lr_multiplier
        self.activated = activated

    def forward(self, x: Tensor) -> Tensor:
        gain = self.lr_multiplier / math.sqrt(self.weight.shape[1])
        # The gain goes on the short vector, not on the weight matrix: the same product, less work.
        x = F.linear(x * gain, self.weight.to(x.dtype))
        bias = self.bias.to(x.dtype) * self.lr_multiplier
        return activate(x, bias) if self.activated else x + bias


class EqualConv(nn.Module):
    """Convolution without bias whose weight [O, I, k, k] is used times 1 / sqrt(I * k * k)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, stride: int = 1) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        gain = 1 / math.sqrt(self.weight[0].numel())
        return F.conv2d(x, (self.weight * gain).to(x.dtype), stride=self.stride)


class Fir(nn.Module):
    """Low-pass with the taps [1, 3, 3, 1] along rows and columns, zeros outside the image.

    ``kernel`` [4, 4] is the outer product that checkpoints store. It is separable, so it is applied
    as two depthwise passes of four taps each. In half precision the taps are exact (eighths).

    Args:
        gain: sum of the kernel: 1 before a stride, 4 after inserting zeros (x2 upsampling).
        pad: zeros added before and after each axis.
    """

    kernel: Tensor

    def __init__(self, *, gain: float, pad: tuple[int, int]) -> None:
        super().__init__()
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
        self.register_buffer("kernel", torch.outer(taps, taps) * (gain / 64))
        self.pad = pad

    def taps(self, like: Tensor) -> Tensor:
        """The separable factor [4] in the dtype of ``like``; outer(taps, taps) is the kernel."""
        return (self.kernel.sum(0) * self.kernel.sum().rsqrt()).to(like.dtype)

    def forward(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        taps = self.taps(x).expand(channels, 1, 4)
        before, after = self.pad
        x = F.pad(x, (before, after, before, after))
        x = F.conv2d(x, taps.unsqueeze(2), groups=channels)
        return F.conv2d(x, taps.unsqueeze(3), groups=channels)


class Upsample(Fir):
    """x2 upsampling of the RGB skip by zero insertion and the FIR.

    Inside the image this equals bilinear x2; at the border the zeros outside darken it, and the
    published weights have learned to live with that, so it must not be replaced by bilinear.
    """

    def __init__(self) -> None:
        super().__init__(gain=4, pad=(2, 1))

    def forward(self, x: Tensor) -> Tensor:
        # Convolving the zero-inserted image with (2, 1) padding is a transposed convolution of
        # stride 2 with the (symmetric) kernel, cropped by one pixel: no zeros are ever multiplied.
        channels = x.shape[1]
        taps = self.taps(x).expand(channels, 1, 4)
        x = F.conv_transpose2d(x, taps.unsqueeze(2), stride=(1, 2), padding=(0, 1), groups=channels)
        return F.conv_transpose2d(
            x, taps.unsqueeze(3), stride=(2, 1), padding=(1, 0), groups=channels
        )
