"""Linear light and printing density, to sRGB and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpen_engine.pictures.encoding import LINEAR, LOG, REC_709, Encoding

ACES_AP0 = (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767)


def colour(*values: float) -> np.ndarray:
    return np.array(values, np.float32).reshape(1, 1, -1)


def test_linear_light_gets_the_curve_of_srgb() -> None:
    srgb = LINEAR.to_srgb(colour(0, 0.18, 1))
    np.testing.assert_allclose(srgb.ravel(), (0, 0.46136, 1), atol=1e-5)
    assert LINEAR.to_srgb(colour(4))[0, 0, 0] == pytest.approx(1.055 * 4 ** (1 / 2.4) - 0.055)
    assert LINEAR.to_srgb(colour(-0.18)) == -LINEAR.to_srgb(colour(0.18))
    unusual = LINEAR.to_srgb(colour(np.nan, np.inf, -np.inf)).ravel()
    np.testing.assert_allclose(unusual, (0, 1, 0), atol=1e-6)


@pytest.mark.parametrize(
    ("code", "light"),
    # Cineon's conversion: density of 0.002 a code, gamma 0.6, white at 685, black at 95.
    [(95, 0.0), (685, 1.0), (470, 0.1833), (1023, 13.52)],
)
def test_printing_density(code: int, light: float) -> None:
    srgb = LOG.to_srgb(colour(code / 1023))
    assert LINEAR.from_srgb(srgb)[0, 0, 0] == pytest.approx(light, rel=2e-3, abs=1e-5)


def test_every_code_of_ten_bits_comes_back() -> None:
    codes = np.arange(1024, dtype=np.float32).reshape(1, -1, 1)
    back = LOG.from_srgb(LOG.to_srgb(codes / 1023), 1) * 1023
    shown = codes.ravel() >= 95  # below black the curve turns flat
    assert np.abs(back - codes).ravel()[shown].max() < 0.05


@pytest.mark.parametrize("encoding", [LINEAR, LOG])
def test_limits_are_black_and_white(encoding: Encoding) -> None:
    ends = colour(*encoding.limits)
    np.testing.assert_allclose(encoding.to_srgb(ends).ravel(), (0, 1), atol=1e-5)
    for shade, limit in zip((0, 1), encoding.limits, strict=True):
        np.testing.assert_allclose(encoding.from_srgb(colour(*[shade] * 3)), limit, atol=1e-5)


unit = st.floats(0, 1, width=32)


@given(unit, unit, unit, st.sampled_from([LINEAR, LOG, Encoding("linear", ACES_AP0)]))
def test_colours_come_back(red: float, green: float, blue: float, encoding: Encoding) -> None:
    rgb = colour(red, green, blue)
    np.testing.assert_allclose(encoding.to_srgb(encoding.from_srgb(rgb)), rgb, atol=2e-4)


def test_other_primaries_keep_white_and_move_colours() -> None:
    aces = Encoding("linear", ACES_AP0)
    assert not aces.is_rec_709
    np.testing.assert_allclose(aces.to_srgb(colour(1, 1, 1)), 1, atol=1e-4)
    # The first row of the published matrix from ACES2065-1 to Rec. 709 (D65, Bradford).
    red = LINEAR.from_srgb(aces.to_srgb(colour(1, 0, 0)))
    np.testing.assert_allclose(red.ravel(), (2.5217, -0.2765, -0.0154), atol=2e-3)
    assert Encoding("linear", (*REC_709[:7], 0.3292)).is_rec_709


def test_grey_is_the_luminance() -> None:
    grey = LINEAR.from_srgb(LINEAR.to_srgb(colour(1, 0, 0)), 1)
    assert grey.shape == (1, 1, 1)
    assert grey[0, 0, 0] == pytest.approx(0.2126)


@pytest.mark.parametrize("wrong", [(0.3,) * 8, (0.64, 0.0) * 4, (0.3, 0.3)])
def test_no_primaries(wrong: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="no primaries"):
        Encoding("linear", wrong)
