"""The second pass: restores the planned faces, frame by frame, looking a few frames ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from ..errors import GpenError
from ..faces import Face
from ..faces.colour import keep_low_frequencies
from ..faces.coverage import Mask, face_shape
from ..faces.geometry import Similarity, cut_crop, resized, to_crop
from ..faces.patch import islands, make_patch, share
from ..pixels import FloatImage
from ..restore.batching import batch_size, run_batches
from ..restore.options import RestoreOptions
from ..restore.restorer import Restorer
from .frames import Frame, Frames
from .plan import Plan, Watch
from .smoothing import SteadyTrack
from .steadying import REACH, Look, steadied

MOST_FRAMES = 16
"""Frames that are read before the network runs, at most."""


@dataclass(eq=False)
class _Crop:
    """One face in one frame."""

    track: SteadyTrack
    face: Face
    strength: float
    alignment: Similarity
    """Stored pixels to the crop at the network's input size."""
    original: FloatImage
    restored: FloatImage = field(default_factory=lambda: np.zeros((0, 0, 3), np.float32))


@dataclass(eq=False)
class _Work:
    """One frame on its way."""

    frame: Frame
    crops: list[_Crop]


def restored_frames(
    frames: Frames,
    plan: Plan,
    restorer: Restorer,
    options: RestoreOptions,
    *,
    strengths: list[float] | None = None,
    watch: Watch = lambda what, done: None,
    note: Callable[[str], None] = lambda sentence: None,
) -> Iterator[Frame]:
    """Restores a film; memory does not grow with its length.

    Args:
        frames: the film, the same as ``plan`` was made of.
        plan: which faces.
        restorer: model and perhaps parser.
        options: strength, template, colours and seed.
        strengths: of each shot of the plan, in place of the options' strength.
        watch: told before each frame; may raise to stop.
        note: told sentences for the user.

    Yields:
        Every frame, in order, changed in place where a face is.

    Raises:
        GpenError: ``bad_video`` when the film has another number of frames than before;
            ``out_of_memory``.
    """
    work = _read(frames(), plan, restorer, options, strengths, watch)
    window: deque[_Work] = deque()
    place = 0  # of the next frame to give, in the window
    for chunk in _chunks(work, batch_size(restorer.model)):
        crops = [crop for one in chunk for crop in one.crops]
        batches = run_batches(
            restorer.model,
            [crop.original for crop in crops],
            seed=options.seed,
            note=note,
        )
        for crop, image in zip(crops, batches, strict=True):
            crop.restored = image
        for one in chunk:
            window.append(one)
            if len(window) > place + REACH:
                yield _finished(window, place, restorer, options)
                if place == REACH:
                    window.popleft()
                else:
                    place += 1
    while place < len(window):
        yield _finished(window, place, restorer, options)
        place += 1


def _read(
    frames: Iterable[Frame],
    plan: Plan,
    restorer: Restorer,
    options: RestoreOptions,
    strengths: list[float] | None,
    watch: Watch,
) -> Iterator[_Work]:
    """Frames with the aligned crops of their faces."""
    size, number, shot = restorer.model.config.in_size, -1, 0
    for number, frame in enumerate(frames):
        watch("restoring", number)
        if number >= len(plan.times):
            break
        while number >= plan.shots[shot][1]:
            shot += 1
        strength = strengths[shot] if strengths else options.strength
        crops = []
        for track in plan.tracks[shot]:
            if track.first <= number <= track.last and strength > 0:
                face = track.face(number)
                m = to_crop(face.landmarks, size, options.template).matrix
                alignment = Similarity(np.asarray(m @ frame.upright, np.float64))
                try:
                    original = cut_crop(frame.pixels, alignment, size)
                except GpenError:  # it has left the picture
                    continue
                own = strength * track.strength(number)
                crops.append(_Crop(track, face, own, alignment, original))
        yield _Work(frame, crops)
    if number != len(plan.times) - 1:
        raise GpenError(
            "bad_video",
            "The film did not give the same frames when it was read again.",
            "It may have changed meanwhile; try again.",
        )


def _chunks(work: Iterable[_Work], faces: int) -> Iterator[list[_Work]]:
    """Consecutive frames that together have enough faces for a batch."""
    chunk: list[_Work] = []
    for one in work:
        chunk.append(one)
        if len(chunk) == MOST_FRAMES or sum(len(w.crops) for w in chunk) >= faces:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _finished(
    window: deque[_Work], place: int, restorer: Restorer, options: RestoreOptions
) -> Frame:
    """The frame at this place of the window with its faces restored."""
    work = window[place]
    out_size = restorer.model.config.out_size
    patches, strengths = [], []
    for crop in work.crops:
        looks = {
            other_place - place: Look(other.original, other.restored)
            for other_place, one in enumerate(window)
            for other in one.crops
            if other.track is crop.track and abs(other_place - place) <= REACH
        }
        image = steadied(looks)
        if options.keep_colours:
            image = keep_low_frequencies(image, resized(crop.original, out_size))
        mask = _coverage(restorer, image, options.template)
        enlarged = crop.alignment.then_enlarged(out_size / crop.original.shape[0])
        patches.append(make_patch(work.frame.pixels, crop.face, enlarged, image, mask))
        strengths.append(np.float32(crop.strength))
    shared = share(patches)
    faded = [
        replace(patch, coverage=patch.coverage * strength)
        for patch, strength in zip(shared, strengths, strict=True)
    ]
    for island in islands(faded):
        work.frame.add(island.box, island.rgb, island.coverage)
    return work.frame


def _coverage(restorer: Restorer, crop: FloatImage, template: str) -> Mask:
    return restorer.parser(crop) if restorer.parser else face_shape(crop.shape[0], template)
