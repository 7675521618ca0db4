"""Patches: restored crops brought back to the picture, each in its face's bounding box only."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from ..pixels import Box, FloatImage, Pixels
from .coverage import Mask
from .detection import Face
from .geometry import Similarity, known_box, resample


@dataclass(frozen=True, eq=False)  # arrays cannot be compared as a whole
class Patch:
    """What comes back for one face."""

    face: Face
    """The face that was restored."""
    box: Box
    """Where it goes, in pixels of the picture, inside of it."""
    rgb: FloatImage
    """(h, w, 3) restored pixels, sRGB-encoded, 0..1, at full strength."""
    coverage: Mask
    """(h, w), 0..1: how much of it each pixel takes at full strength."""


def make_patch(
    pixels: Pixels, face: Face, alignment: Similarity, crop: FloatImage, mask: Mask
) -> Patch:
    """Maps a restored crop and its coverage back into the picture.

    Args:
        pixels: the picture.
        face: what was restored.
        alignment: picture to crop, for a crop of the *restored* size.
        crop: (size, size, 3) restored RGB in 0..1.
        mask: (size, size) coverage in the crop.

    Returns:
        The patch, trimmed to where its coverage is not 0: what the reflection beyond the
        picture's edge invented is not in it.

    Raises:
        GpenError: ``bad_landmarks`` when the crop lies outside of the picture.
    """
    size = crop.shape[0]
    x0, y0, x1, y1 = box = known_box(pixels, alignment, size)
    back = alignment.inverse()
    shift = Similarity(back.matrix - np.array([[0, 0, x0], [0, 0, y0]]))
    extent = (x1 - x0, y1 - y0)
    rgb = np.clip(resample(crop, shift, extent, sharp=True), 0, 1)
    coverage = resample(mask, shift, extent, border=cv2.BORDER_CONSTANT)
    opaque = pixels.opaque(box)
    if opaque is not None:
        coverage = coverage * opaque
    return _trimmed(Patch(face, box, rgb, np.clip(coverage, 0, 1)))


def share(patches: list[Patch]) -> list[Patch]:
    """Divides the pixels that several faces claim, so that their coverages add up to at most 1.

    Each coverage is weighted with its own share of the sum: where one face clearly dominates it
    keeps its own, and between touching faces one glides into the other without a seam.
    """
    shared = []
    for patch in patches:
        total = patch.coverage.copy()
        for other, here, there in _neighbours(patch, patches):
            total[here] += other.coverage[there]
        own = patch.coverage
        part = np.divide(own, total, out=np.zeros_like(own), where=total > 0)
        shared.append(replace(patch, coverage=own * part))
    return shared


def disjoint(patches: list[Patch]) -> list[Patch]:
    """The same picture from patches of which each pixel has one: the first that covers it.

    There it holds the mean of all, weighted by their coverages, and the sum of these, so that a
    pixel between touching faces is blended in float and rounded once.

    Args:
        patches: with coverages that add up to at most 1, as from :func:`share`.
    """
    order = {id(patch): place for place, patch in enumerate(patches)}
    single = []
    for patch in patches:
        neighbours = _neighbours(patch, patches)
        if not neighbours:
            single.append(patch)
            continue
        coverage = patch.coverage.copy()
        weighted = patch.rgb * coverage[:, :, None]
        taken = np.zeros(coverage.shape, bool)
        for other, here, there in neighbours:
            weighted[here] += other.rgb[there] * other.coverage[there][:, :, None]
            coverage[here] += other.coverage[there]
            if order[id(other)] < order[id(patch)]:
                taken[here] |= other.coverage[there] > 0
        mean = weighted / np.maximum(coverage, 1e-12)[:, :, None]
        coverage[taken | (patch.coverage == 0)] = 0
        single.append(replace(patch, rgb=mean.astype(np.float32), coverage=np.minimum(coverage, 1)))
    return single


Window = tuple[slice, slice]


def _neighbours(patch: Patch, patches: list[Patch]) -> list[tuple[Patch, Window, Window]]:
    """The other patches whose boxes meet this one's, with the common part in either's indices."""
    found = []
    for other in patches:
        x0, y0 = max(patch.box[0], other.box[0]), max(patch.box[1], other.box[1])
        x1, y1 = min(patch.box[2], other.box[2]), min(patch.box[3], other.box[3])
        if other is not patch and x0 < x1 and y0 < y1:
            here, there = (
                (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
                for left, top, _, _ in (patch.box, other.box)
            )
            found.append((other, here, there))
    return found


def _trimmed(patch: Patch) -> Patch:
    rows = np.flatnonzero(patch.coverage.any(axis=1))
    columns = np.flatnonzero(patch.coverage.any(axis=0))
    if not len(rows):
        rows = columns = np.zeros(1, int)  # nothing is covered: one pixel that stays as it is
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    x0, y0 = patch.box[:2]
    return Patch(
        patch.face,
        (x0 + int(left), y0 + int(top), x0 + int(right), y0 + int(bottom)),
        np.ascontiguousarray(patch.rgb[top:bottom, left:right]),
        np.ascontiguousarray(patch.coverage[top:bottom, left:right]),
    )
