"""The tone and the wear of old photographs."""

from __future__ import annotations

import numpy as np
import pytest
from training_crops import crop

from gpen_engine.pixels import FloatImage
from gpen_engine.training import old_photo

FLAT = np.full((96, 96, 3), 0.5, np.float32)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_grey_is_luma() -> None:
    primaries = np.eye(3, dtype=np.float32)[None]
    assert old_photo.grey(primaries)[0, :, 0] == pytest.approx([0.299, 0.587, 0.114])
    assert np.ptp(old_photo.grey(crop(0)), axis=2).max() == 0


def test_tone_is_grey_or_warm_and_keeps_the_order_of_brightness() -> None:
    ramp = np.repeat(np.linspace(0, 1, 64, dtype=np.float32)[None, :, None], 3, axis=2)
    kinds = set()
    for seed in range(30):
        toned = old_photo.tone(ramp, rng(seed))
        assert toned.dtype == np.float32
        assert 0 <= toned.min() <= toned.max() <= 1
        assert np.all(np.diff(toned, axis=1) >= -1e-6)
        red, green, blue = toned[0, 40]
        assert red >= green - 1e-6
        assert green >= blue - 1e-6
        kinds.add((bool(red - blue > 0.01), bool(toned[0, 0, 0] > 0.01)))
    assert len(kinds) == 4  # grey and sepia, each faded or not


@pytest.mark.parametrize("strength", [0.02, 0.08])
def test_grain_is_grey_and_strongest_in_the_midtones(strength: float) -> None:
    middle = old_photo.grain(FLAT, strength, 0.8, rng()) - FLAT
    assert np.ptp(middle, axis=2).max() < 1e-6
    assert middle.std() == pytest.approx(strength, rel=0.01)
    black = old_photo.grain(FLAT * 0, strength, 0.8, rng())
    assert black.std() == pytest.approx(0.4 * strength, rel=0.01)


def changed(image: FloatImage) -> float:
    """Share of pixels that are clearly not as they were."""
    return float((np.abs(image - FLAT).max(axis=2) > 0.05).mean())


def test_scratches_are_thin_and_spots_small() -> None:
    for wear in (old_photo.scratches, old_photo.spots):
        assert changed(wear(FLAT, 0, rng())) == 0
        few, many = (
            np.mean([changed(wear(FLAT, count, rng(seed))) for seed in range(20)])
            for count in (1, 6)
        )
        assert 0 < few < many < 0.25


@pytest.mark.parametrize("pitch", [3.0, 6.0])
def test_a_halftone_has_its_pitch_and_follows_the_tone(pitch: float) -> None:
    rows = old_photo.halftone(FLAT, pitch, 0)[:, :, 0]
    spectrum = np.abs(np.fft.rfft(rows, axis=1)).mean(axis=0)[1:]
    assert 96 / (1 + int(spectrum.argmax())) == pytest.approx(pitch)
    tones = [old_photo.halftone(FLAT * 2 * tone, pitch, 0.5).mean() for tone in (0.2, 0.5, 0.8)]
    assert tones == sorted(tones)
    assert tones[1] == pytest.approx(0.5, abs=0.02)


def test_wear_is_in_range_and_repeatable() -> None:
    for seed in range(30):
        worn = old_photo.wear(crop(seed), rng(seed))
        assert worn.dtype == np.float32
        assert 0 <= worn.min() <= worn.max() <= 1
        np.testing.assert_array_equal(worn, old_photo.wear(crop(seed), rng(seed)))
