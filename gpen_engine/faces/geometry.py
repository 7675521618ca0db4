"""Alignment: where a face lies, and the similarity that takes it to the network's crop.

Coordinates are pixels, x to the right and y down, the centre of the first pixel at (0, 0), as in
OpenCV. Landmarks are (5, 2): left eye, right eye, nose, left and right mouth corner, as seen in
the picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import GpenError
from ..pixels import Box, FloatImage, Pixels
from ..wire import framing

Points = NDArray[np.float64]

TEMPLATES: Mapping[str, Points] = MappingProxyType(
    {name: np.array(points) for name, points in framing.TEMPLATES.items()}
)
"""Where the five landmarks go in a crop, in units of its side."""


@dataclass(frozen=True)
class Similarity:
    """Turn, uniform scale and shift: (x, y) -> matrix @ (x, y, 1)."""

    matrix: Points
    """(2, 3) float64."""

    @classmethod
    def between(cls, source: Points, target: Points) -> Similarity:
        """The least-squares similarity that takes source (n, 2) to target (n, 2).

        Umeyama 1991 without reflection; in the plane it is a linear problem in the complex
        number that turns and scales.
        """
        s, t = source.mean(axis=0), target.mean(axis=0)
        a = (source - s) @ np.array([1, 1j])
        b = (target - t) @ np.array([1, 1j])
        spread = np.vdot(a, a).real
        if spread <= 0:
            raise GpenError("bad_landmarks", "All landmarks of a face lie on one point.")
        z = np.vdot(a, b) / spread
        turn = np.array([[z.real, -z.imag], [z.imag, z.real]])
        return cls(np.hstack([turn, (t - turn @ s)[:, None]]))

    @property
    def scale(self) -> float:
        """Length of the image of a unit vector."""
        return float(np.hypot(*self.matrix[:, 0]))

    def inverse(self) -> Similarity:
        return Similarity(np.asarray(cv2.invertAffineTransform(self.matrix), np.float64))

    def moved(self, dx: float, dy: float) -> Similarity:
        """The same map for sources whose origin is at (dx, dy)."""
        matrix = self.matrix.copy()
        matrix[:, 2] += matrix[:, :2] @ (dx, dy)
        return Similarity(matrix)

    def then_enlarged(self, ratio: float) -> Similarity:
        """This map into a crop, for the same crop resampled to ``ratio`` times its side: the edges
        of the outer pixels stay where they are, so centres move by half of the difference."""
        matrix = self.matrix * ratio
        matrix[:, 2] += (ratio - 1) / 2
        return Similarity(matrix)

    def __call__(self, points: Points) -> Points:
        """Maps (n, 2) points."""
        mapped: Points = points @ self.matrix[:, :2].T + self.matrix[:, 2]
        return mapped


def to_crop(landmarks: Points, size: int, template: str = "gpen") -> Similarity:
    """The map from the picture to a crop of this side."""
    return Similarity.between(landmarks, TEMPLATES[template] * size)


def crop_box(alignment: Similarity, size: int) -> Box:
    """The upright box in picture pixels that holds the crop's square; may leave the picture."""
    edge = size - 0.5
    corners = np.array([[-0.5, -0.5], [edge, -0.5], [edge, edge], [-0.5, edge]])
    points = alignment.inverse()(corners)
    x0, y0 = np.floor(points.min(axis=0)).astype(int)
    x1, y1 = np.ceil(points.max(axis=0)).astype(int) + 1
    return int(x0), int(y0), int(x1), int(y1)


def inside(box: Box, width: int, height: int) -> Box:
    """The part of a box that lies in a picture of this size."""
    x0, y0, x1, y1 = box
    x0, x1 = (min(max(x, 0), width) for x in (x0, x1))
    y0, y1 = (min(max(y, 0), height) for y in (y0, y1))
    return x0, y0, x1, y1


def known_box(pixels: Pixels, alignment: Similarity, size: int, margin: int = 0) -> Box:
    """The part of a crop's upright box, widened by a margin, that lies in the picture.

    Raises:
        GpenError: ``bad_landmarks`` when none does.
    """
    x0, y0, x1, y1 = crop_box(alignment, size)
    box = (x0 - margin, y0 - margin, x1 + margin, y1 + margin)
    known = inside(box, pixels.width, pixels.height)
    if known[0] >= known[2] or known[1] >= known[3]:
        raise GpenError("bad_landmarks", "A face lies outside of the picture.")
    return known


