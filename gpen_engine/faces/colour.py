"""Keeping the photograph's own colours and light."""

from __future__ import annotations

import cv2
import numpy as np

from ..pixels import FloatImage

LOW = 1 / 16
"""Standard deviation of the blur that separates tone from features, in units of the crop's side:
wider than an eye, narrower than a cheek."""
SIDE = 64
"""What is so low is known at as many pixels, where that blur is 4 wide and not half a crop."""


def keep_low_frequencies(restored: FloatImage, original: FloatImage) -> FloatImage:
    """Gives the restored crop the original crop's low frequencies.

    Both are (size, size, 3) float32; the result is clipped to 0..1.
    """
    size = restored.shape[0]
    small = cv2.resize(original - restored, (min(size, SIDE),) * 2, interpolation=cv2.INTER_AREA)
    low = cv2.GaussianBlur(small, (0, 0), small.shape[0] * LOW, borderType=cv2.BORDER_REFLECT)
    shift = cv2.resize(low, (size, size), interpolation=cv2.INTER_CUBIC)
    kept = cv2.add(restored, shift)
    return np.asarray(np.clip(kept, 0, 1, out=kept), np.float32)
