"""A picture's pixels in whatever form they came, read as float RGB one region at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import GpenError

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels; x1 and y1 lie outside."""
FloatImage = NDArray[np.float32]

STRIP = 16
"""Rows that are changed at once."""
LUMA = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
"""Rec. 709 weights of R, G and B, the primaries of sRGB."""


class Pixels:
    """An image array that is never copied whole.

    Args:
        array: (H, W) or (H, W, C) with C = 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and straight
            alpha; uint8, uint16 or floating; sRGB-encoded, the whole range of an integer type or
            nominally 0..1 in floating point, where values beyond and NaN are allowed.

    Attributes:
        given: the array itself.
        array: the same pixels as (H, W, C).

    Raises:
        GpenError: ``bad_image`` when the array is none of these.
    """

    def __init__(self, array: NDArray[Any]) -> None:
        self.given = array
        if array.ndim == 2:
            array = array[:, :, None]
        if array.ndim != 3 or not 1 <= array.shape[2] <= 4 or 0 in array.shape:
            raise GpenError(
                "bad_image",
                f"An image array of shape {array.shape} is not understood.",
                "Give (height, width) or (height, width, 1 to 4 channels).",
            )
        if array.dtype.type not in (np.uint8, np.uint16) and array.dtype.kind != "f":
            raise GpenError(
                "bad_image",
                f"Pixels of type {array.dtype} are not understood.",
                "Give uint8, uint16 or a floating type.",
            )
        self.array = array

    @property
    def height(self) -> int:
        return int(self.array.shape[0])

    @property
    def width(self) -> int:
        return int(self.array.shape[1])

    @property
    def colours(self) -> int:
        """Channels that are not alpha: 1 or 3."""
        return 1 if self.array.shape[2] <= 2 else 3

    @property
    def white(self) -> float:
        """The number that means full intensity."""
        return float(np.iinfo(self.array.dtype).max) if self.array.dtype.kind == "u" else 1.0

    def rgb(self, box: Box) -> FloatImage:
        """A region as float32 RGB, clipped to 0..1, NaN as 0, grey repeated; a new array."""
        x0, y0, x1, y1 = box
        region = self.array[y0:y1, x0:x1, : self.colours].astype(np.float32)
        if self.array.dtype.kind == "u":
            region /= np.float32(self.white)
        else:
            np.fmax(region, 0, out=region)  # of NaN and another number it takes the number
            np.fmin(region, 1, out=region)
        return np.repeat(region, 3, axis=2) if self.colours == 1 else region

    def opaque(self, box: Box) -> NDArray[np.bool_] | None:
        """(h, w), False where a pixel is fully transparent; None when there is no alpha."""
        if self.array.shape[2] in (1, 3):
            return None
        x0, y0, x1, y1 = box
        visible: NDArray[np.bool_] = self.array[y0:y1, x0:x1, -1] > 0
        return visible


def add_change(
    array: NDArray[Any],
    box: Box,
    target: FloatImage,
    coverage: NDArray[np.float32 | np.bool_],
    limits: tuple[float, float] = (0.0, 1.0),
) -> None:
    """Moves a region of an image array towards ``target``, in place, rounding once.

    The *change* is added, ``old + coverage * (target - clip(old))``, so that coverage 0 keeps
    every bit, and highlights beyond white and what is darker than black keep their excess.

    Args:
        array: (H, W, C) as in :class:`Pixels`.
        box: the region.
        target: (h, w, 1 or 3) within the limits, the colour channels to move to.
        coverage: (h, w) in 0..1, or whether; the pixels where it is 0 are not written.
        limits: black and white, between which the picture can be restored, in units of the largest
            number that the type holds, or of 1.
    """
    x0, y0, x1, y1 = box
    region = array[y0:y1, x0:x1, : target.shape[2]]
    for y in range(0, y1 - y0, STRIP):
        rows = slice(y, y + STRIP)
        _move(region[rows], target[rows], coverage[rows], limits)


def _move(
    region: NDArray[Any],
    target: FloatImage,
    coverage: NDArray[np.float32 | np.bool_],
    limits: tuple[float, float],
) -> None:
    """``add_change`` of a region as a whole, which takes several times its memory."""
    if region.dtype.kind == "u":
        # 8 bit need no more than float32, whose step at 65535 is 1/256 of a level.
        exact = np.float32 if region.dtype == np.uint8 else np.float64
        white = float(np.iinfo(region.dtype).max)
        new: NDArray[np.floating] = region.astype(exact)
        change: NDArray[np.floating] = target * exact(white)
        change -= np.clip(new, limits[0] * white, limits[1] * white)
        change *= coverage[:, :, None]
        new += change
        region[:] = np.rint(np.clip(new, 0, white, out=new), out=new)
        return
    touched = coverage > 0
    old = region[touched].astype(np.float64)
    old = np.nan_to_num(old, copy=False, nan=0.0, posinf=1.0, neginf=0.0)  # as they are read
    change = coverage[touched][:, None] * (target[touched] - np.clip(old, *limits))
    region[touched] = old + change
