"""Where eyes, nose and mouth ended up, seen by the engine's own detector.

This is the landmark distance of the EDFace benchmark, and the only measure of identity here: its
other, the cosine of a face embedding, needs a recognition network, and we found no well-kept and
freely licensed package that brings one along.
"""

from __future__ import annotations

import numpy as np

from ..faces import Detector, Face
from ..faces.geometry import Points
from ..pixels import FloatImage, Pixels

FOUND = 0.9
"""Score from which a face counts as found: the engine's own threshold."""
LEAST = 0.1
"""Score from which landmarks are compared, so that hard faces are not left out of the mean."""


def most_likely(detector: Detector, image: FloatImage) -> Face | None:
    """The likeliest face of a crop (side, side, 3), RGB in 0..1; None where nothing is like one."""
    faces = detector.detect(Pixels(image), threshold=LEAST)
    return max(faces, key=lambda face: face.score, default=None)


def landmark_error(found: Points, truth: Points) -> float:
    """Mean distance of the five landmarks over the distance of the truth's eyes."""
    distances = np.linalg.norm(found - truth, axis=1)
    return float(distances.mean() / np.linalg.norm(truth[0] - truth[1]))
