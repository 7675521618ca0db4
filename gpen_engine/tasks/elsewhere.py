"""Faces for a picture that was changed, found in the picture as it was."""

from __future__ import annotations

from collections.abc import Callable

from ..faces import Detector, Face
from ..pixels import Pixels


class Elsewhere(Detector):
    """Searches one picture whichever it is asked for.

    Args:
        detector: what searches.
        pixels: where.
        wanted: whether a face of that picture counts.
        scale: how many times larger the picture is that the faces are for.
    """

    def __init__(
        self,
        detector: Detector,
        pixels: Pixels,
        *,
        wanted: Callable[[Face], bool] = lambda _: True,
        scale: int = 1,
    ) -> None:
        self.detector = detector
        self.pixels = pixels
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
        """See ``Detector.detect``; ``pixels`` is not looked at."""
        faces = self.detector.detect(self.pixels, threshold=threshold, size=size, progress=progress)
        return [enlarged(face, self.scale) for face in faces if self.wanted(face)]


def enlarged(face: Face, scale: int) -> Face:
    """The face in the same picture at a multiple of its size.

    The edges of the outer pixels stay on each other, so centres move by half of the difference.
    """
    if scale == 1:
        return face
    shift = (scale - 1) / 2
    x0, y0, x1, y1 = (scale * v + shift for v in face.box)
    return Face((x0, y0, x1, y1), scale * face.landmarks + shift, face.score)
