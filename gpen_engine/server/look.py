"""A picture that a client looks at: held with what was found in it and computed of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import GpenError
from ..faces import Face
from ..faces.geometry import inside
from ..faces.region import face_from_region
from ..pixels import Box, FloatImage, Pixels, add_change
from ..restore.finding import find_faces
from ..restore.kept import KeptCrops
from ..restore.marks import Mark
from ..restore.selection import Selection
from ..wire import MOST_PREVIEW, Found, PreviewInfo, Progress, Request
from ..wire.fields import bad_message
from . import job
from .models import Models
from .picture import Received
from .planes import face_info, face_of

UNSURE = 0.2
"""Confidence of the detector that is enough where somebody sees a face."""
AROUND = 1.0
"""How far beyond a drawn square is searched, in its sides, so that the face in it looks usual."""
OVERLAP = 0.25
"""Of a drawn square and the face that is meant by it: their common area over that of both."""
MARGIN = 0.1
"""What a preview shows around what is restored, in its sides."""
WHOLE = ("seg2face", "enlarge")
"""Tasks that make a whole picture."""
GREY = 0.5
"""What is seen through transparent pixels."""


@dataclass(frozen=True, eq=False)  # arrays cannot be compared as a whole
class Shown:
    """A preview, ready to be sent."""

    info: PreviewInfo
    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    """(rows, columns, 3) RGB, sRGB-encoded, both of them."""


class Look:
    """One picture; its methods are for the worker's thread.

    Args:
        received: the picture.
        request: what it was sent for.
    """

    def __init__(self, received: Received, request: Request) -> None:
        self._received = received
        self._request = request
        self._pixels = Pixels(received.pixels)
        self._found: dict[tuple[float, int, bool], list[Face]] = {}
        self._kept: defaultdict[str, KeptCrops] = defaultdict(KeptCrops)
        """By task: each shows the network something else."""

    def check(self, request: Request) -> None:
        """Raises GpenError ``protocol`` when a request is not one for this picture."""
        names = ("width", "height", "sample", "selected")
        if any(getattr(request, name) != getattr(self._request, name) for name in names):
            raise bad_message("the request is for another picture")

    def find(self, models: Models, request: Request, *, progress: Any, cancel: Any) -> Found:
        """All faces, which are searched once for the same options; see ``Engine.find``."""
        key = _finding(request)
        if key not in self._found:
            with job.memory_watched(models):
                self._found[key] = self._search(models, request, progress, cancel)
        return Found(tuple(face_info(Mark(face)) for face in self._found[key]))

    def mark(self, models: Models, request: Request, **_: Any) -> Found:
        """The one face in a drawn square; see ``Engine.mark``."""
        drawn = _only_face(request).box
        x0, y0, x1, y1 = (round(side) for side in drawn)
        region = inside((x0, y0, x1, y1), self._pixels.width, self._pixels.height)
        if region[0] >= region[2] or region[1] >= region[3]:
            raise GpenError(
                "bad_option", "The square lies outside of the picture.", "Draw another."
            )
        dx, dy = round((x1 - x0) * AROUND), round((y1 - y0) * AROUND)
        around = (x0 - dx, y0 - dy, x1 + dx, y1 + dy)
        left, top, right, bottom = inside(around, self._pixels.width, self._pixels.height)
        part = Pixels(self._pixels.array[top:bottom, left:right])
        with job.memory_watched(models):
            seen = models.detector().detect(part, threshold=UNSURE, size=MOST_PREVIEW)
        moved = [_moved(face, left, top) for face in seen]
        best = max(moved, key=lambda face: _common(face.box, drawn), default=None)
        if best is None or _common(best.box, drawn) < OVERLAP:
            best = face_from_region(region)
        return Found((face_info(Mark(best)),))

    def preview(self, models: Models, request: Request, *, progress: Any, cancel: Any) -> Shown:
        """One face before and after; see ``Engine.preview``."""
        face = replace(_only_face(request), strength=1.0)
        if request.task in WHOLE:
            raise GpenError(
                "bad_option",
                f'There is no preview of a face for the task "{request.task}".',
                "Do it, and undo it where it is not what you want.",
            )
        with job.memory_watched(models):
            task = job.task_of(models, request, lambda: progress(job.LOAD))
            try:
                result = task.restore(
                    self._pixels.given,
                    job.options_of(request),
                    selection=self._received.selection,
                    faces=[face],
                    kept=self._kept[task.name],
                    progress=lambda step: progress(job.told(step)),
                    cancel=cancel,
                )
                result = replace(result, strength=1.0)
                patches, similarity = result.patches, result.marks[0].similarity
            except GpenError as error:
                if error.code != "no_face":  # nothing of it is selected
                    raise
                patches, similarity = [], None
            box = _around(patches[0].box if patches else _whole(face.box), self._pixels)
            before = self._pixels.rgb(box)
            after = before.copy()
            for patch in patches:
                x0, y0, x1, y1 = patch.box
                place = (x0 - box[0], y0 - box[1], x1 - box[0], y1 - box[1])
                add_change(after, place, *result.change(patch))
            return self._shown(box, similarity, before, after)

    def finish(
        self,
        models: Models,
        request: Request,
        *,
        progress: Callable[[Progress], None],
        cancel: Callable[[], bool],
    ) -> job.Answer:
        """The restoration; see ``Engine.finish``."""
        return job.restore(
            models,
            request,
            self._received,
            faces=self._found.get(_finding(request)) or None,  # finding none says what to do
            kept=self._kept[request.task],
            progress=progress,
            cancel=cancel,
        )

    def _search(
        self,
        models: Models,
        request: Request,
        progress: Callable[[Progress], None],
        cancel: Callable[[], bool],
    ) -> list[Face]:
        def searched(done: int, total: int) -> None:
            progress(Progress("detect", done, total))
            cancel()

        chosen, pixels = self._received.selection, self._pixels
        selection = None if chosen is None else Selection(chosen, pixels)
        options = job.options_of(request)
        try:
            return find_faces(models.detector(), pixels, options, selection, searched)
        except GpenError as error:
            if error.code != "no_face":
                raise
            return []

    def _shown(self, box: Box, similarity: float | None, *images: FloatImage) -> Shown:
        """Both images of this part of the picture, as bytes of a size that can be looked at."""
        x0, y0, x1, y1 = box
        width, height = x1 - x0, y1 - y0
        scale = min(1.0, MOST_PREVIEW / max(width, height))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        opaque = self._pixels.opaque(box)
        ready = []
        for image in images:
            if opaque is not None:
                image[~opaque] = GREY
            small = image if scale == 1 else cv2.resize(image, size, interpolation=cv2.INTER_AREA)
            ready.append(np.rint(small * 255).astype(np.uint8))
        return Shown(PreviewInfo(x0, y0, width, height, *size, similarity), *ready)


def _finding(request: Request) -> tuple[float, int, bool]:
    """What the faces that are found depend on."""
    return request.threshold, request.detection_size, request.fallback


def _only_face(request: Request) -> Face:
    if request.faces is None or len(request.faces) != 1:
        raise bad_message("it takes one face")
    return face_of(request.faces[0])


def _whole(box: tuple[float, ...]) -> Box:
    x0, y0, x1, y1 = (round(side) for side in box)
    return x0, y0, x1, y1


def _around(box: Box, pixels: Pixels) -> Box:
    """A box of the picture with a margin, never empty."""
    x0, y0, x1, y1 = box
    dx, dy = round((x1 - x0) * MARGIN), round((y1 - y0) * MARGIN)
    x0, y0, x1, y1 = inside((x0 - dx, y0 - dy, x1 + dx, y1 + dy), pixels.width, pixels.height)
    x0, y0 = min(x0, pixels.width - 1), min(y0, pixels.height - 1)
    return x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)


def _moved(face: Face, dx: int, dy: int) -> Face:
    x0, y0, x1, y1 = face.box
    box = (x0 + dx, y0 + dy, x1 + dx, y1 + dy)
    return replace(face, box=box, landmarks=face.landmarks + np.array([dx, dy]))


def _common(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """The common area of two boxes over that of both, 0..1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    both = max(width, 0.0) * max(height, 0.0)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return both / (areas - both) if both else 0.0
