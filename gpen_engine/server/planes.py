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
from ..restore.layering import layer_pixels, merged_pixels
from ..restore.marks import Mark
from ..wire import FaceInfo, PatchInfo


@dataclass(frozen=True, eq=False)  # arrays cannot be compared as a whole
class Planes:
    """One patch, ready to be sent."""

    info: PatchInfo
    pixels: NDArray[Any]
    """(h, w, 4) RGBA in the type of the picture."""
    coverage: NDArray[Any]
    """(h, w) of the same type, linear, white is full coverage."""


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
        result: of an RGBA picture.
        kind: one of ``wire.messages.RESULTS``.
    """
    place = {id(mark.face): index for index, mark in enumerate(result.marks)}
    layers: Iterator[Patch | Island]
    layers = iter(stacked(result.patches)) if kind == "faces" else islands(result.patches)
    for patch in layers:
        x0, y0, x1, y1 = patch.box
        faces = patch.faces if isinstance(patch, Island) else [patch.face]
        if kind == "merged":
            pixels = merged_pixels(result.pixels, patch, result.strength)
        else:
            pixels = layer_pixels(result.pixels, patch)
        yield Planes(
            PatchInfo(x0, y0, x1 - x0, y1 - y0, tuple(place[id(face)] for face in faces)),
            np.ascontiguousarray(pixels),
            samples(patch.coverage, pixels.dtype),
        )


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
