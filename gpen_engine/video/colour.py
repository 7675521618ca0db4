"""Films' planes of luma and chroma: read as RGB one region at a time, and changed in place.

A film is never taken to RGB and back as a whole: what changes is worked out in RGB, and only the
*change* is added to the planes. So a pixel that no face covers keeps every bit that the decoder
gave, at any depth and whatever the sampling of the chroma.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import GpenError
from ..faces.coverage import Mask
from ..pixels import Box, FloatImage, Pixels

Plane = NDArray[Any]
"""(h, w) uint8 or uint16, a view into a frame."""

WEIGHTS = {
    1: (0.2126, 0.0722),  # Rec. 709
    4: (0.30, 0.11),  # FCC
    5: (0.299, 0.114),  # Rec. 601, 625 lines
    6: (0.299, 0.114),  # Rec. 601, 525 lines
    7: (0.212, 0.087),  # SMPTE 240M
    9: (0.2627, 0.0593),  # Rec. 2020
}
"""Luma's weights of red and blue, by the number that films name their matrix with (ITU-T H.273)."""
UNSPECIFIED = (2, 3)
RGB = 0
STANDARD_LINES = 576
"""Up to so many lines an unnamed matrix is that of Rec. 601, above that of Rec. 709."""


@dataclass(frozen=True)
class Encoding:
    """How numbers in planes mean colours."""

    depth: int
    """Bits a sample."""
    full: bool
    """Whether luma uses all numbers, or 16..235 of 256 and chroma 16..240."""
    red: float
    blue: float
    """Luma's weights."""
    shift: tuple[int, int] = (1, 1)
    """The binary logarithms of how much smaller chroma is, across and down."""

    @classmethod
    def named(cls, matrix: int, lines: int, **more: Any) -> Encoding:
        """By a film's tag.

        Raises:
            GpenError: ``bad_video`` for a matrix that is no plain one.
        """
        if matrix in UNSPECIFIED or matrix == RGB:
            matrix = 6 if lines <= STANDARD_LINES else 1
        if matrix not in WEIGHTS:
            raise GpenError(
                "bad_video",
                f"The film's colours are encoded in a way (matrix {matrix}) that is not read here.",
                "Convert it to Rec. 709 or Rec. 2020 (non-constant luminance) first.",
            )
        red, blue = WEIGHTS[matrix]
        return cls(red=red, blue=blue, **more)

    @property
    def black(self) -> float:
        return 0.0 if self.full else float(16 << (self.depth - 8))

    @property
    def luma_span(self) -> float:
        """Numbers from black to white."""
        return float((1 << self.depth) - 1) if self.full else float(219 << (self.depth - 8))

    @property
    def chroma_span(self) -> float:
        """Numbers from the least to the largest colour difference."""
        return float((1 << self.depth) - 1) if self.full else float(224 << (self.depth - 8))

    @property
    def middle(self) -> float:
        """Chroma's number for no colour."""
        return float(1 << (self.depth - 1))


