"""How far a restored face still agrees with the one it was made from.

Two things are compared that damage leaves alone and a wrong face does not: where eyes, nose and
mouth are, and light and dark at the size of features. That is no recognition of a person: a face
may agree in both and be another one's, but one that does not agree has certainly changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ..pixels import LUMA, FloatImage
from .coverage import face_shape
from .detection import Detector, Face
from .geometry import Points

SIDE = 64
"""Pixels of the copies whose light and dark are compared."""
BAND = (1.0, 4.0)
"""Standard deviations of the two blurs, in pixels of them, between which features lie: finer is
what damage hides, coarser is what ``keep_colours`` keeps anyway."""
FLAT = 1 / 255
"""Contrast below which there is nothing to agree with."""
LANDMARK_SIDE = 128
"""Pixels of the copies in which landmarks are searched."""
LANDMARK_SCORE = 0.3
"""Least confidence there: it is known that there is a face."""
TOGETHER = 16
"""Pairs that go through the detector at once; more take no less time each."""


def agreements(
    detector: Detector,
    pairs: Sequence[tuple[FloatImage, FloatImage]],
    template: str = "gpen",
) -> list[float]:
    """For each pair the agreement of features times that of landmarks, 0..1.

    Args:
        detector: what searches the landmarks in both.
        pairs: a face before and after, each (s, s, 3) RGB in 0..1, aligned in the same way; their
            sizes may differ.
        template: how they are aligned.
    """
    found: list[float] = []
    for start in range(0, len(pairs), TOGETHER):
        some = pairs[start : start + TOGETHER]
        found += [
            max(0.0, _features(before, after, template)) * landmarks
            for (before, after), landmarks in zip(some, _landmarks(detector, some), strict=True)
        ]
    return found


def _features(before: FloatImage, after: FloatImage, template: str) -> float:
    """Correlation of the two in the band of features, weighted with the face's shape: 1 for the
    same picture, about 0.3 (at most 0.7) for two people in the same pose."""
    shape = face_shape(SIDE, template)
    weight = shape / shape.sum()
    one, other = (_band(image, weight) for image in (before, after))
    least = FLAT**2

    def together(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
        return float((a * b * weight).sum()) + least

    return together(one, other) / float(np.sqrt(together(one, one) * together(other, other)))


def _band(image: FloatImage, weight: NDArray[np.float32]) -> NDArray[np.float32]:
    small = cv2.resize(image @ LUMA, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    fine, coarse = (cv2.GaussianBlur(small, (0, 0), sigma) for sigma in BAND)
    band = np.asarray(fine - coarse, np.float32)
    return band - np.float32((band * weight).sum())


def _landmarks(
    detector: Detector, pairs: Sequence[tuple[FloatImage, FloatImage]]
) -> Iterator[float]:
    """For each pair 1 less twice the mean distance of the landmarks, in units of the eyes'
    distance: 0.8 when they moved by a tenth of it. 1 when the damaged face shows none, and 0 when
    only the restored one does not."""
    side = LANDMARK_SIDE
    # Beside each other, so that the detector knows both at once.
    images: list[FloatImage] = [
        np.concatenate([_small(image) for image in pair], axis=1) for pair in pairs
    ]
    for faces in detector.detect_each(images, threshold=LANDMARK_SCORE):
        one, other = (_best(faces, start) for start in (0, side))
        if one is None or other is None:
            yield 1.0 if one is None else 0.0
            continue
        eyes = max(float(np.hypot(*(one[1] - one[0]))), 1.0)
        distance = float(np.hypot(*(other - one).T).mean()) / eyes
        yield max(0.0, 1 - 2 * distance)


def _small(image: FloatImage) -> FloatImage:
    small = cv2.resize(image, (LANDMARK_SIDE, LANDMARK_SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _best(faces: list[Face], start: int) -> Points | None:
    """The landmarks of the likeliest face of the copy that begins at this column, within it."""
    here = [f for f in faces if start <= f.landmarks[:, 0].mean() < start + LANDMARK_SIDE]
    return max(here, key=lambda face: face.score).landmarks - (start, 0) if here else None
