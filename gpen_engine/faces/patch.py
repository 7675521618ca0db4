"""Patches: restored crops brought back to the picture, each in its face's bounding box only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

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
    """(h, w), 0..1: how much of it each pixel takes at full strength of face and picture."""


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
    back = alignment.inverse()

    def placed(image: FloatImage, box: Box, **how: Any) -> FloatImage:
        x0, y0, x1, y1 = box
        shift = Similarity(back.matrix - np.array([[0, 0, x0], [0, 0, y0]]))
        inside = resample(image, shift, (x1 - x0, y1 - y0), **how)
        return np.clip(inside, 0, 1, out=inside)

    box = known_box(pixels, alignment, crop.shape[0])
    coverage = placed(mask, box, border=cv2.BORDER_CONSTANT)
    opaque = pixels.opaque(box)
    if opaque is not None:
        coverage *= opaque
    # The crop's box is twice as large as what its coverage leaves of it.
    part = _covered(coverage)
    box = _within(box, part)
    return Patch(face, box, placed(crop, box, sharp=True), np.ascontiguousarray(coverage[part]))


def limited(patch: Patch, part: Mask) -> Patch | None:
    """The patch with its coverage multiplied by another, trimmed; None where nothing is left.

    Args:
        patch: what is limited.
        part: (h, w) float32 in 0..1, of the patch's box.
    """
    coverage = patch.coverage * part
    return _trimmed(replace(patch, coverage=coverage)) if coverage.any() else None


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


def stacked(patches: list[Patch]) -> list[Patch]:
    """The same picture from layers one above the other, the first on top.

    Each layer is to be blended over what lies below, ``below * (1 - c) + rgb * c``; so a lower one
    gets the more coverage, the less those above let through.

    Args:
        patches: with coverages that add up to at most 1, as from :func:`share`; for a strength
            below 1, already multiplied with it. Those of the faces are not in them: they are
            the layers' opacities, ``c`` is the coverage times the face's strength.
    """
    layers = []
    for place, patch in enumerate(patches):
        through = np.ones_like(patch.coverage)
        for other, here, there in _neighbours(patch, patches[:place]):
            through[here] -= _shown(other)[there]
        own = np.zeros_like(through)
        np.divide(patch.coverage, through, out=own, where=through > 0)
        layers.append(replace(patch, coverage=np.clip(own, 0, 1)))
    return layers


@dataclass(frozen=True, eq=False)
class Island:
    """What comes back for faces whose boxes overlap, as one rectangle."""

    faces: list[Face]
    """Those in it, in the order of their patches."""
    box: Box
    """Where it goes, in pixels of the picture."""
    rgb: FloatImage
    """(h, w, 3) mean of the restored pixels, weighted by coverage; 0 where nothing is covered."""
    coverage: Mask
    """(h, w), 0..1: the sum of the coverages."""


def islands(patches: list[Patch]) -> Iterator[Island]:
    """The same picture from rectangles that do not overlap, so that each can simply be written.

    A pixel between touching faces is blended in float and rounded once. The faces' own strengths
    are in the coverages. One island at a time is made and held; a lone face's is its patch, not
    copied.

    Args:
        patches: with coverages that add up to at most 1, as from :func:`share`.
    """
    for box, group in groups(patches):
        if len(group) == 1:
            (patch,) = group
            yield Island([patch.face], box, patch.rgb, _shown(patch))
            continue
        x0, y0, x1, y1 = box
        rgb = np.zeros((y1 - y0, x1 - x0, 3), np.float32)
        coverage = np.zeros(rgb.shape[:2], np.float32)
        for patch in group:
            left, top, right, bottom = patch.box
            here = (slice(top - y0, bottom - y0), slice(left - x0, right - x0))
            shown = _shown(patch)
            rgb[here] += patch.rgb * shown[:, :, None]
            coverage[here] += shown
        np.divide(rgb, coverage[:, :, None], out=rgb, where=coverage[:, :, None] > 0)
        # Sums may end one rounding above 1.
        np.minimum(rgb, 1, out=rgb)
        np.minimum(coverage, 1, out=coverage)
        yield Island([patch.face for patch in group], box, rgb, coverage)


def groups(patches: list[Patch]) -> list[tuple[Box, list[Patch]]]:
    """The patches of each island with its box, found without looking at pixels.

    Overlapping boxes are replaced by the one around them until none overlap. Groups come in the
    order of their first patches, patches in their own order.
    """
    found: list[tuple[Box, list[int]]] = []
    for place, patch in enumerate(patches):
        box, members = patch.box, [place]
        while touched := [group for group in found if _common(group[0], box)]:
            found = [group for group in found if not _common(group[0], box)]
            for other, others in touched:
                box = _around(box, other)
                members += others
        found.append((box, sorted(members)))
    found.sort(key=lambda group: group[1])
    return [(box, [patches[place] for place in members]) for box, members in found]


Window = tuple[slice, slice]


def _shown(patch: Patch) -> Mask:
    """The coverage at the strength of the patch's own face."""
    strength = patch.face.strength
    return patch.coverage if strength == 1 else patch.coverage * np.float32(strength)


def _neighbours(patch: Patch, patches: list[Patch]) -> list[tuple[Patch, Window, Window]]:
    """The other patches whose boxes meet this one's, with the common part in either's indices."""
    found = []
    for other in patches:
        common = _common(patch.box, other.box)
        if other is not patch and common:
            x0, y0, x1, y1 = common
            here, there = (
                (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
                for left, top, _, _ in (patch.box, other.box)
            )
            found.append((other, here, there))
    return found


def _around(one: Box, other: Box) -> Box:
    """The smallest rectangle that holds both."""
    x0, y0 = min(one[0], other[0]), min(one[1], other[1])
    return x0, y0, max(one[2], other[2]), max(one[3], other[3])


def _common(one: Box, other: Box) -> Box | None:
    """The rectangle that lies in both."""
    x0, y0 = max(one[0], other[0]), max(one[1], other[1])
    x1, y1 = min(one[2], other[2]), min(one[3], other[3])
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def _trimmed(patch: Patch) -> Patch:
    part = _covered(patch.coverage)
    return Patch(
        patch.face,
        _within(patch.box, part),
        np.ascontiguousarray(patch.rgb[part]),
        np.ascontiguousarray(patch.coverage[part]),
    )


def _covered(coverage: Mask) -> Window:
    """The rows and columns in which anything is covered."""
    rows = np.flatnonzero(coverage.any(axis=1))
    columns = np.flatnonzero(coverage.any(axis=0))
    if not len(rows):
        rows = columns = np.zeros(1, int)  # nothing is: one pixel that stays as it is
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _within(box: Box, part: Window) -> Box:
    """A part of a box, in pixels of the picture."""
    rows, columns = part
    x0, y0 = box[:2]
    return x0 + columns.start, y0 + rows.start, x0 + columns.stop, y0 + rows.stop
