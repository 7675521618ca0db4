"""Similarities, templates and boxes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from similarities import angles, similarities, similarity

from gpen_engine import GpenError
from gpen_engine.faces.geometry import TEMPLATES, Points, Similarity, crop_box, inside, to_crop

POINTS = np.array([[120.0, 80.0], [180.5, 82.0], [150.0, 120.25], [128.0, 150.0], [175.0, 151.0]])
boxes = st.tuples(*[st.integers(-50, 150)] * 4).map(
    lambda c: (min(c[0], c[1]), min(c[2], c[3]), max(c[0], c[1]) + 1, max(c[2], c[3]) + 1)
)


def residual(similarity: Similarity, source: Points, target: Points) -> float:
    return float(((similarity(source) - target) ** 2).sum())


@given(similarities)
def test_any_similarity_is_recovered(true: Similarity) -> None:
    found = Similarity.between(POINTS, true(POINTS))
    np.testing.assert_allclose(found.matrix[:, :2], true.matrix[:, :2], atol=1e-9 * true.scale)
    np.testing.assert_allclose(found(POINTS), true(POINTS), atol=1e-9)


@given(
    st.lists(st.floats(-5, 5), min_size=10, max_size=10),
    st.lists(st.floats(-0.01, 0.01), min_size=4, max_size=4),
)
def test_it_is_the_least_squares_one(noise: list[float], change: list[float]) -> None:
    target = POINTS + np.reshape(noise, (5, 2))
    best = Similarity.between(POINTS, target)
    a, b = best.matrix[0, 0] + change[0], best.matrix[1, 0] + change[1]
    shift = best.matrix[:, 2] + change[2:]
    other = Similarity(np.array([[a, -b, shift[0]], [b, a, shift[1]]]))
    assert residual(best, POINTS, target) <= residual(other, POINTS, target) * (1 + 1e-12)


def test_mirrored_points_are_never_mirrored_back() -> None:
    mirrored = POINTS * (-1, 1)
    assert np.linalg.det(Similarity.between(mirrored, POINTS).matrix[:, :2]) > 0


def test_landmarks_on_one_point_are_an_error() -> None:
    with pytest.raises(GpenError) as error:
        to_crop(np.full((5, 2), 7.0), 256)
    assert error.value.code == "bad_landmarks"


@given(similarities)
def test_inverse_undoes(there: Similarity) -> None:
    np.testing.assert_allclose(there.inverse()(there(POINTS)), POINTS, atol=1e-6)
    assert there.inverse().scale == pytest.approx(1 / there.scale)


@given(similarities, st.floats(-500, 500), st.floats(-500, 500))
def test_moved_reads_points_of_a_window(there: Similarity, dx: float, dy: float) -> None:
    in_window = POINTS - (dx, dy)
    np.testing.assert_allclose(there.moved(dx, dy)(in_window), there(POINTS), atol=1e-6)


@given(similarities, st.sampled_from([0.5, 2, 4, 8]), st.sampled_from([64, 256, 512]))
def test_enlarging_a_crop_keeps_its_edges(there: Similarity, ratio: float, size: int) -> None:
    """The outer edge of the first pixel is at -0.5, of the last at size - 0.5, in both crops."""
    edges = np.array([[-0.5, -0.5], [size - 0.5, size - 0.5], [-0.5, size - 0.5]])
    enlarged = np.array([[-0.5, -0.5], [1, 1], [-0.5, 1]])
    enlarged[enlarged == 1] = size * ratio - 0.5
    in_picture = there.inverse()(edges)
    np.testing.assert_allclose(there.then_enlarged(ratio)(in_picture), enlarged, atol=1e-5)


@given(similarities, st.sampled_from([64, 512, 2048]), st.sampled_from(sorted(TEMPLATES)))
def test_align_then_unalign_is_the_identity_on_points(
    face: Similarity, size: int, template: str
) -> None:
    landmarks = face(TEMPLATES[template])
    alignment = to_crop(landmarks, size, template)
    np.testing.assert_allclose(alignment(landmarks), TEMPLATES[template] * size, atol=1e-5)
    np.testing.assert_allclose(
        alignment.inverse()(TEMPLATES[template] * size), landmarks, atol=0.05
    )


@given(similarities, st.sampled_from([64, 512]))
def test_crop_box_holds_every_pixel_of_the_crop_and_little_more(
    alignment: Similarity, size: int
) -> None:
    x0, y0, x1, y1 = crop_box(alignment, size)
    low, high = -0.5, size - 0.5
    square = np.array([[low, low], [high, low], [high, high], [low, high]])
    corners = alignment.inverse()(square)
    assert np.all(corners >= np.array([x0, y0]) - 1e-6)
    assert np.all(corners <= np.array([x1, y1]) - 1 + 1e-6)
    spare = np.array([x1 - x0, y1 - y0]) - 1 - (corners.max(axis=0) - corners.min(axis=0))
    assert np.all(spare <= 2 + 1e-6)


def test_crop_box_of_an_upright_crop() -> None:
    # Crop pixels are 2 picture pixels wide and begin at picture x 100 (edge 99.5), y 50.
    alignment = similarity(0.5, 0, -0.5 * 99.5 - 0.5, -0.5 * 49.5 - 0.5)
    assert crop_box(alignment, 64) == (99, 49, 229, 179)


@given(boxes, st.integers(1, 100), st.integers(1, 100))
def test_inside_is_the_common_part(box: tuple[int, int, int, int], width: int, height: int) -> None:
    x0, y0, x1, y1 = inside(box, width, height)
    assert 0 <= x0 <= x1 <= width
    assert 0 <= y0 <= y1 <= height
    painted = np.zeros((100, 100), bool)
    painted[max(box[1], 0) : max(box[3], 0), max(box[0], 0) : max(box[2], 0)] = True
    assert (x1 - x0) * (y1 - y0) == painted[:height, :width].sum()


def test_gpens_template_is_arcfaces_squared_and_padded_by_a_quarter() -> None:
    arcface = np.array(  # for a crop of 96 by 112 pixels
        [
            [30.29459953, 51.69630051],
            [65.53179932, 51.50139999],
            [48.02519989, 71.73660278],
            [33.54930115, 92.36550140],
            [62.72990036, 92.20410156],
        ]
    )
    squared = arcface + ((112 - 96) / 2, 0)
    padded = (squared + 112 * 0.25) / (112 * 1.5)
    np.testing.assert_allclose(TEMPLATES["gpen"], padded, atol=1e-6)


def test_the_ffhq_template_frames_tighter() -> None:
    np.testing.assert_allclose(TEMPLATES["ffhq"][0] * 512, [192.98138, 239.94708])
    np.testing.assert_allclose(TEMPLATES["ffhq"][4] * 512, [313.08905, 371.15118])
    assert Similarity.between(TEMPLATES["gpen"], TEMPLATES["ffhq"]).scale == pytest.approx(
        1.116, abs=0.001
    )


@given(angles, st.floats(10, 500))
def test_a_turned_face_stands_upright_in_its_crop(angle: float, side: float) -> None:
    landmarks = similarity(side, angle, 300, 200)(TEMPLATES["gpen"])
    np.testing.assert_allclose(to_crop(landmarks, 256)(landmarks), TEMPLATES["gpen"] * 256)
