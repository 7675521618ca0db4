"""What competes: the damaged face as it is, a classical filter, the model at several strengths."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ..pixels import LUMA, FloatImage
from ..restore import RestoreOptions, Restorer

INPUT, CLASSICAL = "input", "classical"
RADIUS, AMOUNT = 2.0, 0.5
"""Unsharp masking: standard deviation in pixels, and how much is added."""


def restored(strength: float) -> str:
    """The name of the model at a strength of 0..1."""
    return f"restored {strength:g}"


def contenders(
    damaged: FloatImage, restorer: Restorer, strengths: Sequence[float], keep_colours: bool = True
) -> dict[str, FloatImage]:
    """All that is made of one damaged face, by name.

    Args:
        damaged: (256, 256, 3) float32 RGB in 0..1, aligned by GPEN's template.
        restorer: resamples the face to its model's size and back.
        strengths: of the restorations, 0..1.
        keep_colours: see ``RestoreOptions``.

    Returns:
        Images like ``damaged``.
    """
    options = RestoreOptions(aligned=True, strength=1.0, keep_colours=keep_colours, guard="off")
    full = restorer.restore(damaged, options).composite()
    made = {INPUT: damaged, CLASSICAL: classical(damaged)}
    for strength in strengths:
        made[restored(strength)] = damaged + np.float32(strength) * (full - damaged)
    return made


def classical(image: FloatImage) -> FloatImage:
    """Non-local means as strong as the noise that is estimated, then unsharp masking."""
    levels = np.rint(image[:, :, ::-1] * 255).astype(np.uint8)
    h = float(np.clip(255 * noise_level(image), 3, 20))
    calm = cv2.fastNlMeansDenoisingColored(levels, None, h, h, 7, 15)
    clean = calm[:, :, ::-1].astype(np.float32) / np.float32(255)
    blurred = cv2.GaussianBlur(clean, (0, 0), RADIUS)
    return np.clip(clean + AMOUNT * (clean - blurred), 0, 1).astype(np.float32)


def noise_level(image: FloatImage) -> float:
    """Standard deviation of the luma's noise, by Immerkaer's mask (1996) and its median.

    The mask cancels all that is locally flat, sloped or curved; the median ignores edges.
    """
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    response = np.abs(cv2.filter2D(image @ LUMA, -1, mask))
    return float(np.median(response)) / (0.6745 * 6)
