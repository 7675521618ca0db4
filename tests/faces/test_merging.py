"""Which detections are faces, and which are one."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from similarities import angles, similarity

from gpen_engine.faces import Face
from gpen_engine.faces.merging import NESTED, SAME, is_plausible, merge, overlap
from gpen_engine.faces.region import face_from_region

FRONTAL = face_from_region((100, 200, 180, 310))
LEFT, RIGHT, NOSE, MOUTH_LEFT, MOUTH_RIGHT = range(5)


def face(x0: float, y0: float, side: float, score: float) -> Face:
    return replace(face_from_region((0, 0, 9, 9)), box=(x0, y0, x0 + side, y0 + side), score=score)


def with_points(**places: tuple[float, float]) -> Face:
    """The frontal face with landmarks moved to places in units of its box."""
    names = {"left": LEFT, "right": RIGHT, "nose": NOSE, "mouth": MOUTH_LEFT, "corner": MOUTH_RIGHT}
    points = FRONTAL.landmarks.copy()
    for name, place in places.items():
        points[names[name]] = np.array(FRONTAL.box[:2]) + np.array(place) * FRONTAL.size
    return replace(FRONTAL, landmarks=points)


def rolled(angle: float) -> Face:
    """The frontal face turned about its middle, in the upright box of its outline."""
    middle = np.add(FRONTAL.box[:2], FRONTAL.box[2:]) / 2
    points = middle + similarity(1, angle)(FRONTAL.landmarks - middle)
    width, height = FRONTAL.size
    half = [
        np.hypot(width / 2 * np.cos(angle), height / 2 * np.sin(angle)),
        np.hypot(width / 2 * np.sin(angle), height / 2 * np.cos(angle)),
    ]
    x0, y0, x1, y1 = (float(v) for v in (*(middle - half), *(middle + half)))
    return Face((x0, y0, x1, y1), points, 1.0)


@given(angles)
def test_a_rolled_face_is_plausible(angle: float) -> None:
    assert is_plausible(rolled(angle))


def test_half_a_profile_is_plausible() -> None:
    turned = {"left": (0.55, 0.4), "right": (0.85, 0.4), "nose": (0.95, 0.6)}
    assert is_plausible(with_points(**turned, mouth=(0.6, 0.8), corner=(0.82, 0.8)))


@pytest.mark.parametrize(
    "implausible",
    [
        with_points(left=(0.48, 0.4), right=(0.52, 0.4)),
        with_points(left=(0.7, 0.4), right=(0.3, 0.4)),
        with_points(mouth=(0.7, 0.8), corner=(0.3, 0.8)),
        with_points(nose=(0.5, 0.05)),
        with_points(nose=(0.5, 1.0)),
        with_points(mouth=(0.4, 0.45), corner=(0.6, 0.45)),
        with_points(left=(-0.3, 0.4)),
        with_points(corner=(0.7, 1.3)),
        replace(FRONTAL, box=(100, 200, 100, 310)),
        replace(FRONTAL, box=(100, 100, 180, 400)),
        replace(FRONTAL, box=(0, 230, 300, 310)),
        replace(FRONTAL, landmarks=FRONTAL.landmarks * 0 + FRONTAL.landmarks[NOSE]),
    ],
    ids=[
        "eye in profile",
        "eyes crossed",
        "mouth crossed",
        "nose above the eyes",
        "nose below the mouth",
        "mouth at the eyes",
        "eye outside of the box",
        "mouth outside of the box",
        "no width",
        "upright stripe",
        "lying stripe",
        "one point",
    ],
)
def test_what_is_no_face_is_rejected(implausible: Face) -> None:
    assert not is_plausible(implausible)


def test_overlap() -> None:
    large, small = face(0, 0, 10, 1), face(5, 5, 10, 1)
    assert overlap(large, small) == pytest.approx((25 / 175, 0.25))
    assert overlap(face(2, 2, 4, 1), large) == pytest.approx((0.16, 1))
    assert overlap(large, face(10, 0, 10, 1)) == (0, 0)


def test_of_the_same_face_on_several_scales_the_best_is_kept() -> None:
    found = [face(0, 0, 100, 0.95), face(4, 3, 104, 0.99), face(-5, 2, 98, 0.92)]
    assert merge(found) == [found[1]]


def test_neighbours_are_both_kept() -> None:
    assert len(merge([face(0, 0, 100, 0.9), face(60, 0, 100, 0.95)])) == 2


def test_a_face_nested_in_a_face_is_dropped() -> None:
    head, eye = face(0, 0, 100, 0.91), face(20, 30, 25, 0.99)
    assert merge([head, eye]) == [head]


def test_a_face_around_a_crowd_is_dropped() -> None:
    crowd, first, second = face(0, 0, 300, 0.99), face(20, 40, 80, 0.95), face(180, 60, 80, 0.93)
    assert merge([crowd, first, second]) == [first, second]


def test_a_false_face_in_a_face_of_a_crowd_is_dropped_with_the_crowd() -> None:
    crowd, first, second = face(0, 0, 300, 0.99), face(20, 40, 80, 0.95), face(180, 60, 80, 0.93)
    assert merge([crowd, first, second, face(30, 60, 20, 0.97)]) == [first, second]


faces = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 300), st.integers(10, 200)), max_size=12
).map(lambda boxes: [face(*box, 1 - i / 100) for i, box in enumerate(boxes)])


@given(faces, st.randoms())
def test_merging(found: list[Face], random: Random) -> None:
    """No two that are kept are one face or nested, and the order does not matter."""
    kept = merge(found)
    for one in kept:
        assert one in found
        for other in kept:
            if one is not other:
                assert overlap(one, other)[0] < SAME
    for lost in found:
        if lost not in kept:
            assert any(
                overlap(lost, other)[0] >= SAME
                or max(overlap(lost, other)[1], overlap(other, lost)[1]) > NESTED
                for other in found
                if other is not lost
            )
    shuffled = list(found)
    random.shuffle(shuffled)
    assert merge(shuffled) == kept
