"""Image arrays read as float RGB, and changed in place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gpen_engine import GpenError
from gpen_engine.pixels import Pixels, add_change

WHOLE = (0, 0, 6, 4)
DTYPES = [np.uint8, np.uint16, np.float16, np.float32, np.float64]


def random_image(dtype: type, channels: int = 3, size: tuple[int, int] = (4, 6)) -> NDArray[Any]:
    random = np.random.default_rng(7).random((*size, channels))
    return (
        random * 255 if dtype == np.uint8 else random * 65535 if dtype == np.uint16 else random
    ).astype(dtype)


def bits(array: NDArray[Any]) -> bytes:
    return array.tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
def test_white_is_one_and_black_is_zero(dtype: type) -> None:
    white = np.iinfo(dtype).max if np.issubdtype(dtype, np.integer) else 1
    image = np.array([[[0, white, white]]], dtype)
    pixels = Pixels(image)
    assert pixels.white == white
    rgb = pixels.rgb((0, 0, 1, 1))
    assert rgb.dtype == np.float32
    assert rgb.tolist() == [[[0, 1, 1]]]


def test_integers_are_read_exactly() -> None:
    levels = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    read = Pixels(levels).rgb((0, 0, 256, 256))[:, :, 0]
    np.testing.assert_array_equal(np.rint(read.astype(np.float64) * 65535), levels)


@pytest.mark.parametrize(("channels", "colours"), [(1, 1), (2, 1), (3, 3), (4, 3)])
def test_channels(channels: int, colours: int) -> None:
    image = random_image(np.float32, channels)
    pixels = Pixels(image)
    assert (pixels.width, pixels.height, pixels.colours) == (6, 4, colours)
    expected = image[1:3, 2:5, :3] if colours == 3 else image[1:3, 2:5, :1].repeat(3, axis=2)
    np.testing.assert_array_equal(pixels.rgb((2, 1, 5, 3)), expected)
    opaque = pixels.opaque((2, 1, 5, 3))
    if channels in (1, 3):
        assert opaque is None
    else:
        image[2, 3, -1] = 0
        opaque = pixels.opaque((2, 1, 5, 3))
        assert opaque is not None
        assert np.argwhere(~opaque).tolist() == [[1, 1]]


def test_a_plain_grey_array_has_one_channel() -> None:
    assert Pixels(np.zeros((4, 6), np.uint8)).array.shape == (4, 6, 1)


def test_floats_beyond_the_range_are_clipped_when_read() -> None:
    image = np.array([[[np.nan, np.inf, -np.inf], [-0.5, 1.5, 0.25]]], np.float32)
    assert Pixels(image).rgb((0, 0, 2, 1)).tolist() == [[[0, 1, 0], [0, 1, 0.25]]]


def test_reading_is_a_copy() -> None:
    image = random_image(np.float32)
    before = bits(image)
    Pixels(image).rgb(WHOLE)[:] = 0
    assert bits(image) == before


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(5, np.uint8),
        np.zeros((2, 2, 5), np.uint8),
        np.zeros((0, 2, 3), np.uint8),
        np.zeros((2, 2, 3, 1), np.uint8),
        np.zeros((2, 2, 3), np.int32),
        np.zeros((2, 2, 3), bool),
        np.zeros((2, 2, 3), np.complex64),
    ],
    ids=lambda array: f"{array.dtype} {array.shape}",
)
def test_other_arrays_are_refused(array: NDArray[Any]) -> None:
    with pytest.raises(GpenError) as error:
        Pixels(array)
    assert error.value.code == "bad_image"


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", DTYPES)
def test_only_covered_colours_change(dtype: type, channels: int) -> None:
    image = random_image(dtype, channels)
    before = image.copy()
    coverage = np.zeros((2, 3), np.float32)
    coverage[0, 1], coverage[1, 2] = 1, 0.5
    colours = Pixels(image).colours
    add_change(image, (2, 1, 5, 3), np.full((2, 3, colours), 0.5, np.float32), coverage)
    changed = np.argwhere((image != before).any(axis=2)).tolist()
    assert changed == [[1, 3], [2, 4]]
    untouched = np.ones((4, 6), bool)
    untouched[1, 3] = untouched[2, 4] = False
    assert bits(image[untouched]) == bits(before[untouched])
    assert bits(image[:, :, colours:]) == bits(before[:, :, colours:])
    white = Pixels(image).white
    tolerance = 0.5 if image.dtype.kind == "u" else 1e-3
    assert image[1, 3, :colours] == pytest.approx(0.5 * white, abs=tolerance)
    half = (before[2, 4, :colours].astype(float) + 0.5 * white) / 2
    assert image[2, 4, :colours] == pytest.approx(half, abs=tolerance)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_rounding_is_to_the_nearest_level(dtype: type) -> None:
    """On average nothing is lost; truncation would darken by half a level."""
    image = random_image(dtype, 3, (300, 300))
    white = np.iinfo(dtype).max
    exact = image + 0.37 * (0.3 * white - image.astype(np.float64))
    changed = image.copy()
    target = np.full(image.shape, 0.3, np.float32)
    add_change(changed, (0, 0, 300, 300), target, np.full((300, 300), 0.37, np.float32))
    assert abs((changed - exact).mean()) < 0.01
    assert np.abs(changed - exact).max() < 0.51


@given(st.integers(0, 65535), st.integers(0, 65535), st.floats(0.001, 1))
def test_a_change_never_overshoots(old: int, new: int, coverage: float) -> None:
    image = np.full((1, 1, 1), old, np.uint16)
    target = np.full((1, 1, 1), new / 65535, np.float32)
    add_change(image, (0, 0, 1, 1), target, np.full((1, 1), coverage, np.float32))
    assert min(old, new) <= image[0, 0, 0] <= max(old, new)
    if coverage == 1:
        assert image[0, 0, 0] == new


def test_floats_beyond_the_range() -> None:
    """Excess over white or under black stays; what is no number is replaced."""
    image = np.array([[1.5, -0.25, np.nan, np.inf, -np.inf, 0.5]], np.float32)[:, :, None]
    for row in (image, image.astype(np.float64)):
        target = np.full((1, 6, 1), 0.25, np.float32)
        add_change(row, (0, 0, 6, 1), target, np.ones((1, 6), np.float32))
        assert row[0, :, 0].tolist() == [0.75, 0, 0.25, 0.25, 0.25, 0.25]


def test_not_a_number_keeps_its_bits_where_nothing_covers() -> None:
    image = np.full((1, 2, 3), np.nan, np.float32)
    image.view(np.uint32)[0, 0] = 0x7FC01234  # NaN can carry a message
    before = bits(image[0, 0])
    target = np.full((1, 2, 3), 0.5, np.float32)
    add_change(image, (0, 0, 2, 1), target, np.array([[0, 1]], np.float32))
    assert bits(image[0, 0]) == before
    assert image[0, 1].tolist() == [0.5] * 3
