"""Patches in their boxes, and several of them on the same pixels."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from similarities import about, angles

from gpen_engine import GpenError
from gpen_engine.faces import Face, Patch
from gpen_engine.faces.coverage import face_shape
from gpen_engine.faces.geometry import TEMPLATES, crop_box, cut_crop
from gpen_engine.faces.patch import disjoint, make_patch, share
from gpen_engine.pixels import FloatImage, Pixels

FACE = Face((0, 0, 1, 1), TEMPLATES["gpen"], 1.0)
SIZE = 64


def random_patch(seed: int, box: tuple[int, int, int, int]) -> Patch:
    """Random colours under a round coverage that reaches 0 and 1."""
    random = np.random.default_rng(seed)
    x0, y0, x1, y1 = box
    y, x = np.mgrid[-1 : 1 : (y1 - y0) * 1j, -1 : 1 : (x1 - x0) * 1j]
    coverage = np.clip(1.4 - 1.5 * np.hypot(x, y), 0, 1).astype(np.float32)
    return Patch(FACE, box, random.random((y1 - y0, x1 - x0, 3), np.float32), coverage)


def on_canvas(values: FloatImage, patch: Patch, size: int = 160) -> NDArray[np.float64]:
    canvas = np.zeros((size, size, *values.shape[2:]))
    x0, y0, x1, y1 = patch.box
    canvas[y0:y1, x0:x1] = values
    return canvas


def weighted_sum(patches: list[Patch]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum of coverages, and of colours times coverages, on a canvas in float64."""
    total = np.sum([on_canvas(p.coverage, p) for p in patches], axis=0)
    colour = np.sum(
        [on_canvas(p.rgb, p) * on_canvas(p.coverage, p)[:, :, None] for p in patches], axis=0
    )
    return total, colour


def flat(value: float) -> FloatImage:
    return np.full((256, 256, 3), value, np.float32)


OVERLAPPING = [
    random_patch(1, (10, 10, 80, 90)),
    random_patch(2, (35, 15, 112, 95)),
    random_patch(3, (20, 35, 100, 125)),
    random_patch(4, (95, 100, 158, 150)),
]


@settings(max_examples=40)
@given(st.tuples(st.floats(0, 199), st.floats(0, 149)), st.floats(0.3, 4), angles)
def test_a_patch_lies_in_its_crops_box_and_in_the_picture(
    middle: tuple[float, float], scale: float, angle: float
) -> None:
    """Cost follows the face's area: nothing outside of the crop's square is made."""
    picture = Pixels(np.full((150, 200, 3), 100, np.uint8))
    alignment = about(middle, SIZE, scale, angle)
    crop = np.full((SIZE, SIZE, 3), 0.5, np.float32)
    patch = make_patch(picture, FACE, alignment, crop, face_shape(SIZE))
    x0, y0, x1, y1 = patch.box
    outer = crop_box(alignment, SIZE)
    assert patch.rgb.shape == (y1 - y0, x1 - x0, 3)
    assert patch.coverage.shape == (y1 - y0, x1 - x0)
    if patch.coverage.any():
        assert max(outer[0], 0) <= x0 < x1 <= min(outer[2], 200)
        assert max(outer[1], 0) <= y0 < y1 <= min(outer[3], 150)
        for side in (patch.coverage[0], patch.coverage[-1], *patch.coverage.T[[0, -1]]):
            assert side.any()  # trimmed
    else:
        assert patch.rgb.shape[:2] == (1, 1)
    assert 0 <= patch.coverage.min() <= patch.coverage.max() <= 1


def test_a_crop_outside_of_the_picture_gives_no_patch() -> None:
    picture, alignment = Pixels(np.zeros((50, 50), np.uint8)), about((84, 20), SIZE, 1)
    with pytest.raises(GpenError) as error:
        make_patch(
            picture, FACE, alignment, np.zeros((SIZE, SIZE, 3), np.float32), face_shape(SIZE)
        )
    assert error.value.code == "bad_landmarks"


@pytest.mark.parametrize("scale", [0.2, 0.7, 1, 3])
def test_coverage_comes_back_as_it_was_in_the_crop(scale: float) -> None:
    picture = Pixels(np.zeros((500, 500), np.uint8))
    alignment = about((250, 250), SIZE, scale, 0.4)
    mask = face_shape(SIZE)
    patch = make_patch(picture, FACE, alignment, np.zeros((SIZE, SIZE, 3), np.float32), mask)
    assert patch.coverage.sum() == pytest.approx(mask.sum() / scale**2, rel=0.01)
    assert patch.coverage.max() > 0.98


