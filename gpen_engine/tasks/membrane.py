"""Smooth continuation of known values into a hole."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..pixels import FloatImage


def continued(values: FloatImage, known: NDArray[np.bool_]) -> FloatImage:
    """Values as they are where they are known, and between them a smooth surface.

    Push and pull (Gortler et al., The Lumigraph, 1996): averages of what is known go to half the
    size again and again until there are no holes; then each size fills those of the next.

    Args:
        values: (h, w, C) float32.
        known: (h, w); where nothing is known at all, the result is 0.
    """
    if known.all():
        return values
    if not known.any():
        return np.zeros_like(values)
    height, width, channels = values.shape
    half = ((width + 1) // 2, (height + 1) // 2)
    weight = cv2.resize(known.astype(np.float32), half, interpolation=cv2.INTER_AREA)
    total = cv2.resize(values * known[:, :, None], half, interpolation=cv2.INTER_AREA)
    total = total.reshape(half[1], half[0], channels)
    weight = np.asarray(weight, np.float32).reshape(half[1], half[0], 1)
    mean = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
    coarse = continued(np.asarray(mean, np.float32), weight[:, :, 0] > 0)
    between = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    between = np.asarray(between, np.float32).reshape(values.shape)
    return np.where(known[:, :, None], values, between)
