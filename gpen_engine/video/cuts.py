"""Where one shot ends and the next begins."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ..pixels import FloatImage

THUMB = (32, 18)
"""Width and height of the copies that are compared: too small for grain, dust and small motions."""
LEAST = 0.06
"""Mean change of a thumbnail's values (0..1) below which nothing is a cut."""
JUMP = 3.0
"""How many times larger a cut is than the changes before and after it: a pan changes every frame
alike, a flash or a damaged frame changes twice, there and back."""


def thumbnail(image: NDArray[np.uint8]) -> FloatImage:
    """A tiny copy of an (H, W, 3) uint8 frame, (18, 32, 3) float32 in 0..1."""
    small = cv2.resize(image, THUMB, interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / np.float32(255)


def change(before: FloatImage, after: FloatImage) -> float:
    """Mean absolute difference of two thumbnails, 0..1."""
    return float(np.abs(after - before).mean())


def find_cuts(changes: Sequence[float]) -> list[int]:
    """The first frame of each shot but the first.

    Args:
        changes: for each frame its ``change`` from the one before; the first frame's is not read.
    """
    cuts = []
    for frame in range(1, len(changes)):
        beside = [changes[i] for i in (frame - 1, frame + 1) if 0 < i < len(changes)]
        if changes[frame] >= LEAST and changes[frame] >= JUMP * max(beside, default=0.0):
            cuts.append(frame)
    return cuts
