"""The second pass: restores the planned faces, frame by frame, looking a few frames ahead."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..errors import GpenError
from ..faces import Face
from ..faces.colour import keep_low_frequencies
from ..faces.coverage import Mask, face_shape
from ..faces.geometry import Similarity, cut_crop, known_box, resized, to_crop
from ..faces.grain import grained
from ..faces.patch import islands, make_patch, share
from ..pixels import FloatImage
from ..restore.batching import batch_size, run_batches
from ..restore.options import RestoreOptions
from ..restore.restorer import Restorer
from ..restore.treatment import Treatment
from .frames import Frame, Frames
from .plan import Plan, Watch
from .smoothing import SteadyTrack
from .steadying import REACH, steadied

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
    """(in_size, in_size, 3)"""
    steady: FloatImage
    """The same without most of its grain: what the network is to see."""


@dataclass(eq=False)
class _Work:
    """One frame on its way."""

    number: int
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
    network: Callable[[float], None] = lambda seconds: None,
) -> Iterator[Frame]:
    """Restores a film; memory does not grow with its length.

    Args:
        frames: the film, the same as ``plan`` was made of.
        plan: which faces.
        restorer: model and perhaps parser.
        options: strength, template, colours, grain and seed; its guard is not asked.
        strengths: of each shot of the plan, in place of the options' strength.
        watch: told before each frame; may raise to stop.
        note: told sentences for the user.
        network: told, for each face, the wall time that the network took.

    Yields:
        Every frame, in order, changed in place where a face is.

    Raises:
        GpenError: ``bad_video`` when the film has another number of frames than before;
            ``out_of_memory``.
    """
    work = _looked_around(_read(frames(), plan, restorer, options, strengths, watch))
    for chunk in _chunks(work, batch_size(restorer.model)):
        treatments = [
            [
                Treatment(crop.steady, crop.alignment.scale, options, crop.track.toned)
                for crop in one.crops
            ]
            for one in chunk
        ]
        seen = [treatment.given for those in treatments for treatment in those]
        restored = run_batches(restorer.model, seen, seed=options.seed, note=note)
        for one, those in zip(chunk, treatments, strict=True):
            images = []
            for treatment in those:
                started = time.perf_counter()
                image = next(restored)
                network(time.perf_counter() - started)
                images.append(treatment.finished(image))
            _paste(one, images, restorer, options)
            yield one.frame


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
                own = strength * track.strength(number)
                try:
                    known_box(frame.pixels, alignment, size)
                except GpenError:  # it has left the picture
                    continue
                original = cut_crop(frame.pixels, alignment, size)
                crops.append(_Crop(track, face, own, alignment, original, original))
        yield _Work(number, frame, crops)
    if number != len(plan.times) - 1:
        raise GpenError(
            "bad_video",
            "The film did not give the same frames when it was read again.",
            "It may have changed meanwhile; try again.",
        )


def _looked_around(work: Iterable[_Work]) -> Iterator[_Work]:
    """The same, each crop steadied by those of its track in the frames before and after."""
    window: deque[_Work] = deque(maxlen=2 * REACH + 1)
    behind = 0  # frames at the window's end that have not been given
    for one in work:
        window.append(one)
        behind += 1
        if behind > REACH:
            yield _steady(window, len(window) - behind)
            behind -= 1
    for place in range(len(window) - behind, len(window)):
        yield _steady(window, place)


def _steady(window: deque[_Work], place: int) -> _Work:
    work = window[place]
    near = range(max(0, place - REACH), min(len(window), place + REACH + 1))
    for crop in work.crops:
        same = {
            other - place: found.original
            for other in near
            for found in window[other].crops
            if found.track is crop.track
        }
        crop.steady = steadied(same)
    return work


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


def _paste(
    work: _Work, restored: list[FloatImage], restorer: Restorer, options: RestoreOptions
) -> None:
    """Puts the restored crops of a frame into it."""
    pixels = work.frame.pixels
    out_size = restorer.model.config.out_size
    patches = []
    for crop, image in zip(work.crops, restored, strict=True):
        if options.keep_colours:  # the light of this very frame, which may flicker around the face
            image = keep_low_frequencies(image, resized(crop.original, out_size))
        mask = _coverage(restorer, image, options.template)
        enlarged = crop.alignment.then_enlarged(out_size / crop.original.shape[0])
        patch = make_patch(pixels, crop.face, enlarged, image, mask)
        if options.match_grain:  # which is another in every frame
            patch = grained(patch, pixels, options.seed + work.number)
        patches.append(patch)
    faded = [
        replace(patch, coverage=patch.coverage * np.float32(crop.strength))
        for patch, crop in zip(share(patches), work.crops, strict=True)
    ]
    work.frame.faces = len(faded)
    for island in islands(faded):
        work.frame.add(island.box, island.rgb, island.coverage)


def _coverage(restorer: Restorer, crop: FloatImage, template: str) -> Mask:
    return restorer.parser(crop) if restorer.parser else face_shape(crop.shape[0], template)
