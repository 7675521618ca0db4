"""Restored faces as they go over the wire: rectangles of rows in the client's own samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import GpenError
from ..faces import Face, Patch
from ..faces.patch import Island, islands, stacked
from ..restore import RestoreResult
from ..restore.layering import layer_pixels
from ..restore.marks import Mark
from ..wire import FaceInfo, PatchInfo
from ..wire.channel import rows_per_strip


@dataclass(frozen=True, eq=False)  # arrays cannot be compared as a whole
class Planes:
    """One patch, ready to be sent."""

    info: PatchInfo
    pixels: NDArray[Any]
    """(h, w, 4) RGBA in the type of the picture."""
    coverage: NDArray[Any]
    """(h, w) of the same type, linear, white is full coverage; perhaps one value for all."""

    def rows(self) -> Iterator[memoryview]:
        """What is sent: strips of rows, first of the pixels, then of the coverage."""
        for plane in (self.pixels, self.coverage):
            step = rows_per_strip(plane[0].nbytes)
            for top in range(0, len(plane), step):
                yield np.ascontiguousarray(plane[top : top + step]).data


def face_info(mark: Mark) -> FaceInfo:
    face = mark.face
    x0, y0, x1, y1 = (float(side) for side in face.box)
    landmarks = tuple(float(value) for value in face.landmarks.ravel())
    return FaceInfo(
        (x0, y0, x1, y1),
        landmarks,
        float(face.score),
        mark.similarity,
        mark.changed,
        mark.restored,
        mark.limits,
        face.strength,
    )


def face_of(info: FaceInfo) -> Face:
    """The face that a client means.

    Raises:
        GpenError: ``bad_option`` for a strength out of its range.
    """
    if not 0 <= info.strength <= 1:
        raise GpenError("bad_option", "The strength of a face must lie between 0 and 1.")
    landmarks = np.array(info.landmarks, np.float64).reshape(5, 2)
    return Face(info.box, landmarks, info.score, info.strength)


def planes(result: RestoreResult, kind: str) -> Iterator[Planes]:
    """Converts one patch after the other; none is kept.

    Args:
        result: of an RGBA picture; of an RGB one, the planes are opaque.
        kind: one of ``wire.messages.RESULTS``.
    """
    place = {id(mark.face): index for index, mark in enumerate(result.marks)}
    layers: Iterator[Patch | Island]
    layers = iter(stacked(result.patches)) if kind == "faces" else islands(result.patches)
    for patch in layers:
        x0, y0, x1, y1 = patch.box
        faces = patch.faces if isinstance(patch, Island) else [patch.face]
        pixels = result.merged(patch) if kind == "merged" else layer_pixels(result.pixels, patch)
        if pixels.shape[2] == 3:
            white = np.full(pixels.shape[:2], result.pixels.white, pixels.dtype)
            pixels = np.dstack([pixels, white])
        yield Planes(
            PatchInfo(x0, y0, x1 - x0, y1 - y0, tuple(place[id(face)] for face in faces)),
            np.ascontiguousarray(pixels),
            samples(patch.coverage, pixels.dtype),
        )


def new_picture(result: RestoreResult) -> Planes:
    """A whole picture that was made, as one patch. The faces are pasted into ``result.pixels``,
    because it may be too large to be copied.

    Args:
        result: of an RGBA picture that nobody else needs.
    """
    picture = result.pixels.array
    result.paste(picture)
    height, width = picture.shape[:2]
    shown = tuple(place for place, mark in enumerate(result.marks) if mark.restored)
    white = np.broadcast_to(picture.dtype.type(result.pixels.white), (height, width))
    return Planes(PatchInfo(0, 0, width, height, shown), picture, white)


def samples(coverage: NDArray[np.float32], dtype: np.dtype[Any]) -> NDArray[Any]:
    """A coverage in 0..1 as samples of this type, contiguous; itself where it is that already.

    Integer ones are rounded, but what is covered at all is never rounded to 0, so that a client
    which writes where the coverage is not 0 writes every pixel that was restored.
    """
    if dtype.kind == "f":
        same: NDArray[Any] = np.asarray(coverage, dtype, order="C")
        return same
    rounded: NDArray[Any] = np.rint(coverage * np.float32(np.iinfo(dtype).max)).astype(dtype)
    rounded[(rounded == 0) & (coverage > 0)] = 1
    return rounded
