"""Style modulation: how the face's global style steers every convolution (StyleGAN2, section 2)."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .layers import Bias, EqualLinear, Fir, Upsample, activate


class ModulatedConv(nn.Module):
    """Convolution whose weight is scaled by the style (Karras et al. 2020, equations 1 and 3).

    The published form builds a weight per face, W' = W * s / sqrt(I*k*k), and divides it by its
    norm. Scaling the *input* by s and the *output* by the inverse norm is the same linear map, but
    one weight serves the whole batch. The norm needs only the sums of W^2 over the kernel:
    ``sum(W'^2) = sum_i s_i^2 * sum_kk W_oikk^2``.

    Args:
        inputs, outputs: channels I and O.
        kernel: 3, or 1 for the RGB heads.
        up: True doubles the resolution (transposed convolution, then FIR).
        style_dim: length of the style vector.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, style_dim: int, up: bool = False
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(1, outputs, inputs, kernel, kernel))
        self.modulation = EqualLinear(style_dim, inputs, bias_init=1.0)
        self.up = up
        if up:
            self.blur = Fir(gain=4, pad=(1, 1))

    def style_scales(self, w: Tensor) -> Tensor:
        """w [N, style_dim] -> s / sqrt(I*k*k) [N, I], float32."""
        scales: Tensor = self.modulation(w)
        return scales / math.sqrt(self.weight[0, 0].numel())

    def forward(self, x: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        """Convolves, and leaves the division by the norm to the activation that follows.

        Args:
            x: [N, I, H, W] in the compute dtype.
            w: [N, style_dim] float32.

        Returns:
            [N, O, H', W'] in the compute dtype, and the factors [N, O] float32 it is to be
            multiplied with.
        """
        scales = self.style_scales(w)
        weight = self.weight[0]
        squares = weight.float().square().sum(dim=(2, 3))  # [OI]
        demodulation = torch.rsqrt(F.linear(scales.square(), squares) + 1e-8)  # [NO]
        x = x * scales.to(x.dtype)[:, :, None, None]
        weight = weight.to(x.dtype)
        if self.up:
            x = self.blur(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2))
        else:
            x = F.conv2d(x, weight, padding=weight.shape[-1] // 2)
        return x, demodulation


class NoiseGain(nn.Module):
    """The learned gain [1] of what StyleGAN2 calls noise; in GPEN, of the encoder's features."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))


class StyledConv(nn.Module):
    """One GAN block of figure 2: modulated convolution, encoder features, activation.

    With ``concat`` the features take channels of their own, so the block gives 2*O channels;
    without, they are added and it gives O.
    """

    def __init__(
        self, inputs: int, outputs: int, *, style_dim: int, concat: bool, up: bool = False
    ) -> None:
        super().__init__()
        self.conv = ModulatedConv(inputs, outputs, 3, style_dim=style_dim, up=up)
        self.noise = NoiseGain()
        self.activate = Bias(outputs * 2 if concat else outputs)
        self.concat = concat

    def forward(self, x: Tensor, w: Tensor, features: Tensor) -> Tensor:
        """x [N, I, H, W], w [N, style_dim], features [N or 1, O (or 1 if added), H', W']."""
        x, demodulation = self.conv(x, w)
        if not self.concat:
            x = x * demodulation.to(x.dtype)[:, :, None, None]
            x = torch.addcmul(x, features, self.noise.weight.to(x.dtype))
            return activate(x, self.activate.bias)
        # Activating the halves apart before joining them touches each feature once less.
        own, theirs = self.activate.bias.chunk(2)
        features = activate(features, theirs, self.noise.weight).expand(len(x), -1, -1, -1)
        return torch.cat((activate(x, own, demodulation), features), dim=1)


class ToRgb(nn.Module):
    """Adds a level's contribution to the growing image: 1x1 modulated convolution, no norm.

    The image is kept in float32 at every precision: it is three channels wide, so this is cheap,
    and it is where rounding would show.
    """

    def __init__(self, inputs: int, *, style_dim: int, upsample: bool = True) -> None:
        super().__init__()
        self.conv = ModulatedConv(inputs, 3, 1, style_dim=style_dim)
        self.bias = nn.Parameter(torch.zeros(1, 3, 1, 1))
        if upsample:
            self.upsample = Upsample()

    def forward(self, x: Tensor, w: Tensor, skip: Tensor | None = None) -> Tensor:
        """x [N, I, H, W], w [N, style_dim], skip [N, 3, H/2, W/2] -> [N, 3, H, W] float32."""
        scales = self.conv.style_scales(w)  # [NI]
        weight = self.conv.weight[:, :, :, 0, 0].float() * scales[:, None]  # [N3I]
        rows = x.permute(0, 2, 3, 1).flatten(1, 2)  # [N(HW)I]
        flat = rows @ weight.transpose(1, 2).to(x.dtype)  # [N(HW)3]
        rgb = flat.float().view(len(x), *x.shape[2:], 3).permute(0, 3, 1, 2) + self.bias.float()
        if skip is not None:
            rgb = rgb + self.upsample(skip)
        return rgb