class PlanePixels(Pixels):
    """A frame in luma and chroma, or in grey, as a picture.

    Args:
        planes: luma, blue and red difference, perhaps alpha; or luma alone; or green, blue and
            red as ``is_rgb`` says.
    """

    def __init__(self, planes: list[Plane], encoding: Encoding, *, is_rgb: bool = False) -> None:
        super().__init__(planes[0])
        self.planes = planes
        self.encoding = encoding
        self.is_rgb = is_rgb

    def rgb(self, box: Box) -> FloatImage:
        """See ``Pixels.rgb``; encoded as the film is, which for most is nearly sRGB."""
        e = self.encoding
        x0, y0, x1, y1 = box
        if self.is_rgb:
            green, blue, red = (p[y0:y1, x0:x1] for p in self.planes[:3])
            stacked: FloatImage = np.dstack([red, green, blue]).astype(np.float32)
            stacked /= np.float32((1 << e.depth) - 1)
            return stacked
        luma = (self.planes[0][y0:y1, x0:x1].astype(np.float32) - e.black) / e.luma_span
        if len(self.planes) < 3:
            return np.clip(np.repeat(luma[:, :, None], 3, axis=2), 0, 1).astype(np.float32)
        cb, cr = (self._chroma(plane, box) for plane in self.planes[1:3])
        red = luma + 2 * (1 - e.red) * cr
        blue = luma + 2 * (1 - e.blue) * cb
        green = (luma - e.red * red - e.blue * blue) / (1 - e.red - e.blue)
        colours: FloatImage = np.clip(np.dstack([red, green, blue]), 0, 1).astype(np.float32)
        return colours

    def opaque(self, box: Box) -> NDArray[np.bool_] | None:
        if len(self.planes) < 4:
            return None
        x0, y0, x1, y1 = box
        visible: NDArray[np.bool_] = self.planes[3][y0:y1, x0:x1] > 0
        return visible

    def add(self, box: Box, target: FloatImage, coverage: Mask) -> None:
        """Moves a region towards ``target``, in place, rounding once; see ``add_change``.

        Chroma that is sampled more coarsely gets the mean change of the pixels it colours.

        Args:
            box: the region.
            target: (h, w, 3) RGB in 0..1, encoded as the film is.
            coverage: (h, w) in 0..1.
        """
        e = self.encoding
        change = coverage[:, :, None] * (target - self.rgb(box))
        if self.is_rgb:
            span = float((1 << e.depth) - 1)
            for plane, channel in zip(self.planes[:3], (1, 2, 0), strict=True):
                _add(plane, box, change[:, :, channel] * span, (1 << e.depth) - 1)
            return
        red, green, blue = np.moveaxis(change, 2, 0)
        luma = e.red * red + (1 - e.red - e.blue) * green + e.blue * blue
        # Numbers beyond black and white are kept where they were, not made.
        _add(self.planes[0], box, luma * e.luma_span, (1 << e.depth) - 1)
        if len(self.planes) < 3:
            return
        for plane, colour, weight in zip(
            self.planes[1:3], (blue, red), (e.blue, e.red), strict=True
        ):
            difference = (colour - luma) / (2 * (1 - weight))
            coarse, mean = self._coarse(box, difference, plane)
            _add(plane, coarse, mean * e.chroma_span, (1 << e.depth) - 1)

    def _chroma(self, plane: Plane, box: Box) -> NDArray[np.float32]:
        """A colour difference of a region, -0.5..0.5, at the size of luma."""
        sx, sy = self.encoding.shift
        x0, y0, x1, y1 = box
        # A sample more on each side, so that interpolation does not depend on the box.
        left, top = max(0, (x0 >> sx) - 1), max(0, (y0 >> sy) - 1)
        part = plane[top : (y1 - 1 >> sy) + 2, left : (x1 - 1 >> sx) + 2].astype(np.float32)
        part = (part - self.encoding.middle) / self.encoding.chroma_span
        if sx or sy:
            height, width = part.shape
            size = (width << sx, height << sy)
            part = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_LINEAR), np.float32)
        dx, dy = x0 - (left << sx), y0 - (top << sy)
        inside: NDArray[np.float32] = part[dy : dy + y1 - y0, dx : dx + x1 - x0]
        return inside

    def _coarse(
        self, box: Box, change: NDArray[np.float32], plane: Plane
    ) -> tuple[Box, NDArray[np.float32]]:
        """A change of luma's pixels as the mean change of the chroma samples that colour them."""
        sx, sy = self.encoding.shift
        if not sx and not sy:
            return box, change
        x0, y0, x1, y1 = box
        left, top, right, bottom = x0 >> sx, y0 >> sy, (x1 - 1 >> sx) + 1, (y1 - 1 >> sy) + 1
        whole = np.zeros(((bottom - top) << sy, (right - left) << sx), np.float32)
        dx, dy = x0 - (left << sx), y0 - (top << sy)
        whole[dy : dy + change.shape[0], dx : dx + change.shape[1]] = change
        size = (right - left, bottom - top)
        mean = np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.float32)
        right, bottom = min(right, plane.shape[1]), min(bottom, plane.shape[0])
        return (left, top, right, bottom), mean[: bottom - top, : right - left]


def _add(plane: Plane, box: Box, change: NDArray[np.floating], most: int) -> None:
    x0, y0, x1, y1 = box
    region = plane[y0:y1, x0:x1]
    touched = change != 0
    new = np.rint(region[touched] + change[touched].astype(np.float64))
    region[touched] = np.clip(new, 0, most).astype(plane.dtype)
