"""Keeping the photograph's own colours and light."""

from __future__ import annotations

import cv2
import numpy as np

from ..pixels import FloatImage

LOW = 1 / 16
"""Standard deviation of the blur that separates tone from features, in units of the crop's side:
wider than an eye, narrower than a cheek."""


def keep_low_frequencies(restored: FloatImage, original: FloatImage) -> FloatImage:
    """Gives the restored crop the original crop's low frequencies.

    Both are (size, size, 3) float32; the result is clipped to 0..1.
    """
    sigma = restored.shape[0] * LOW
    shift = cv2.GaussianBlur(original - restored, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    kept: FloatImage = np.clip(restored + shift, 0, 1).astype(np.float32)
    return kept
