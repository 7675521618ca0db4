"""Which detections are faces, and which of them are the same face."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .detection import Face

SAME = 0.4
"""Intersection over union from which two boxes are one face."""
NESTED = 0.7
"""Share of a box inside another from which it is nested."""


def is_plausible(face: Face) -> bool:
    """False for landmarks that no face seen from the front or from half the side has.

    A detector takes an eye in profile or a knot in a tie for a face now and then; its landmarks
    then collapse, cross or leave the box.
    """
    x0, y0, x1, y1 = face.box
    width, height = x1 - x0, y1 - y0
    if width <= 0 or height <= 0 or not 0.4 < width / height < 2.5:
        return False
    points = face.landmarks
    margin = 0.15 * np.array([width, height])
    if np.any(points < np.array([x0, y0]) - margin) or np.any(points > np.array([x1, y1]) + margin):
        return False
    left, right, nose, mouth_left, mouth_right = points
    eyes, mouth = (left + right) / 2, (mouth_left + mouth_right) / 2
    down = mouth - eyes
    length = float(np.hypot(*down))
    if length < 0.15 * height:
        return False
    down /= length
    across = np.array([down[1], -down[0]])  # to the right of someone who looks out of the picture
    eye_distance, mouth_width = (right - left) @ across, (mouth_right - mouth_left) @ across
    # In profile both collapse; the network has never seen such a crop either.
    if eye_distance < 0.12 * width or mouth_width < 0:
        return False
    return bool(-0.35 < (nose - eyes) @ down / length < 1.35)


def merge(faces: list[Face]) -> list[Face]:
    """Keeps the best of the detections of each face, and drops false nested ones."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda f: -f.score):
        if all(overlap(face, other)[0] < SAME for other in kept):
            kept.append(face)
    # A face inside a face is an eye or a nose; a "face" around several faces is a crowd.
    area = {id(face): _area(face) for face in kept}
    inner = {
        id(face): [
            other
            for other in kept
            if area[id(other)] < area[id(face)] and overlap(other, face)[1] > NESTED
        ]
        for face in kept
    }
    crowds = {key for key, faces_inside in inner.items() if len(faces_inside) > 1}
    nested = {
        id(other)
        for key, faces_inside in inner.items()
        if key not in crowds
        for other in faces_inside
    }
    return [face for face in kept if id(face) not in crowds | nested]


def overlap(face: Face, other: Face) -> tuple[float, float]:
    """Intersection over union, and over the first box's own area."""
    x0, y0 = max(face.box[0], other.box[0]), max(face.box[1], other.box[1])
    x1, y1 = min(face.box[2], other.box[2]), min(face.box[3], other.box[3])
    common = max(0.0, x1 - x0) * max(0.0, y1 - y0)
    own = _area(face)
    return common / (own + _area(other) - common), common / own


def _area(face: Face) -> float:
    x0, y0, x1, y1 = face.box
    return (x1 - x0) * (y1 - y0)
