"""Large maps on a processor, a band of rows at a time.

There the time of a large map goes to memory: every pass that writes a fresh tensor of hundreds of
megabytes waits for the system to hand out zeroed pages, and every pass reads what has long left the
cache. So whoever makes such a map lets each band of it go through all steps while it is in the
cache, and writes it once, activated, to its place.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from .layers import SLOPE

ROWS = 64
"""In a band. At every level from 128 pixels up, a row of a released model has as many bytes, 128 KB
in float32; a band that goes in and comes out then takes some 20 MB."""


def suit(x: Tensor) -> bool:
    """Whether maps may be made in bands from x: not on a graphics card, and not in training."""
    return x.device.type == "cpu" and not torch.is_grad_enabled()


def bands(height: int, most: int = ROWS) -> Iterator[slice]:
    """The bands of a map with this many rows, from the top."""
    return (slice(start, min(start + most, height)) for start in range(0, height, most))


def rows(x: Tensor, start: int, stop: int) -> Tensor:
    """Rows ``start`` to ``stop`` of [1, C, H, W], with zeros where they lie outside."""
    above, below = max(0, -start), max(0, stop - x.shape[2])
    inside = x[:, :, start + above : stop - below]
    return F.pad(inside, (0, 0, above, below)) if above or below else inside


def empty(like: Tensor, channels: int, size: int) -> Tensor:
    """A square map for each face [N, channels, size, size], to be filled; channels last."""
    shape = (len(like), channels, size, size)
    return torch.empty(
        shape, dtype=like.dtype, device=like.device, memory_format=torch.channels_last
    )


def leaky_into(place: Tensor, y: Tensor) -> None:
    """leaky_relu(y, 0.2), written to its place."""
    torch.ops.aten.leaky_relu.out(y, SLOPE, out=place)
