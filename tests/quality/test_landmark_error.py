"""Landmarks of results against the truth's."""

from __future__ import annotations

import numpy as np
import pytest
from quality_faces import face

from gpen_engine.faces import Detector
from gpen_engine.faces.geometry import TEMPLATES
from gpen_engine.quality.landmarks import FOUND, landmark_error, most_likely


def test_the_error_is_in_eye_distances() -> None:
    points = TEMPLATES["gpen"] * 256
    assert landmark_error(points, points) == 0
    eyes = np.linalg.norm(points[1] - points[0])
    assert landmark_error(points + [0.1 * eyes, 0], points) == pytest.approx(0.1)
    one_off = points.copy()
    one_off[2] += [0, 0.5 * eyes]
    assert landmark_error(one_off, points) == pytest.approx(0.1)


def test_a_crop_has_one_likeliest_face_and_a_wall_none(detector: Detector) -> None:
    found = most_likely(detector, face())
    assert found is not None
    assert found.score > FOUND
    assert landmark_error(found.landmarks, TEMPLATES["gpen"] * 256) < 0.2  # a broad face
    assert most_likely(detector, np.full((256, 256, 3), 0.5, np.float32)) is None
