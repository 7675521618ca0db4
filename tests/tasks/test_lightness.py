"""Luminance: exact in linear light, and to half a level after rounding."""

from __future__ import annotations

import numpy as np
import pytest

from gpen_engine.tasks.lightness import (
    encoded,
    grey,
    linear,
    luminance,
    with_chroma_of,
    with_luminance,
)

# CIE Lab (D50) of the sRGB primaries and some colours, from ICC's own transform.
KNOWN = {(255, 0, 0): 54.29, (0, 255, 0): 87.82, (0, 0, 255): 29.57, (255, 255, 255): 100.0}


def colours(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((*shape, 3), np.float32)


def lightness(rgb: np.ndarray) -> np.ndarray:
    """L* of sRGB-encoded RGB."""
    y = luminance(linear(rgb)).astype(np.float64)
    return np.where(y > 216 / 24389, 116 * np.cbrt(y) - 16, y * 24389 / 27)


@pytest.mark.parametrize(("rgb", "wanted"), KNOWN.items())
def test_lightness_is_that_of_icc(rgb: tuple[int, int, int], wanted: float) -> None:
    assert lightness(np.array(rgb, np.float32) / 255) == pytest.approx(wanted, abs=0.02)


def test_encoding_is_the_inverse_of_decoding_for_every_16_bit_level() -> None:
    levels = np.arange(65536, dtype=np.float32) / 65535
    assert np.array_equal(np.rint(encoded(linear(levels)) * 65535), np.arange(65536))


def test_grey_of_a_grey_pixel_is_itself() -> None:
    levels = np.repeat(np.linspace(0, 1, 999, dtype=np.float32)[:, None, None], 3, axis=2)
    assert np.array_equal(grey(levels), levels)


def test_grey_has_the_luminance_of_the_colour() -> None:
    rgb = colours(50, 50)
    assert np.abs(lightness(grey(rgb)) - lightness(rgb)).max() < 1e-3
    assert np.ptp(grey(rgb), axis=2).max() == 0


@pytest.mark.parametrize("white", [255, 65535])
def test_luminance_survives_rounding_to_the_last_bit(white: int) -> None:
    """The grey of the same luminance rounds to the level it had, whatever the colours were."""
    levels = np.random.default_rng(1).integers(0, white + 1, (200, 200))
    before = (levels / white).astype(np.float32)
    after = with_chroma_of(colours(200, 200), luminance(linear(np.dstack([before] * 3))))
    assert after.min() >= 0
    assert after.max() <= 1
    rounded = (np.rint(after * white) / white).astype(np.float32)
    found = encoded(luminance(linear(rounded))) * white
    assert np.abs(found - levels).max() < 0.6  # half a level, and what the bend near black adds
    assert (np.rint(found) == levels).mean() > 0.999


def test_chroma_is_the_colours_own_where_it_fits() -> None:
    rgb = 0.4 + 0.2 * colours(30, 30)
    light = luminance(linear(rgb))
    assert np.abs(with_chroma_of(rgb, light) - rgb).max() < 1e-5


def test_what_srgb_cannot_show_is_paler_and_not_lighter() -> None:
    blue = np.full((1, 2, 3), [0, 0, 1], np.float32)
    light = np.array([[0.9, 0.001]], np.float32)
    shown = with_chroma_of(blue, light)
    assert luminance(linear(shown)) == pytest.approx(light, rel=1e-3)
    assert shown[0, 0, 2] == pytest.approx(1)
    assert shown[0, 0, 0] < 1


def test_black_and_white_stay_what_they_are() -> None:
    light = np.array([[0.0, 1.0]], np.float32)
    shown = with_luminance(linear(colours(1, 2)), light)
    assert np.abs(shown - light[:, :, None]).max() < 1e-6
