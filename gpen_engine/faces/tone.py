"""The tone of black-and-white photographs: grey, sepia, the blue of a cyanotype.

Such a picture has one colour for each luminance. A network that has seen colour gives it a little
of what it knows of skin; so its luminance alone is restored, and the tone is put back.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..pixels import LUMA, FloatImage
from .geometry import resized

NODES = 33
"""Luminances at which the curve is known; straight lines lie between them."""
SIDE = 128
"""Larger crops are measured on a copy of this side."""
SMOOTHING = 1 / 128
"""Standard deviation of the blur before measuring, in units of the side: JPEG keeps half of the
colours' resolution and adds noise to them, which says nothing about the tone."""
LEAST_COLOUR = 1.8 / 255
"""Root mean square distance of the colours from the curve at which a picture counts as a coloured
one. Of 16 photographs and 800 portraits the toned ones reach 1.6 (a salt print), the coloured ones
begin at 2.1 (brown studio light)."""
LEAST_SHARE = 0.06
"""The same, in units of the luminance's standard deviation: a dark colour picture has weak colours,
but is none the less one. The salt print has 0.03."""
ROUNDING = 0.5 / 255
"""Distances up to this are those of rounded numbers, however flat the picture is."""
_BLEND = 1e-4
"""How strongly neighbouring nodes are drawn together, against the pixels' shares of the whole."""


@dataclass(frozen=True, eq=False)
class Tone:
    """One colour for each luminance."""

    offsets: NDArray[np.float64]
    """(NODES, 3): colour minus luminance at 0, 1 / (NODES - 1), ..., 1; all 0 for grey. Their
    luminance is 0."""

    @classmethod
    def of(cls, crop: FloatImage, toned: bool | None = None) -> Tone | None:
        """The tone of a crop, (size, size, 3) RGB in 0..1; None for one in colour.

        Args:
            crop: the picture of a face.
            toned: whether it has one, where that is known already, as in a film, in which the
                decision must not change from frame to frame. What is grey to the bit is grey,
                whatever is said.
        """
        tone, colourfulness = cls.measured(crop)
        if toned is None:
            toned = colourfulness < 1
        return tone if toned or colourfulness == 0 else None

    @classmethod
    def measured(cls, crop: FloatImage) -> tuple[Tone, float]:
        """The tone that comes nearest to a crop, (size, size, 3) RGB in 0..1, and how far the crop
        is from it: 0 when it is grey to the bit, 1 from where it counts as a coloured one."""
        small = resized(crop, min(crop.shape[0], SIDE))
        if is_grey(small):
            return cls(np.zeros((NODES, 3))), 0.0
        sigma = max(small.shape[0] * SMOOTHING, 0.3)
        smooth = cv2.GaussianBlur(small, (0, 0), sigma).astype(np.float32)
        luma = (smooth @ LUMA).ravel()
        colours = smooth.reshape(-1, 3) - luma[:, None]
        tone = cls(_curve(luma, colours))
        distance = float(np.sqrt(np.mean((colours - tone._at(luma)) ** 2)))
        share = LEAST_SHARE * float(luma.std())
        return tone, distance / max(min(LEAST_COLOUR, share), ROUNDING)

    def put_on(self, crop: FloatImage) -> FloatImage:
        """The luminances of a crop (size, size, 3) in this tone."""
        luma = crop @ LUMA
        if not self.offsets.any():
            return in_grey(crop)
        return luma[:, :, None] + self._at(luma)

    def _at(self, luma: NDArray[np.float32]) -> NDArray[np.float32]:
        """The offsets at these luminances, with one more axis."""
        known = np.linspace(0, 1, NODES)
        return np.stack([np.interp(luma, known, o) for o in self.offsets.T], -1).astype(np.float32)


def is_grey(crop: FloatImage) -> bool:
    """Whether red, green and blue are equal to the bit."""
    red, green, blue = crop[:, :, 0], crop[:, :, 1], crop[:, :, 2]
    return np.array_equal(red, green) and np.array_equal(green, blue)


def in_grey(crop: FloatImage) -> FloatImage:
    """The luminance of a crop (size, size, 3) in all three channels; a grey one as it is."""
    return crop if is_grey(crop) else np.repeat((crop @ LUMA)[:, :, None], 3, axis=2)


def _curve(luma: NDArray[np.float32], colours: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean colour around each node, (NODES, 3); nodes that no pixel has follow their neighbours.

    The least squares of ``share * (offset - mean)`` and of the steps from node to node.
    """
    place = np.rint(np.clip(luma, 0, 1) * (NODES - 1)).astype(np.intp)
    share = np.bincount(place, minlength=NODES) / len(place)
    sums = [np.bincount(place, c, minlength=NODES) / len(place) for c in colours.T]
    steps = np.diff(np.eye(NODES), axis=0)
    weights = np.diag(share) + _BLEND * steps.T @ steps
    return np.asarray(np.linalg.solve(weights, np.stack(sums, axis=1)), np.float64)
