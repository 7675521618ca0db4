"""Grain for a restored face, as the photograph around it has it.

Without it a face that a network has smoothed looks like plastic in a grainy picture. The power of
the grain at each fineness is measured in the flat parts of the face as it was and of what is around
it; what the restored one lacks of it is added as new noise, in pixels of the picture.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..pixels import LUMA, Box, FloatImage, Pixels
from .geometry import inside
from .patch import Patch

SQUARES = 7
"""Of the squares whose spectra are measured, so many lie side by side in a face: grain is finer."""
SIDES = (16, 32)
"""Least and largest side of a square, in pixels."""
FLATTEST = 0.3
"""Share of the squares that is measured: those with the least detail, since eyes and hair are no
grain. Where there is nothing but grain, all have nearly the same."""
LEAST_SQUARES = 8
"""A smaller face is left without grain."""
MOST_SQUARES = 200
"""More are not looked at."""
LIGHT = (0.08, 0.92)
"""Mean luminance that a square must have; beyond it the grain is clipped."""
LEAST = 1 / 255
"""Standard deviation of grain that can be seen."""

Power = NDArray[np.float64]


def grained(patch: Patch, pixels: Pixels, seed: int) -> Patch:
    """The patch with the grain that it lacks, the same in red, green and blue.

    Args:
        patch: restored.
        pixels: the picture.
        seed: with the patch's place, of the noise; the same gives the same grain.
    """
    side = min(patch.coverage.shape) // SQUARES // 8 * 8
    side = min(max(side, SIDES[0]), SIDES[1])
    before = grain_power(pixels.rgb(_around(patch.box, pixels)) @ LUMA, side)
    after = grain_power(patch.rgb @ LUMA, side)
    if before is None or after is None:
        return patch
    lacking = np.maximum(before - after, 0)
    if np.sqrt(lacking.mean()) < LEAST:
        return patch
    x0, y0 = patch.box[:2]
    random = np.random.default_rng([seed, x0, y0])
    noise = random.standard_normal(patch.coverage.shape, np.float32)
    grain = cv2.filter2D(noise, -1, _kernel(lacking), borderType=cv2.BORDER_REFLECT_101)
    visible = grain * _visible(patch.rgb @ LUMA)
    return replace(patch, rgb=np.clip(patch.rgb + visible[:, :, None], 0, 1).astype(np.float32))


def _around(box: Box, pixels: Pixels) -> Box:
    """A face's box with half of its width and height on every side, inside the picture."""
    x0, y0, x1, y1 = box
    dx, dy = (x1 - x0) // 2, (y1 - y0) // 2
    return inside((x0 - dx, y0 - dy, x1 + dx, y1 + dy), pixels.width, pixels.height)


def grain_power(luma: FloatImage, side: int) -> Power | None:
    """How strong the grain is at each fineness.

    Args:
        luma: (h, w) luminance, 0..1.
        side: of the squares that are measured, even; no grain is as coarse as that.

    Returns:
        (side, side) power at each frequency, in the order of ``numpy.fft.fftfreq``. Its mean is the
        grain's variance in the middle tones. None for an image that is too small or has no middle
        tones.
    """
    if min(luma.shape) < side:
        return None
    windows = sliding_window_view(luma, (side, side))[:: side // 2, :: side // 2]
    squares = windows.reshape(-1, side, side)
    squares = squares[:: -(-len(squares) // MOST_SQUARES)]
    light = squares.mean(axis=(1, 2))
    fit = (light > LIGHT[0]) & (light < LIGHT[1])
    if fit.sum() < LEAST_SQUARES:
        return None
    window = np.hanning(side + 2)[1:-1].astype(np.float32)
    window = np.outer(window, window)
    window /= np.sqrt((window**2).mean())
    flat = _without_slope(squares[fit]) / _visible(light[fit])[:, None, None]
    power = np.abs(np.fft.fft2(flat * window)) ** 2 / side**2
    detail = power.mean(axis=(1, 2))
    flattest = power[detail <= np.quantile(detail, FLATTEST)].mean(axis=0)
    # The same in all directions, and without the peaks of a halftone screen.
    across = np.fft.fftfreq(side) * side
    ring = np.rint(np.hypot(across[None], across[:, None])).astype(np.intp)
    usual = np.array([np.median(flattest[ring == r]) for r in range(ring.max() + 1)])
    usual[:2] = 0  # light, not grain
    return np.asarray(usual[ring], np.float64)


def _without_slope(squares: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, side, side) less the plane that fits each best: light on a cheek is no grain."""
    side = squares.shape[1]
    line = np.arange(side, dtype=np.float32) - np.float32((side - 1) / 2)
    line /= np.sqrt((line**2).sum() * side)
    flat = squares - squares.mean(axis=(1, 2), keepdims=True)
    for slope in (line[None, :], line[:, None]):
        plane = np.broadcast_to(slope, (side, side))
        flat = flat - (flat * plane).sum(axis=(1, 2))[:, None, None] * plane
    return np.asarray(flat, np.float32)


def _kernel(power: Power) -> NDArray[np.float32]:
    """(side - 1, side - 1): makes noise of this power out of white noise of deviation 1."""
    kernel = np.fft.fftshift(np.fft.ifft2(np.sqrt(power)).real)[1:, 1:]
    kernel *= np.sqrt(power.mean() / (kernel**2).sum())
    return kernel.astype(np.float32)


def _visible(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """How strong grain is at a luminance: fully in the middle tones, a quarter in black and
    white."""
    return np.asarray(0.25 + 3 * luma * (1 - luma), np.float32)
