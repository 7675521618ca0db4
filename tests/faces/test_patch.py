"""Patches in their boxes, and several of them on the same pixels."""

from __future__ import annotations

from collections.abc import Sequence
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
from gpen_engine.faces.patch import (
    Island,
    groups,
    islands,
    limited,
    make_patch,
    share,
    stacked,
)
from gpen_engine.pixels import Box, FloatImage, Pixels

FACE = Face((0, 0, 1, 1), TEMPLATES["gpen"], 1.0)
SIZE = 64


def random_patch(seed: int, box: Box) -> Patch:
    """Random colours under a round coverage that reaches 0 and 1."""
    random = np.random.default_rng(seed)
    x0, y0, x1, y1 = box
    y, x = np.mgrid[-1 : 1 : (y1 - y0) * 1j, -1 : 1 : (x1 - x0) * 1j]
    coverage = np.clip(1.4 - 1.5 * np.hypot(x, y), 0, 1).astype(np.float32)
    return Patch(FACE, box, random.random((y1 - y0, x1 - x0, 3), np.float32), coverage)


def on_canvas(values: FloatImage, patch: Patch | Island, size: int = 160) -> NDArray[np.float64]:
    canvas = np.zeros((size, size, *values.shape[2:]))
    x0, y0, x1, y1 = patch.box
    canvas[y0:y1, x0:x1] = values
    return canvas


