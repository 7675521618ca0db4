"""The data class and the depths: what they promise before any file is touched."""

from __future__ import annotations

import numpy as np
import pytest

from gpen_engine.pictures import Picture, from_unit, to_unit


@pytest.mark.parametrize(
    ("channels", "grey", "alpha"),
    [(1, True, False), (2, True, True), (3, False, False), (4, False, True)],
)
def test_channels(channels: int, grey: bool, alpha: bool) -> None:
    pixels = np.arange(6 * channels, dtype=np.uint8).reshape(2, 3, channels)
    picture = Picture(pixels)
    assert (picture.is_grey, picture.has_alpha) == (grey, alpha)
    assert np.shares_memory(picture.colour, pixels)
    assert picture.colour.shape == (2, 3, 1 if grey else 3)
    if alpha:
        assert np.array_equal(picture.alpha, pixels[..., -1])
    else:
        assert picture.alpha is None


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((2, 3), np.uint8),
        np.zeros((2, 3, 5), np.uint8),
        np.zeros((0, 3, 3), np.uint8),
        np.zeros((2, 3, 3), np.float64),
        np.zeros((2, 3, 3), ">u2"),
    ],
)
def test_refuses_other_arrays(pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="pixels must be"):
        Picture(pixels)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_value_survives_the_way_to_float_and_back(dtype: type) -> None:
    every = np.arange(np.iinfo(dtype).max + 1).astype(dtype)
    unit = to_unit(every)
    assert unit.dtype == np.float32
    assert (unit[0], unit[-1]) == (0, 1)
    assert np.array_equal(from_unit(unit, dtype), every)


def test_sixteen_bits_become_eight_by_rounding() -> None:
    every = np.arange(65536).astype(np.uint16)
    assert np.array_equal(from_unit(to_unit(every), np.uint8), (every.astype(int) + 128) // 257)


def test_whole_numbers_are_clipped_and_float_is_not() -> None:
    values = np.array([-1, -np.inf, np.nan, 0.5, 1, 7, np.inf], np.float32)
    assert from_unit(values, np.uint8).tolist() == [0, 0, 0, 128, 255, 255, 255]
    assert from_unit(values, np.uint16).tolist() == [0, 0, 0, 32768, 65535, 65535, 65535]
    assert np.array_equal(from_unit(values, np.float32), values, equal_nan=True)