def cut_crop(pixels: Pixels, alignment: Similarity, size: int) -> FloatImage:
    """The aligned crop, (size, size, 3) float32 RGB in 0..1; beyond the picture it is reflected."""
    known = known_box(pixels, alignment, size, margin=2)  # for the interpolation
    region = pixels.rgb(known)
    return resample(region, alignment.moved(known[0], known[1]), (size, size))


def resized(square: FloatImage, size: int) -> FloatImage:
    """A square image (s, s, C) at another size: averaged when it shrinks, cubic when it grows."""
    if square.shape[0] == size:
        return square
    method = cv2.INTER_AREA if size < square.shape[0] else cv2.INTER_CUBIC
    return np.clip(cv2.resize(square, (size, size), interpolation=method), 0, 1).astype(np.float32)


def resample(
    image: FloatImage,
    similarity: Similarity,
    size: tuple[int, int],
    *,
    sharp: bool = False,
    border: int = cv2.BORDER_REFLECT_101,
) -> FloatImage:
    """Maps an image by a similarity, without aliasing.

    Args:
        image: (h, w) or (h, w, C) float32.
        similarity: source to target coordinates.
        size: (width, height) of the result.
        sharp: for enlarging: cubic instead of linear interpolation.
        border: OpenCV border mode for what lies outside of the source.
    """
    scale = similarity.scale
    if scale < 0.75:
        # Interpolation looks at neighbours only: average first, down to the size it will have.
        height, width = image.shape[:2]
        small = (max(1, round(width * scale)), max(1, round(height * scale)))
        fx, fy = small[0] / width, small[1] / height
        image = cv2.resize(image, small, interpolation=cv2.INTER_AREA).astype(np.float32)
        # Averaging maps pixel *edges* onto each other; centres are half a pixel off.
        grow = np.array([[1 / fx, 0, 0.5 / fx - 0.5], [0, 1 / fy, 0.5 / fy - 0.5], [0, 0, 1]])
        matrix = similarity.matrix @ grow
    elif sharp and scale > 1:
        # Doubling by cubic first keeps the edges; OpenCV's linear warp is exact in its positions,
        # its cubic one rounds them to 1/32 pixel.
        image, similarity = _needed(image, similarity, size)
        image = doubled(image)
        matrix = similarity.matrix @ np.array([[0.5, 0, -0.25], [0, 0.5, -0.25], [0, 0, 1]])
    else:
        matrix = similarity.matrix
    warped = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=border)
    return np.asarray(warped, dtype=np.float32)


def _needed(
    image: FloatImage, similarity: Similarity, size: tuple[int, int]
) -> tuple[FloatImage, Similarity]:
    """The part of a source that a result of this size (width, height) is made of, and its map."""
    margin = 4  # of doubling and interpolation
    corners = np.array([[x, y] for x in (0, size[0]) for y in (0, size[1])], np.float64)
    points = similarity.inverse()(corners)
    x0, y0 = np.floor(points.min(axis=0)).astype(int) - margin
    x1, y1 = np.ceil(points.max(axis=0)).astype(int) + margin + 1
    x0, y0, x1, y1 = inside((int(x0), int(y0), int(x1), int(y1)), image.shape[1], image.shape[0])
    if x0 >= x1 or y0 >= y1:
        return image, similarity  # all of it lies beyond the border
    return image[y0:y1, x0:x1], similarity.moved(x0, y0)


def doubled(image: FloatImage) -> FloatImage:
    """(h, w) or (h, w, C) at twice its size, edges onto edges, by Keys' cubic (1981).

    OpenCV's own cubic is another (a = -0.75 for -0.5): sharper, but it moves pixels to and fro by
    a twentieth, so that a ramp becomes a stair.
    """
    early = np.array([-0.0234375, 0.2265625, 0.8671875, -0.0703125, 0])  # a quarter before
    halves = (early, early[::-1])
    double = np.empty((2 * image.shape[0], 2 * image.shape[1], *image.shape[2:]), np.float32)
    for row, vertical in enumerate(halves):
        for column, horizontal in enumerate(halves):
            double[row::2, column::2] = cv2.sepFilter2D(image, -1, horizontal, vertical)
    return double
