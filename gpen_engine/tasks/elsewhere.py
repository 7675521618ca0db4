"""Faces for a picture that was changed, found in the picture as it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from ..faces import Detector, Face
from ..pixels import Pixels


class Elsewhere(Detector):
    """Searches one picture where it is asked for another.

    Args:
        detector: what searches.
        pixels: where.
        instead: the picture that it stands for; all others are searched themselves.
        wanted: whether a face of that picture counts.
        scale: how many times larger the picture is that the faces are for.
    """

    def __init__(
        self,
        detector: Detector,
        pixels: Pixels,
        instead: NDArray[Any],
        *,
        wanted: Callable[[Face], bool] = lambda _: True,
        scale: int = 1,
    ) -> None:
        self.detector = detector
        self.pixels = pixels
        self.instead = instead
        self.wanted = wanted
        self.scale = scale

    def detect(
        self,
        pixels: Pixels,
        *,
        threshold: float = 0.9,
        size: int = 0,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> list[Face]:
        """See ``Detector.detect``."""
        meant = pixels.given is self.instead
        faces = self.detector.detect(
            self.pixels if meant else pixels, threshold=threshold, size=size, progress=progress
        )
        if not meant:
            return faces
        return [enlarged(face, self.scale) for face in faces if self.wanted(face)]


def enlarged(face: Face, scale: int) -> Face:
    """The face in the same picture at a multiple of its size.

    The edges of the outer pixels stay on each other, so centres move by half of the difference.
    """
    if scale == 1:
        return face
    shift = (scale - 1) / 2
    x0, y0, x1, y1 = (scale * v + shift for v in face.box)
    return replace(face, box=(x0, y0, x1, y1), landmarks=scale * face.landmarks + shift)
