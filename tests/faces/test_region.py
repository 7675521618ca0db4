"""A rectangle taken for a face, or as a limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gpen_engine.faces import Detector, Face
from gpen_engine.faces.geometry import TEMPLATES, Similarity, to_crop
from gpen_engine.faces.merging import is_plausible
from gpen_engine.faces.region import face_from_region, faces_in_region
from gpen_engine.pixels import Pixels

FRONTAL = ["modern_grey.jpg", "modern_colour_flags.jpg", "synthetic_dreadlocks.jpg"]
corners = st.tuples(st.integers(-100, 500), st.integers(-100, 500))
sides = st.tuples(st.integers(20, 400), st.floats(0.6, 1.6))


@given(corners, sides)
def test_a_face_fills_its_rectangle(corner: tuple[int, int], side: tuple[int, float]) -> None:
    width, height = side[0], round(side[0] * side[1])
    x, y = corner
    face = face_from_region((x, y, x + width, y + height))
    assert face.box == (x, y, x + width - 1, y + height - 1)
    assert face.score == 0
    assert is_plausible(face)
    upright = Similarity.between(TEMPLATES["gpen"], face.landmarks)
    assert upright.matrix[1, 0] == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(upright(TEMPLATES["gpen"]), face.landmarks, atol=1e-6)
    inside = (face.landmarks - (x, y)) / (width, height)
    assert np.all(inside > 0.05)
    assert np.all(inside < 0.95)


@pytest.mark.parametrize("name", FRONTAL)
def test_the_detectors_own_box_gives_about_its_landmarks(
    photo: Callable[[str], NDArray[Any]], detector: Detector, name: str
) -> None:
    (found,) = detector.detect(Pixels(photo(name)))
    x0, y0, x1, y1 = (round(v) for v in found.box)
    taken = face_from_region((x0, y0, x1 + 1, y1 + 1))
    off = np.hypot(*(taken.landmarks - found.landmarks).T) / found.size[1]
    assert off.max() < 0.1
    ratio = to_crop(taken.landmarks, 256).scale / to_crop(found.landmarks, 256).scale
    assert ratio == pytest.approx(1, abs=0.12)


def test_faces_are_chosen_by_their_middle() -> None:
    faces = [Face((x, 10, x + 40, 60), TEMPLATES["gpen"], 0.99) for x in (0, 50, 100)]  # at 20, 70
    assert faces_in_region(faces, (0, 0, 71, 100)) == faces[:2]
    assert faces_in_region(faces, (0, 0, 70, 100)) == faces[:1]
    assert faces_in_region(faces, (70, 35, 71, 36)) == [faces[1]]
    assert faces_in_region(faces, (300, 300, 400, 400)) == []