def test_what_lies_beyond_the_edge_is_not_in_the_patch() -> None:
    """A face half outside: the picture's own half is covered as if it were whole."""
    wide = Pixels(np.full((200, 200, 3), 90, np.uint8))
    half = Pixels(np.full((200, 100, 3), 90, np.uint8))
    crop = cut_crop(wide, about((100, 100), SIZE, 1), SIZE)
    whole, cut = (
        make_patch(p, FACE, about((100, 100), SIZE, 1), crop, face_shape(SIZE))
        for p in (wide, half)
    )
    assert cut.box[2] == 100
    np.testing.assert_array_equal(cut.coverage, whole.coverage[:, : cut.coverage.shape[1]])


def test_transparent_pixels_are_not_covered() -> None:
    image = np.full((100, 100, 4), 128, np.uint8)
    image[:, :50, 3] = 0
    image[:, 50, 3] = 1
    alignment = about((50, 50), SIZE, 1)
    crop = np.zeros((SIZE, SIZE, 3), np.float32)
    patch = make_patch(Pixels(image), FACE, alignment, crop, face_shape(SIZE))
    assert patch.box[0] == 50
    assert patch.coverage[:, 0].max() == 1


def test_a_lone_face_is_unchanged_bit_for_bit() -> None:
    patches = [random_patch(1, (0, 0, 40, 40)), random_patch(2, (40, 0, 80, 40))]
    for before, shared, single in zip(patches, share(patches), disjoint(patches), strict=True):
        np.testing.assert_array_equal(shared.coverage, before.coverage)
        np.testing.assert_array_equal(single.coverage, before.coverage)
        np.testing.assert_array_equal(single.rgb, before.rgb)


def test_shared_coverages_add_up_to_at_most_one() -> None:
    total, _ = weighted_sum(OVERLAPPING)
    assert total.max() > 2  # before
    shared = share(OVERLAPPING)
    total, _ = weighted_sum(shared)
    assert total.max() <= 1 + 1e-6
    for before, after in zip(OVERLAPPING, shared, strict=True):
        assert np.all(after.coverage <= before.coverage)
        dominates = on_canvas(before.coverage, before) > 0
        for other in OVERLAPPING:
            if other is not before:
                dominates &= on_canvas(other.coverage, other) == 0
        np.testing.assert_array_equal(
            on_canvas(after.coverage, after)[dominates],
            on_canvas(before.coverage, before)[dominates],
        )


def test_the_order_of_faces_does_not_matter() -> None:
    expected = weighted_sum(share(OVERLAPPING))
    for order in permutations(OVERLAPPING):
        for found, wanted in zip(weighted_sum(share(list(order))), expected, strict=True):
            np.testing.assert_allclose(found, wanted, atol=1e-6)
        for found, wanted in zip(weighted_sum(disjoint(share(list(order)))), expected, strict=True):
            np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_each_pixel_has_one_patch_with_the_mean_of_all() -> None:
    """Also where three faces overlap."""
    shared = share(OVERLAPPING)
    total, colour = weighted_sum(shared)
    covering = np.sum([on_canvas(p.coverage, p) > 0 for p in shared], axis=0)
    assert covering.max() == 3
    single = disjoint(shared)
    claimed = np.sum([on_canvas(p.coverage, p) > 0 for p in single], axis=0)
    np.testing.assert_array_equal(claimed, covering > 0)
    for patch in single:
        own = on_canvas(patch.coverage, patch)
        here = own > 0
        np.testing.assert_allclose(own[here], total[here], atol=1e-6)
        mean = colour[here] / total[here][:, None]
        np.testing.assert_allclose(on_canvas(patch.rgb, patch)[here], mean, atol=1e-5)


def test_touching_faces_have_no_seam() -> None:
    """Two faces of unlike brightness on mid grey: nowhere is the step from pixel to pixel larger
    than where one of them fades out alone; a choice of the larger coverage would show a seam."""
    picture = Pixels(np.full((300, 500), 0.5, np.float32))
    mask = face_shape(256)
    dark, light = (
        make_patch(picture, FACE, about((x, 150), 256, 1), flat(value), mask)
        for x, value in ((200, 0.3), (280, 0.7))
    )

    def largest_step(patches: list[Patch]) -> float:
        total, colour = (np.zeros((300, 500)), np.zeros((300, 500)))
        for patch in patches:
            x0, y0, x1, y1 = patch.box
            total[y0:y1, x0:x1] += patch.coverage
            colour[y0:y1, x0:x1] += patch.coverage * patch.rgb[:, :, 0]
        return float(np.abs(np.diff(0.5 * (1 - total) + colour, axis=1)).max())

    hard = [replace(p, coverage=p.coverage.copy()) for p in (dark, light)]
    x0, y0 = np.maximum(dark.box[:2], light.box[:2])
    x1, y1 = np.minimum(dark.box[2:], light.box[2:])
    one, two = (
        p.coverage[y0 - p.box[1] : y1 - p.box[1], x0 - p.box[0] : x1 - p.box[0]] for p in hard
    )
    one[one < two], two[one >= two] = 0, 0
    assert largest_step(share([dark, light])) < 1.2 * largest_step([dark])
    assert largest_step(hard) > 5 * largest_step([dark])
