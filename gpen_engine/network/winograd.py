"""3x3 convolutions with a fraction of the multiplications, where the processor's library has them.

Winograd's minimal filtering (Lavin and Gray, CVPR 2016) multiplies transformed tiles instead of
pixels. PyTorch's direct convolutions on a processor do not use it, but NNPACK, which comes along
with PyTorch on Linux and macOS, does. It wins where many channels share the work of the transforms:
measured on two AVX-512 cores, 3.5 times at 1024 channels and 64 pixels, 2 at 512 and 128, 1.4 at
256 and 256, and nothing with fewer. Its rounding error is 3e-6 (relative, float32).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .bands import suit

CHANNELS = 256
"""So many inputs at least."""
PIXELS = 32 * 32
"""Smaller maps have too few tiles for the size of the transformed weights."""


def convolve(
    x: Tensor, kernel: Tensor, bias: Tensor | None = None, *, padding: tuple[int, int]
) -> Tensor:
    """Convolution of stride 1, by Winograd's method where that is faster.

    Args:
        x: [N, I, H, W], channels last.
        kernel: [O, I, 3, 3].
        bias: [O].
        padding: zeros added before and after rows, columns.

    Returns:
        [N, O, H', W'], channels last.
    """
    if not pays(x, kernel):
        return F.conv2d(x, kernel, bias, padding=padding)
    kernel = kernel.contiguous()
    faces = [
        torch._nnpack_spatial_convolution(_as_planes(face), kernel, bias, padding)
        for face in torch.split(x, 1)
    ]
    result = torch.empty(
        (len(x), *faces[0].shape[1:]), dtype=x.dtype, memory_format=torch.channels_last
    )
    for place, planes in zip(torch.split(result, 1), faces, strict=True):
        _pixels(place).copy_(planes.flatten(2)[0].T)
    return result


def pays(x: Tensor, kernel: Tensor) -> bool:
    """Whether the library is there and is faster."""
    return (
        x.dtype == torch.float32
        and suit(x)
        and kernel.shape[1] >= CHANNELS
        and x.shape[2] * x.shape[3] >= PIXELS
        and torch._nnpack_available()
    )


def _as_planes(x: Tensor) -> Tensor:
    """[1, C, H, W] from channels last to a plane for each channel.

    As the transpose of a matrix, which PyTorch does in blocks; ``contiguous`` takes many times as
    long.
    """
    planes = torch.empty(x.shape, dtype=x.dtype)
    planes.flatten(2)[0].copy_(_pixels(x).T)
    return planes


def _pixels(x: Tensor) -> Tensor:
    """[1, C, H, W], channels last, as a matrix [HW, C]."""
    return x.permute(0, 2, 3, 1).view(-1, x.shape[1])
