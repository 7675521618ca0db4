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

SLOPE = 0.2
"""Of the one activation of the network, sqrt(2) * leaky_relu(x + bias, 0.2).

It is homogeneous, so the root is put on weights and bias, where there are fewer numbers, and what
is left to do to the features is the plain ``leaky``.
"""


def drawn(*shape: int, scale: float = 1.0) -> nn.Parameter:
    """A parameter drawn from N(0, scale^2).

    On the meta device nothing is drawn: that a network is laid out there before its weights are
    read would otherwise import PyTorch's compiler, which takes a second.
    """
    values = torch.empty(shape)
    if not values.is_meta:
        values.normal_().mul_(scale)
    return nn.Parameter(values)


def leaky(x: Tensor) -> Tensor:
    """leaky_relu(x, 0.2), in place."""
    return F.leaky_relu(x, SLOPE, inplace=True)


class Bias(nn.Module):
    """The learned bias of an activation, its own module because checkpoints name it so."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))


def as_channels(factors: Tensor, like: Tensor) -> Tensor:
    """[C] or [N, C] as [1 or N, C, 1, 1], in the dtype of ``like``."""
    return factors.to(like.dtype).view(-1, factors.shape[-1], 1, 1)


def pixelwise(x: Tensor, weight: Tensor) -> Tensor:
    """A 1x1 convolution as a matrix product: far faster where inputs or outputs are three channels.

    Args:
        x: [N, I, H, W], channels last in memory.
        weight: [O, I] or, one for each face, [N, O, I]; in the dtype of x.

    Returns:
        [N, O, H, W], channels last.
    """
    pixels = x.permute(0, 2, 3, 1).flatten(1, 2)  # [N(HW)I]
    y = torch.matmul(pixels, weight.mT).view(len(x), *x.shape[2:], weight.shape[-2])
    return y.permute(0, 3, 1, 2)


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
        self.weight = drawn(outputs, inputs, scale=1 / lr_multiplier)
        self.bias = nn.Parameter(torch.full((outputs,), bias_init))
        self.lr_multiplier = lr_multiplier
        self.activated = activated

    def forward(self, x: Tensor) -> Tensor:
        root = math.sqrt(2) if self.activated else 1.0
        gain = root * self.lr_multiplier / math.sqrt(self.weight.shape[1])
        # In one step, for a graphics card: asking it takes longer than what is asked for.
        bias, weight = self.bias.to(x.dtype), self.weight.to(x.dtype)
        x = torch.addmm(bias, x, weight.mT, beta=root * self.lr_multiplier, alpha=gain)
        return leaky(x) if self.activated else x


class EqualConv(nn.Module):
    """Convolution whose weight [O, I, k, k] is used times 1 / sqrt(I * k * k)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, stride: int = 1) -> None:
        super().__init__()
        self.weight = drawn(outputs, inputs, kernel, kernel)
        self.stride = stride

    def forward(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        """sqrt(2) * (convolution + bias [O]), what an activation takes."""
        root = math.sqrt(2)
        weight = (self.weight * (root / math.sqrt(self.weight[0].numel()))).to(x.dtype)
        bias = None if bias is None else (bias * root).to(x.dtype)
        if weight.shape[-1] == 1:
            y = pixelwise(x, weight[:, :, 0, 0])
            return y if bias is None else y.add_(as_channels(bias, x))
        return F.conv2d(x, weight, bias, stride=self.stride)


TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0])


class Fir(nn.Module):
    """Low-pass with the taps [1, 3, 3, 1] along rows and columns, zeros outside the image.

    ``kernel`` [4, 4] is the outer product that checkpoints store. One depthwise pass with all of
    it touches memory half as often as two passes of four taps, which is what the time goes to. In
    half precision the taps are exact (64ths).

    Args:
        gain: sum of the kernel: 1 before a stride, 4 after inserting zeros (x2 upsampling).
        pad: zeros added on each side.
    """

    kernel: Tensor

    def __init__(self, *, gain: float, pad: int) -> None:
        super().__init__()
        self.register_buffer("kernel", torch.outer(TAPS, TAPS) * (gain / 64))
        self.pad = pad

    def forward(
        self, x: Tensor, bias: Tensor | None = None, *, pad: tuple[int, int] | None = None
    ) -> Tensor:
        """[N, C, H, W] -> [N, C, H + 2 * pad - 3, W + 2 * pad - 3], plus bias [C].

        ``pad`` says otherwise for rows and columns apart.
        """
        channels = x.shape[1]
        kernel = self.kernel.to(x.dtype).expand(channels, 1, 4, 4)
        return F.conv2d(x, kernel, bias, padding=pad or self.pad, groups=channels)


class Upsample(nn.Module):
    """x2 upsampling of the RGB skip by zero insertion and the FIR.

    Inside the image this equals bilinear x2; at the border the zeros outside darken it, and the
    published weights have learned to live with that, so it must not be replaced by bilinear.
    """

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kernel", torch.outer(TAPS, TAPS) / 16)

    def forward(self, x: Tensor) -> Tensor:
        # Convolving the zero-inserted image with (2, 1) padding is a transposed convolution of
        # stride 2 with the (symmetric) kernel, cropped by one pixel: no zeros are ever multiplied.
        channels = x.shape[1]
        taps = (self.kernel.sum(0) * self.kernel.sum().rsqrt()).to(x.dtype).expand(channels, 1, 4)
        x = F.conv_transpose2d(x, taps.unsqueeze(2), stride=(1, 2), padding=(0, 1), groups=channels)
        return F.conv_transpose2d(
            x, taps.unsqueeze(3), stride=(2, 1), padding=(1, 0), groups=channels
        )