def weighted_sum(
    patches: Sequence[Patch | Island],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
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
    for made in (share(patches), stacked(patches), islands(patches)):
        for before, after in zip(patches, made, strict=True):
            assert after.box == before.box
            np.testing.assert_array_equal(after.coverage, before.coverage)
            np.testing.assert_array_equal(after.rgb, before.rgb)
    assert all(
        island.rgb is patch.rgb for island, patch in zip(islands(patches), patches, strict=True)
    )


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
        merged = list(islands(share(list(order))))
        for found, wanted in zip(weighted_sum(merged), expected, strict=True):
            np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_an_island_holds_the_mean_of_its_faces() -> None:
    """Also where three faces overlap; the fourth lies in the box around them, and is drawn in."""
    shared = share(OVERLAPPING)
    total, colour = weighted_sum(shared)
    assert np.sum([on_canvas(p.coverage, p) > 0 for p in shared], axis=0).max() == 3
    (island,) = islands(shared)
    assert island.box == (10, 10, 158, 150)
    assert [id(face) for face in island.faces] == [id(patch.face) for patch in shared]
    assert island.coverage.max() <= 1
    assert 0 <= island.rgb.min() <= island.rgb.max() <= 1
    own = on_canvas(island.coverage, island)
    np.testing.assert_allclose(own, total, atol=1e-6)
    np.testing.assert_array_equal(own > 0, total > 0)
    here = own > 0
    mean = colour[here] / total[here][:, None]
    np.testing.assert_allclose(on_canvas(island.rgb, island)[here], mean, atol=1e-5)
    assert not island.rgb[island.coverage == 0].any()


corner = st.tuples(st.integers(0, 130), st.integers(0, 130))
extent = st.tuples(st.integers(1, 30), st.integers(1, 30))
boxes = st.builds(lambda c, e: (*c, c[0] + e[0], c[1] + e[1]), corner, extent)
crowds = st.lists(boxes, max_size=12)


def crowd(places: list[Box]) -> list[Patch]:
    """Patches of random colours and coverages, each with a face of its own, shared."""
    patches = []
    for seed, (x0, y0, x1, y1) in enumerate(places):
        random = np.random.default_rng(seed)
        coverage = np.clip(random.random((y1 - y0, x1 - x0)) * 1.8 - 0.4, 0, 1).astype(np.float32)
        rgb = random.random((y1 - y0, x1 - x0, 3), np.float32)
        patches.append(Patch(replace(FACE), (x0, y0, x1, y1), rgb, coverage))
    return share(patches)


def meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@given(crowds)
def test_islands_part_the_faces_and_do_not_overlap(places: list[Box]) -> None:
    patches = [Patch(replace(FACE), box, flat(0)[:1, :1], flat(0)[:1, :1, 0]) for box in places]
    found = groups(patches)
    assert sorted(id(patch) for _, group in found for patch in group) == sorted(map(id, patches))
    order = {id(patch): place for place, patch in enumerate(patches)}
    assert [min(order[id(p)] for p in g) for _, g in found] == sorted(
        min(order[id(p)] for p in g) for _, g in found
    )
    for place, (box, group) in enumerate(found):
        sides = np.array([patch.box for patch in group])
        assert box == (*sides[:, :2].min(axis=0), *sides[:, 2:].max(axis=0))
        assert [order[id(p)] for p in group] == sorted(order[id(p)] for p in group)
        assert not any(meet(box, other) for other, _ in found[:place])
        # Nothing is drawn in without need: no part of a group stands free of the rest.
        if len(group) > 1:
            assert all(meet_after_all(p, [q for q in group if q is not p]) for p in group)


def meet_after_all(patch: Patch, others: list[Patch]) -> bool:
    """Whether the islands of the others, made without the patch, meet it."""
    return any(meet(patch.box, box) for box, _ in groups(others))


def test_boxes_that_overlap_only_through_the_box_around_two() -> None:
    """The third lies in the corner between two, and draws in the fourth with it."""
    places = [(0, 0, 20, 60), (10, 50, 60, 70), (40, 10, 55, 30), (50, 0, 80, 20), (90, 90, 99, 99)]
    patches = [random_patch(seed, box) for seed, box in enumerate(places)]
    assert [box for box, _ in groups(patches)] == [(0, 0, 80, 70), (90, 90, 99, 99)]


@given(crowds)
def test_the_islands_show_the_same_picture(places: list[Box]) -> None:
    patches = crowd(places)
    below = np.random.default_rng(99).random((160, 160, 3))
    total, colour = weighted_sum(patches) if patches else (np.zeros((160, 160)), below * 0)
    expected = below * (1 - total[:, :, None]) + colour
    made = below.copy()
    for island in islands(patches):
        x0, y0, x1, y1 = island.box
        part = island.coverage[:, :, None].astype(np.float64)
        made[y0:y1, x0:x1] = below[y0:y1, x0:x1] * (1 - part) + island.rgb * part
    np.testing.assert_allclose(made, expected, atol=1e-6)
    assert made[total == 0].tobytes() == below[total == 0].tobytes()


@given(crowds, st.sampled_from([1, 0.6]))
def test_the_stack_shows_the_same_picture(places: list[Box], strength: float) -> None:
    patches = [replace(p, coverage=p.coverage * np.float32(strength)) for p in crowd(places)]
    below = np.random.default_rng(99).random((160, 160, 3))
    total, colour = weighted_sum(patches) if patches else (np.zeros((160, 160)), below * 0)
    expected = below * (1 - total[:, :, None]) + colour
    layers = stacked(patches)
    made = below.copy()
    for layer, patch in zip(reversed(layers), reversed(patches), strict=True):
        assert (layer.face, layer.box) == (patch.face, patch.box)
        assert layer.rgb is patch.rgb
        assert 0 <= layer.coverage.min() <= layer.coverage.max() <= 1
        assert not layer.coverage[patch.coverage == 0].any()
        x0, y0, x1, y1 = layer.box
        part = layer.coverage[:, :, None].astype(np.float64)
        made[y0:y1, x0:x1] = made[y0:y1, x0:x1] * (1 - part) + layer.rgb * part
    np.testing.assert_allclose(made, expected, atol=1e-5)


def test_a_limited_patch_is_trimmed() -> None:
    patch = random_patch(1, (10, 20, 50, 70))
    part = np.zeros((50, 40), np.float32)
    part[10:30, 5:20] = np.linspace(0.5, 1, 15, dtype=np.float32)
    made = limited(patch, part)
    assert made is not None
    assert made.box == (15, 30, 30, 50)
    np.testing.assert_array_equal(made.rgb, patch.rgb[10:30, 5:20])
    np.testing.assert_array_equal(made.coverage, (patch.coverage * part)[10:30, 5:20])
    assert limited(patch, np.zeros((50, 40), np.float32)) is None


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
