"""A decoded frame of a film: its planes, and how it stands upright."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..faces.coverage import Mask
from ..pixels import Box, FloatImage
from .colour import Encoding, Plane, PlanePixels
from .frames import limited_size

if TYPE_CHECKING:
    from av import VideoFrame

FULL_RANGE = 2
_SHIFTS = {
    "444": (0, 0), "440": (0, 1), "422": (1, 0), "420": (1, 1), "411": (2, 0), "410": (2, 2),
}  # fmt: skip
_PLANAR = re.compile(r"(yuvj|yuva|yuv|gray|gbra|gbr)(4\d\d)?p?(\d+)?(le)?")
_PACKED = {  # samples a pixel, and where green, blue, red and alpha stand
    "rgb24": (3, (1, 2, 0)), "bgr24": (3, (1, 0, 2)),
    "rgb0": (4, (1, 2, 0)), "bgr0": (4, (1, 0, 2)),
    "rgba": (4, (1, 2, 0, 3)), "bgra": (4, (1, 0, 2, 3)),
    "rgb48le": (3, (1, 2, 0)), "rgba64le": (4, (1, 2, 0, 3)),
}  # fmt: skip


def is_editable(format: str) -> bool:
    """Whether faces can be put into planes of this format (in FFmpeg's names)."""
    if format in _PACKED:
        return True
    found = _PLANAR.fullmatch(format)
    if not found or (found[3] and not found[4]):
        return False
    return found[2] in _SHIFTS if found[1].startswith("yuv") else found[2] is None


def depth_of(format: str) -> int:
    """Bits a sample of such a format."""
    if format in _PACKED:
        return 16 if format.endswith("le") else 8
    found = _PLANAR.fullmatch(format)
    return int(found[3] or 8) if found else 8


@dataclass(eq=False)
class FilmFrame:
    """One frame; see ``frames.Frame``."""

    frame: VideoFrame
    """In a format that ``is_editable``, and writeable."""
    time: float
    turned: NDArray[np.float64]
    """(2, 2): the quarter turn or mirroring with which it is shown."""
    pixel_form: Fraction
    """Width of a pixel by its height."""
    faces: int = 0

    @property
    def pixels(self) -> PlanePixels:
        frame, name = self.frame, self.frame.format.name
        width, height, depth = frame.width, frame.height, depth_of(name)
        if name in _PACKED:
            count, order = _PACKED[name]
            packed = _samples(frame, 0, width * count, height, depth)
            packed = packed.reshape(height, width, count)
            encoding = Encoding(depth, True, 0, 0, (0, 0))
            return PlanePixels([packed[:, :, c] for c in order], encoding, is_rgb=True)
        found = _PLANAR.fullmatch(name)
        assert found, "formats are chosen by is_editable"
        sx, sy = shift = _SHIFTS.get(found[2], (0, 0))
        coarse = (-(-width // (1 << sx)), -(-height // (1 << sy)))
        planes = [
            _samples(frame, place, *(coarse if place in (1, 2) else (width, height)), depth)
            for place in range(len(frame.planes))
        ]
        full = frame.color_range == FULL_RANGE or name.startswith("yuvj")
        matrix = int(frame.colorspace)
        encoding = Encoding.named(matrix, height, depth=depth, full=full, shift=shift)
        return PlanePixels(planes, encoding, is_rgb=found[1].startswith("gbr"))

    @property
    def upright(self) -> NDArray[np.float64]:
        ratio = float(self.pixel_form)
        square = np.array([[ratio, 0, (ratio - 1) / 2], [0, 1, 0], [0, 0, 1]])
        turn = np.eye(3)
        turn[:2, :2] = self.turned
        edges = np.array([self.frame.width * ratio - 1, self.frame.height - 1])
        corners = np.array([[0, 0], edges]) @ self.turned.T
        turn[:2, 2] = -corners.min(axis=0)
        return np.asarray(turn @ square, np.float64)

    def copy(self, limit: int) -> NDArray[np.uint8]:
        width = round(self.frame.width * float(self.pixel_form))
        width, height = limited_size(width, self.frame.height, limit)
        small = self.frame.reformat(width=width, height=height, format="rgb24", threads=1)
        return self.shown(np.asarray(small.to_ndarray()))

    def shown(self, array: NDArray[Any]) -> NDArray[Any]:
        """(h, w, C) as stored, turned upright."""
        if self.turned[0, 0] == 0:
            array = array.transpose(1, 0, 2)
        right, down = self.turned.sum(axis=1).astype(int)
        return np.ascontiguousarray(array[::down, ::right])

    def add(self, box: Box, rgb: FloatImage, coverage: Mask) -> None:
        self.pixels.add(box, rgb, coverage)


def turn_of(matrix: bytes | None) -> NDArray[np.float64]:
    """(2, 2) quarter turn or mirroring, from the 36 bytes of a display matrix; slanted ones are
    taken for the nearest."""
    if not matrix:
        return np.eye(2)
    # Row vectors are multiplied from the left: (x, y) -> (a x + c y, b x + d y).
    a, b, _, c, d, *_ = np.frombuffer(matrix, np.int32, 9).astype(np.float64)
    turn = np.array([[a, c], [b, d]])
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return np.diag(np.where(np.diag(turn) < 0, -1.0, 1.0))
    return np.array([[0, -1.0 if c < 0 else 1.0], [-1.0 if b < 0 else 1.0, 0]])


def _samples(frame: VideoFrame, place: int, width: int, height: int, depth: int) -> Plane:
    """A plane as (height, width) numbers that can be changed."""
    plane: Any = frame.planes[place]
    kind = np.dtype(np.uint8 if depth <= 8 else np.uint16)
    rows: Plane = np.frombuffer(plane, kind).reshape(-1, plane.line_size // kind.itemsize)
    return rows[:height, :width]
