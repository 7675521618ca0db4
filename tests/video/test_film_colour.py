"""Luma and chroma: what they mean in RGB, and how faces get into them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpen_engine import GpenError
from gpen_engine.video.colour import WEIGHTS, Encoding, PlanePixels

SHIFTS = [(0, 0), (1, 0), (1, 1), (2, 0), (0, 1)]


def pixels(
    shift: tuple[int, int], depth: int = 8, full: bool = False, *, matrix: int = 1, seed: int = 0
) -> PlanePixels:
    """Random planes 26 by 22 within a film's usual numbers, chroma smooth enough to be resized."""
    rng = np.random.default_rng(seed)
    kind = np.uint8 if depth == 8 else np.uint16
    one = 1 << (depth - 8)
    coarse = (-(-22 // (1 << shift[1])), -(-26 // (1 << shift[0])))
    luma = rng.integers(60 * one, 180 * one, (22, 26)).astype(kind)
    chroma = [rng.integers(110 * one, 146 * one, coarse).astype(kind) for _ in range(2)]
    encoding = Encoding.named(matrix, 1080, depth=depth, full=full, shift=shift)
    return PlanePixels([luma, *chroma], encoding)


def flat(y: int, cb: int, cr: int, **how: object) -> np.ndarray:
    planes = [np.full((4, 4), v, np.uint8) for v in (y, cb, cr)]
    encoding = Encoding.named(depth=8, shift=(0, 0), **how)  # type: ignore[arg-type]
    return PlanePixels(planes, encoding).rgb((0, 0, 4, 4))[0, 0]


def test_known_colours() -> None:
    # From ITU-R BT.709 and BT.601: black, white and pure red in eight bits.
    assert flat(16, 128, 128, matrix=1, lines=1080, full=False) == pytest.approx([0, 0, 0])
    assert flat(235, 128, 128, matrix=1, lines=1080, full=False) == pytest.approx([1, 1, 1])
    assert flat(255, 128, 128, matrix=1, lines=1080, full=True) == pytest.approx([1, 1, 1])
    assert flat(63, 102, 240, matrix=1, lines=1080, full=False) == pytest.approx(
        [1, 0, 0], abs=0.01
    )
    assert flat(81, 90, 240, matrix=6, lines=480, full=False) == pytest.approx([1, 0, 0], abs=0.01)


def test_an_unnamed_matrix_goes_by_the_lines() -> None:
    assert Encoding.named(2, 576, depth=8, full=False).red == WEIGHTS[6][0]
    assert Encoding.named(2, 720, depth=8, full=False).red == WEIGHTS[1][0]
    with pytest.raises(GpenError, match="matrix 10"):
        Encoding.named(10, 2160, depth=10, full=False)


@pytest.mark.parametrize("shift", SHIFTS)
@pytest.mark.parametrize("depth", [8, 10])
def test_a_region_is_read_as_in_the_whole(shift: tuple[int, int], depth: int) -> None:
    image = pixels(shift, depth)
    whole = image.rgb((0, 0, 26, 22))
    assert whole.shape == (22, 26, 3)
    for box in [(3, 5, 12, 16), (0, 0, 1, 1), (25, 21, 26, 22), (4, 4, 20, 20)]:
        x0, y0, x1, y1 = box
        assert image.rgb(box) == pytest.approx(whole[y0:y1, x0:x1], abs=1e-5)


@given(
    st.sampled_from(SHIFTS), st.sampled_from([8, 10, 12]), st.booleans(),
    st.sampled_from(sorted(WEIGHTS)), st.integers(0, 13), st.integers(0, 11),
    st.integers(1, 13), st.integers(1, 11),
)  # fmt: skip
def test_what_is_not_covered_keeps_every_bit(
    shift: tuple[int, int], depth: int, full: bool, matrix: int, x: int, y: int, w: int, h: int
) -> None:
    image = pixels(shift, depth, full, matrix=matrix)
    before = [plane.copy() for plane in image.planes]
    box = (x, y, x + w, y + h)
    coverage = np.zeros((h, w), np.float32)
    image.add(box, np.ones((h, w, 3), np.float32), coverage)
    assert all(np.array_equal(a, b) for a, b in zip(before, image.planes, strict=True))
    image.add(box, np.ones((h, w, 3), np.float32), coverage + 1)
    assert not np.array_equal(before[0], image.planes[0])
    for place, (old, new) in enumerate(zip(before, image.planes, strict=True)):
        sx, sy = shift if place else (0, 0)
        outside = np.ones(old.shape, bool)
        outside[y >> sy : (y + h - 1 >> sy) + 1, x >> sx : (x + w - 1 >> sx) + 1] = False
        assert np.array_equal(old[outside], new[outside])


@pytest.mark.parametrize("depth", [8, 10, 12])
@pytest.mark.parametrize("full", [False, True])
def test_full_coverage_arrives_at_the_target(depth: int, full: bool) -> None:
    image = pixels((0, 0), depth, full)
    target = np.random.default_rng(2).uniform(0.1, 0.9, (10, 12, 3)).astype(np.float32)
    image.add((5, 3, 17, 13), target, np.ones((10, 12), np.float32))
    assert image.rgb((5, 3, 17, 13)) == pytest.approx(target, abs=3 / (1 << depth))


def test_coarse_chroma_gets_the_mean() -> None:
    image = pixels((1, 1), seed=3)
    before = image.rgb((0, 0, 26, 22))
    target = np.clip(before + np.float32([0.1, 0, -0.1]), 0, 1)
    image.add((0, 0, 26, 22), target, np.ones((22, 26), np.float32))
    assert image.rgb((0, 0, 26, 22)) == pytest.approx(target, abs=0.02)


def test_grey_and_rgb_planes() -> None:
    luma = np.full((6, 6), 100, np.uint8)
    grey = PlanePixels([luma], Encoding.named(1, 1080, depth=8, full=True))
    grey.add((1, 1, 3, 3), np.ones((2, 2, 3), np.float32), np.ones((2, 2), np.float32))
    assert luma[1:3, 1:3].tolist() == [[255, 255]] * 2
    assert luma.sum() == 32 * 100 + 4 * 255
    planes = [np.full((4, 4), v, np.uint16) for v in (10, 20, 30)]
    rgb = PlanePixels(planes, Encoding(10, True, 0, 0, (0, 0)), is_rgb=True)
    assert rgb.rgb((0, 0, 1, 1))[0, 0] * 1023 == pytest.approx([30, 10, 20])
    rgb.add((0, 0, 1, 1), np.ones((1, 1, 3), np.float32), np.ones((1, 1), np.float32))
    assert [int(p[0, 0]) for p in planes] == [1023] * 3
    assert rgb.opaque((0, 0, 2, 2)) is None


def test_beyond_white_is_kept_where_nothing_changes() -> None:
    # Highlights above 235 and shadows below 16 are in many films.
    image = pixels((1, 1))
    image.planes[0][:] = 250
    same = image.rgb((0, 0, 26, 22))
    image.add((0, 0, 26, 22), same, np.ones((22, 26), np.float32))
    assert np.all(image.planes[0] == 250)
