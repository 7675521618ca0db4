"""Moving pictures: what the passes need of a frame, wherever it comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from ..faces.coverage import Mask
from ..pixels import Box, FloatImage, Pixels, add_change


class Frame(Protocol):
    """One frame: seen upright, with square pixels, by the detector; kept as it is stored."""

    faces: int
    """How many were restored in it."""

    @property
    def time(self) -> float:
        """In seconds from any beginning."""

    @property
    def pixels(self) -> Pixels:
        """As stored."""

    @property
    def upright(self) -> NDArray[np.float64]:
        """(3, 3): stored pixels to those of the upright picture with square pixels."""

    def copy(self, limit: int) -> NDArray[np.uint8]:
        """The upright picture, or a smaller copy whose long side is ``limit``: (h, w, 3) RGB."""

    def add(self, box: Box, rgb: FloatImage, coverage: Mask) -> None:
        """Moves stored pixels of a box towards ``rgb``; see ``pixels.add_change``."""


Frames = Callable[[], Iterable[Frame]]
"""Gives the frames from the first on each time it is called."""


@dataclass(eq=False)
class ArrayFrame:
    """A frame in memory: (H, W, 3) uint8 or uint16 RGB, upright. ``add`` changes a copy."""

    array: NDArray[Any]
    time: float
    faces: int = 0

    upright = np.eye(3)

    @property
    def pixels(self) -> Pixels:
        return Pixels(self.array)

    def copy(self, limit: int) -> NDArray[np.uint8]:
        return small_copy(self.pixels, limit)

    def add(self, box: Box, rgb: FloatImage, coverage: Mask) -> None:
        self.array = self.array.copy()
        add_change(self.array, box, rgb, coverage)


def small_copy(pixels: Pixels, limit: int) -> NDArray[np.uint8]:
    """A picture in eight bits, its long side at most ``limit``."""
    width, height = limited_size(pixels.width, pixels.height, limit)
    rgb = pixels.rgb((0, 0, pixels.width, pixels.height))
    small = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
    return np.rint(small * 255).astype(np.uint8)


def limited_size(width: int, height: int, limit: int) -> tuple[int, int]:
    """Width and height at most ``limit``, of the same form."""
    ratio = min(1.0, limit / max(width, height))
    return max(1, round(width * ratio)), max(1, round(height * ratio))
