"""Style modulation: how the face's global style steers every convolution (StyleGAN2, section 2)."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import fused
from .bands import bands, empty, leaky_into, rows, suit
from .layers import Bias, EqualLinear, Fir, Upsample, as_channels, drawn, leaky, pixelwise
from .winograd import convolve

ROOT = math.sqrt(2)


class ModulatedConv(nn.Module):
    """Convolution whose weight is scaled by the style (Karras et al. 2020, equations 1 and 3).

    The published form builds a weight per face, W' = W * s / sqrt(I*k*k), and divides it by its
    norm. Scaling the *input* by s and the *output* by the inverse norm is the same linear map; see
    ``StyledConv`` for where the scales are put. The norm needs only the sums of W^2 over the
    kernel: ``sum(W'^2) = sum_i s_i^2 * sum_kk W_oikk^2``.

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
        self.weight = drawn(1, outputs, inputs, kernel, kernel)
        self.modulation = EqualLinear(style_dim, inputs, bias_init=1.0)
        self.up = up
        if up:
            self.blur = Fir(gain=4, pad=1)
        self.register_buffer("squares", None, persistent=False)
        self.register_buffer("norm", None, persistent=False)

    def freeze(self) -> None:
        """Keeps what no face changes, and lays weights as convolutions want them: on a processor
        only those for doubling channels last."""
        self.squares, self.norm = self._sums()
        if self.up or self.weight.device.type != "cpu":
            kernel = self.kernel.contiguous(memory_format=torch.channels_last)
            self.weight.data = (kernel.transpose(0, 1) if self.up else kernel)[None]

    @property
    def kernel(self) -> Tensor:
        """The weight as the convolution takes it: [O, I, k, k], when doubling [I, O, k, k]."""
        return self.weight[0].transpose(0, 1) if self.up else self.weight[0]

    def scales(self, w: Tensor, *, fast: bool = False) -> tuple[Tensor, Tensor]:
        """Style [N, style_dim] -> factors of the inputs [N, I] and of the outputs [N, O], float32.

        Neither a strong style nor large weights make a half precision overflow: the inputs are
        divided by the largest factor and by the norm of the largest filter, so that no sum exceeds
        the features' own norm; the outputs' factors take that back. (StyleGAN2-ADA's code divides
        each filter instead, which would cost a pass over the weights.)

        Args:
            w: the style.
            fast: by the kernels of ``fused``.
        """
        styles: Tensor = self.modulation(w)
        squares, norm = self._sums() if self.squares is None else (self.squares, self.norm)
        epsilon = 1e-8 * self.weight[0, 0].numel()
        if fast:
            return fused.scales(styles, squares, norm, epsilon)
        largest = styles.abs().amax(dim=1, keepdim=True).clamp(min=1e-8) * norm
        inputs = styles / largest
        norms = F.linear(inputs.square(), squares) + epsilon / largest.square()
        return inputs, torch.rsqrt(norms)

    def kernels(self, w: Tensor, *, gain: float) -> Iterator[Tensor]:
        """For each style of [N, style_dim] the whole W', times ``gain``, laid out as ``kernel``."""
        for inputs, outputs in zip(*self.scales(w), strict=True):
            factors = outputs[:, None] * inputs * gain  # [OI]
            yield self.kernel * (factors.T if self.up else factors)[:, :, None, None]

    def forward(self, x: Tensor, kernel: Tensor) -> Tensor:
        """[N, I, H, W] -> [N, O, H', W'], by a kernel laid out as ``self.kernel`` is."""
        y = self.convolved(x, kernel)
        return self.blur(y) if self.up else y

    def convolved(self, x: Tensor, kernel: Tensor) -> Tensor:
        """The same without the low-pass: when doubling [N, O, 2H + 1, 2W + 1]."""
        if self.up:
            return F.conv_transpose2d(x, kernel, stride=2)
        return convolve(x, kernel, padding=(1, 1))

    def band(self, x: Tensor, kernel: Tensor, bias: Tensor, band: slice) -> Tensor:
        """A band (of even bounds) of the same rows for one face, plus ``bias`` [O]."""
        if not self.up:
            return convolve(rows(x, band.start - 1, band.stop + 1), kernel, bias, padding=(0, 1))
        y = rows(x, band.start // 2 - 1, band.stop // 2 + 1)
        # Its first and last row lack what comes from the rows beyond.
        y = F.conv_transpose2d(y, kernel, stride=2)[:, :, 1:-1]
        blurred: Tensor = self.blur(y, bias, pad=(0, 1))
        return blurred

    def _sums(self) -> tuple[Tensor, Tensor]:
        """Of the squared weights over each kernel [O, I]; the norm [1] of the largest filter, at
        least 1."""
        squares = self.weight[0].float().square().sum(dim=(2, 3))
        return squares, squares.sum(dim=1).amax(dim=0, keepdim=True).sqrt().clamp(min=1)


class NoiseGain(nn.Module):
    """The learned gain [1] of what StyleGAN2 calls noise; in GPEN, of the encoder's features."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))


class StyledConv(nn.Module):
    """One GAN block of figure 2: modulated convolution, encoder features, activation.

    With ``concat`` the features take channels of their own, so the block gives 2*O channels;
    without, they are added and it gives O.

    Modulation costs a pass over weights or over features. On small maps and in training, features
    are scaled, and one weight serves the whole batch. Large maps are bound by memory: there each
    face gets weights of its own, which are few numbers. On a processor the block is then done in
    bands of rows that stay in its cache until they lie activated in their place, on a graphics card
    by a kernel that does in one pass all that follows the convolution.
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
        """The features of a level; x may be overwritten by them.

        Args:
            x: [N, I, H, W] in the compute dtype, channels last.
            w: [N, style_dim] float32.
            features: [N or 1, O (or 1 if added), H', W'] in the compute dtype.
        """
        large = x.shape[2] * x.shape[3] > self.conv.weight[0, :, 0].numel()
        if self.concat and fused.suit(x):
            return self._fused(x, w, features, large)
        if self.concat and large and suit(x):
            return self._in_bands(x, w, features)
        gain, *biases = self._gain_and_biases(x)
        inputs, outputs = self.conv.scales(w)
        y = self.conv(x * as_channels(inputs, x), self.conv.kernel.to(x.dtype))
        y = torch.addcmul(as_channels(biases[0], x), y, as_channels(outputs * ROOT, x))
        if not self.concat:
            return leaky(torch.addcmul(y, features, gain))
        features = torch.addcmul(as_channels(biases[1], x), features, gain)
        return leaky(torch.cat((y, features.expand(len(x), -1, -1, -1)), dim=1))

    def _fused(self, x: Tensor, w: Tensor, features: Tensor, large: bool) -> Tensor:
        """The same on a graphics card, with one pass over the maps after the convolution."""
        conv = self.conv
        inputs, outputs = conv.scales(w, fast=True)
        joint = empty(x, 2 * outputs.shape[1], x.shape[2] * (2 if conv.up else 1))
        for some in [slice(n, n + 1) for n in range(len(x))] if large else [slice(None)]:
            if large:
                factors = inputs[some].view((-1, 1, 1, 1) if conv.up else (1, -1, 1, 1))
                y = conv.convolved(x[some], (conv.kernel * factors).to(x.dtype))
            else:
                y = conv.convolved(x * as_channels(inputs, x), conv.kernel.to(x.dtype))
            fused.joined(
                joint[some],
                y,
                gain=outputs[some],
                bias=self.activate.bias,
                features=features if len(features) == 1 else features[some],
                features_gain=self.noise.weight,
                kernel=conv.blur.kernel if conv.up else None,
            )
        return joint

    def _in_bands(self, x: Tensor, w: Tensor, features: Tensor) -> Tensor:
        """The same, face by face and band by band; in the place of x when the size stays."""
        gain, own, theirs = self._gain_and_biases(x)
        joint = empty(x, 2 * len(own), 2 * x.shape[2]) if self.conv.up else x
        features = features.expand(len(x), -1, -1, -1)
        for n, kernel in enumerate(self.conv.kernels(w, gain=ROOT)):
            mine, other = joint[n : n + 1].chunk(2, dim=1)
            late: list[tuple[slice, Tensor]] = []
            for band in bands(joint.shape[2]):
                late.append((band, self.conv.band(x[n : n + 1], kernel.to(x.dtype), own, band)))
                # Written a band late, because its last row was still needed just now.
                while len(late) > (band.stop < joint.shape[2]):
                    done, y = late.pop(0)
                    leaky_into(mine[:, :, done], y)
                    place, part = other[:, :, done], features[n : n + 1, :, done]
                    torch.addcmul(as_channels(theirs, x), part, gain, out=place)
                    leaky(place)
        return joint

    def _gain_and_biases(self, x: Tensor) -> list[Tensor]:
        """The features' gain [1], and the bias [O] of each half, as the bare slope wants them."""
        biases = self.activate.bias.chunk(2 if self.concat else 1)
        return [(value * ROOT).to(x.dtype) for value in (self.noise.weight, *biases)]


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
        if fused.suit(x):
            weight = self.conv.weight[0, :, :, 0, 0].float()
            kernel = None if skip is None else self.upsample.kernel
            styles = self.conv.modulation(w)
            return fused.painted(x, styles, weight, self.bias.flatten(), skip, kernel)
        scales = self.conv.modulation(w) / math.sqrt(x.shape[1])  # [NI]
        weight = self.conv.weight[:, :, :, 0, 0].float() * scales[:, None]  # [N3I]
        rgb = pixelwise(x, weight.to(x.dtype)).float() + self.bias.float()
        if skip is not None:
            rgb = rgb + self.upsample(skip)
        return rgb
