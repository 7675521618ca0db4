"""A printer's halftone screen: found by its peaks in the spectrum of a crop, and taken out there.

To a network dots are texture, and of a coarse screen it makes pores and stubble. The dots of a
screen stand in rows that cross at right angles, so its spectrum has two equal peaks at right angles
and their multiples; nothing else in a photograph of a face has.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ..pixels import LUMA, FloatImage

WINDOW = 512
"""Pixels of the middle of a crop in which the screen is searched; none is as coarse as that."""
LEAST_SIDE = 64
"""Smaller crops are too small for a spectrum."""
COARSEST = 1 / 16
"""Pitch of the coarsest screen, in units of the side that is searched: what is coarser than that
are features."""
PEAK, PARTNER = 100.0, 20.0
"""How far the peak, and the one at right angles to it, stand above the median of their frequency
(in power). Screens that can be seen reach 200 in both; noise and skin 45 and 6. JPEG's blocks
and enlargements reach more in a spectrum that is empty otherwise, hence the next."""
LEAST_CONTRAST = 1 / 255
"""Root mean square of the dots. Blocks and enlargements stay below 0.4 / 255."""
FREQUENCIES = 64
"""Rings of the spectrum a whole frequency (1 a pixel) in which the median is taken."""
_HOT = 8.0
"""Power over the median from which on a frequency belongs to the screen."""
_BELOW = 0.6
"""Lower frequencies than so many of the screen's own are never touched."""


@dataclass(frozen=True)
class Screen:
    """What was found."""

    pitch: float
    """Distance of the dots in pixels of the crop."""
    contrast: float
    """Root mean square of the dots' fundamental, 0..1."""


def find_screen(crop: FloatImage) -> Screen | None:
    """The halftone screen in a crop (size, size, 3) RGB in 0..1; None where there is none."""
    start = max(0, (crop.shape[0] - WINDOW) // 2)
    luma = crop[start : start + WINDOW, start : start + WINDOW] @ LUMA
    size = luma.shape[0]
    if size < LEAST_SIDE:
        return None
    power, level, radius = _spectrum(luma)
    above = np.where((radius > 1 / (COARSEST * size)) & (radius <= 0.5), power / level, 0)
    # Its multiples may stand out more, but none is stronger.
    strongest = np.where(above >= PEAK, power, 0).argmax()
    row, column = (int(i) for i in np.unravel_index(strongest, above.shape))
    if above[row, column] < PEAK or _at_right_angle(above, row, column) < PARTNER:
        return None
    frequency = float(radius[row, column])
    of_it = (above > _HOT) & (np.abs(radius - frequency) < 4 / size)
    # Parseval for a real picture, of which the window leaves 3/8 in each direction.
    square = 2 * float(power[of_it].sum()) / size**4 / 0.375**2
    contrast = float(np.sqrt(square))
    return Screen(1 / frequency, contrast) if contrast >= LEAST_CONTRAST else None


def without_screen(crop: FloatImage, screen: Screen) -> FloatImage:
    """The crop with the frequencies of the screen brought down to the level of their neighbours;
    colours stay, only the luminance changes."""
    luma = crop @ LUMA
    power, level, radius = _spectrum(luma)
    hot = (power > _HOT * level) & (radius > _BELOW / screen.pitch)
    hot = cv2.dilate(hot.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    gain = np.where(hot, np.minimum(1, np.sqrt(level / power)), 1)
    clean = np.fft.irfft2(np.fft.rfft2(luma) * gain, s=luma.shape).astype(np.float32)
    return np.clip(crop + (clean - luma)[:, :, None], 0, 1)


Spectrum = NDArray[np.float32]


def _spectrum(luma: FloatImage) -> tuple[Spectrum, Spectrum, NDArray[np.float64]]:
    """Power, what is usual at its frequency, and that frequency (1 a pixel), each
    (size, size // 2 + 1)."""
    size = luma.shape[0]
    features = cv2.GaussianBlur(luma, (0, 0), size * COARSEST / 4)
    window = np.hanning(size).astype(np.float32)
    amplitude = np.abs(np.fft.rfft2((luma - features) * np.outer(window, window)))
    power = cv2.GaussianBlur((amplitude**2).astype(np.float32), (0, 0), 1.5)
    rings = _rings(size)
    parts = np.split(power.ravel()[rings.order], rings.ends)
    usual = np.array([_middle(part) for part in parts], np.float32) + np.float32(1e-9)
    return np.asarray(power, np.float32) + np.float32(1e-9), usual[rings.ring], rings.radius


def _middle(values: NDArray[Any]) -> np.float32:
    """The (upper) median; they lose their order. ``np.median`` takes thrice the time for so few."""
    place = len(values) // 2
    values.partition(place)
    return np.float32(values[place])


class _Rings(NamedTuple):
    """The frequencies of a spectrum, put into rings."""

    radius: NDArray[np.float64]
    """(size, size // 2 + 1), of each frequency."""
    ring: NDArray[np.intp]
    """The same, of the ring it lies in."""
    order: NDArray[np.intp]
    """Indices into the flat spectrum, ring by ring."""
    ends: NDArray[np.intp]
    """Where in that order each ring but the last ends."""


@lru_cache(maxsize=4)
def _rings(size: int) -> _Rings:
    radius = np.hypot(np.fft.rfftfreq(size)[None], np.fft.fftfreq(size)[:, None])
    ring = (radius * FREQUENCIES).astype(np.intp)
    order = np.argsort(ring, axis=None, kind="stable")
    return _Rings(radius, ring, order, np.cumsum(np.bincount(ring.ravel()))[:-1])


def _at_right_angle(above: NDArray[np.floating], row: int, column: int) -> float:
    """The highest value around the frequency at right angles to this one."""
    size = above.shape[0]
    down, across = (row - size if row > size // 2 else row), column
    down, across = across, -down
    if across < 0:  # a real picture's spectrum has each frequency twice, and this half once
        down, across = -down, -across
    rows = np.arange(down - 2, down + 3) % size
    columns = np.arange(max(across - 2, 0), min(across + 3, above.shape[1]))
    return float(above[np.ix_(rows, columns)].max()) if len(columns) else 0.0
