"""The original's tone, the restoration's features."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from gpen_engine.faces.colour import LOW, keep_low_frequencies
from gpen_engine.pixels import FloatImage

SIZE = 128


def soft_light() -> FloatImage:
    """A picture without detail, (SIZE, SIZE, 3) in 0.3..0.7."""
    y, x = np.mgrid[:SIZE, :SIZE] * np.pi / SIZE
    light = 0.5 + 0.2 * np.cos(x) * np.cos(y)
    return np.repeat(light[:, :, None], 3, axis=2).astype(np.float32)


def detail(strength: float) -> FloatImage:
    """Waves of 6 pixels, the same in all channels."""
    y, x = np.mgrid[:SIZE, :SIZE] * 2 * np.pi / 6
    return np.repeat((strength * np.cos(x) * np.cos(y))[:, :, None], 3, axis=2).astype(np.float32)


@pytest.mark.parametrize("cast", [(0.2, 0, 0), (-0.1, 0.05, 0.15)])
def test_a_cast_is_taken_out_and_detail_stays(cast: tuple[float, float, float]) -> None:
    restored = soft_light() + detail(0.05) + np.array(cast, np.float32)
    kept = keep_low_frequencies(restored, soft_light())
    np.testing.assert_allclose(kept, soft_light() + detail(0.05), atol=0.002)


def test_the_originals_own_detail_does_not_come_back() -> None:
    kept = keep_low_frequencies(soft_light(), soft_light() + detail(0.1))
    assert np.abs(kept - soft_light()).max() < 0.002


@pytest.mark.parametrize(("width", "stays"), [(1 / 32, 0.8), (1 / 16, 0.5), (1 / 8, 0.2)])
def test_low_means_wider_than_an_eye(width: float, stays: float) -> None:
    """What stays of a new spot, by its standard deviation in units of the side."""
    y, x = np.mgrid[:SIZE, :SIZE] - SIZE // 2
    spot = 0.2 * np.exp(-(x**2 + y**2) / (2 * (width * SIZE) ** 2))
    grey = np.full((SIZE, SIZE, 3), 0.5, np.float32)
    kept = keep_low_frequencies(grey + spot[:, :, None].astype(np.float32), grey)
    assert (kept - grey)[SIZE // 2, SIZE // 2, 0] / 0.2 == pytest.approx(stays, abs=0.02)


@pytest.mark.parametrize(("tone", "extreme"), [(0.05, 0.0), (0.95, 1.0)])
def test_the_result_is_in_range(tone: float, extreme: float) -> None:
    restored = np.random.default_rng(0).random((SIZE, SIZE, 3), np.float32)
    kept = keep_low_frequencies(restored, np.full_like(restored, tone))
    assert kept.dtype == np.float32
    assert 0 <= kept.min() <= kept.max() <= 1
    assert (kept == extreme).mean() > 0.3


@pytest.mark.parametrize("size", [48, 256, 1000])
def test_low_frequencies_are_those_of_the_whole_blur(size: int) -> None:
    """They are taken from a small copy."""
    random = np.random.default_rng(1)
    coarse = [random.uniform(0.3, 0.7, (8, 8, 3)).astype(np.float32) for _ in range(2)]
    restored, original = (
        cv2.resize(c, (size, size), interpolation=cv2.INTER_CUBIC) for c in coarse
    )
    low = cv2.GaussianBlur(original - restored, (0, 0), size * LOW, borderType=cv2.BORDER_REFLECT)
    exact = restored + low
    kept = keep_low_frequencies(restored, original)
    inner = slice(size // 8, -size // 8)
    assert np.abs(restored - exact).max() > 0.1
    assert np.abs(kept - exact)[inner, inner].max() < 0.004
    assert np.abs(kept - exact).max() < 0.006
