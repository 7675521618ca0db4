"""From whole numbers to 0..1 and back, exact there and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .picture import Pixels


def white(dtype: DTypeLike) -> int:
    """The sample that means full light: 255, 65535, or 1 for float."""
    return 1 if np.dtype(dtype) == np.float32 else int(np.iinfo(np.dtype(dtype)).max)


def to_unit(pixels: Pixels) -> NDArray[np.float32]:
    """Float32 with white at 1, of any shape; float pixels come back as they are, not copied."""
    if pixels.dtype == np.float32:
        return pixels
    return np.divide(pixels, np.float32(white(pixels.dtype)), dtype=np.float32)


def from_unit(values: NDArray[np.float32], dtype: DTypeLike) -> Pixels:
    """Pixels of the given depth from values with white at 1.

    Whole numbers are clipped to their range and rounded once (NaN becomes 0); float32 comes back
    as it is, not copied.
    """
    if np.dtype(dtype) == np.float32:
        return values
    scaled = np.nan_to_num(values, nan=0.0, posinf=1.0, neginf=0.0).clip(0, 1)
    return np.rint(scaled * np.float32(white(dtype))).astype(dtype)
