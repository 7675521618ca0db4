"""How clean crops are damaged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from training_crops import crop

from gpen_engine.pixels import FloatImage
from gpen_engine.training.degradation import (
    MIX,
    SEVERITIES,
    TRAINING,
    UNDAMAGED,
    Degradation,
    add_noise,
    blur,
    degrade,
    draw,
    enlarge,
    jpeg,
)
from gpen_engine.training.validation import psnr

NEITHER = replace(UNDAMAGED, grey=0, old=0)


def damaged(truth: FloatImage, degradation: Degradation, seed: int) -> FloatImage:
    return degrade(truth, degradation, np.random.default_rng(seed))[0]


def test_the_same_seed_gives_the_same_pair() -> None:
    truth = crop(0)
    for seed in range(10):
        first, second = (degrade(truth, TRAINING, np.random.default_rng(seed)) for _ in range(2))
        np.testing.assert_array_equal(first, second)
    assert not np.array_equal(damaged(truth, TRAINING, 1), damaged(truth, TRAINING, 2))


@pytest.mark.parametrize("size", [64, 96])
def test_pairs_have_the_crops_shape_and_range(size: int) -> None:
    truth = crop(1, size)
    before = truth.copy()
    for seed in range(60):  # enough for every kind of wear
        pair = degrade(truth, replace(TRAINING, old=0.5), np.random.default_rng(seed))
        for image in pair:
            assert image.shape == (size, size, 3)
            assert image.dtype == np.float32
            assert 0 <= image.min() <= image.max() <= 1
    np.testing.assert_array_equal(truth, before)


@pytest.mark.parametrize("severity", SEVERITIES.values(), ids=SEVERITIES)
def test_a_measured_severity_leaves_the_truth_alone(severity: Degradation) -> None:
    truth = crop(2)
    for seed in range(20):
        assert degrade(truth, severity, np.random.default_rng(seed))[1] is truth


def test_severities_are_in_order() -> None:
    means = [
        np.mean([psnr(damaged(crop(s), severity, s), crop(s)) for s in range(20)])
        for severity in SEVERITIES.values()
    ]
    assert list(SEVERITIES) == ["mild", "middle", "strong"]
    assert means[0] > means[1] + 2
    assert means[1] > means[2] + 1


def test_grey_is_tone_and_changes_the_truth_too() -> None:
    image, truth = degrade(crop(3), replace(NEITHER, grey=1), np.random.default_rng(0))
    assert np.ptp(truth, axis=2).max() == 0
    assert np.ptp(image, axis=2).max() < 0.02
    np.testing.assert_allclose(truth[:, :, 0], crop(3) @ (0.299, 0.587, 0.114), atol=1e-6)


def test_old_tone_changes_the_truth_and_wear_does_not() -> None:
    for seed in range(8):
        image, truth = degrade(crop(3), replace(NEITHER, old=1), np.random.default_rng(seed))
        assert np.abs(truth - crop(3)).mean() > 0.01
        assert np.abs(image - truth).mean() > 0.002
        spread = (truth.max(axis=2) - truth.min(axis=2)).mean()
        assert spread < (crop(3).max(axis=2) - crop(3).min(axis=2)).mean()


def test_no_damage_is_no_damage() -> None:
    assert psnr(damaged(crop(4), NEITHER, 0), crop(4)) > 40


@pytest.mark.parametrize(
    ("angle", "spread"), [(0.0, (6.0, 2.0)), (np.pi / 2, (2.0, 6.0))], ids=["level", "upright"]
)
def test_the_blur_spreads_by_its_sigmas(angle: float, spread: tuple[float, float]) -> None:
    dot = np.zeros((81, 81, 3), np.float32)
    dot[40, 40] = 1
    spot = blur(dot, 6, 3, angle)[:, :, 0].astype(np.float64)
    line = np.arange(81) - 40
    assert spot.sum() == pytest.approx(1, abs=1e-5)
    across = np.sqrt((spot.sum(axis=0) * line**2).sum())
    down = np.sqrt((spot.sum(axis=1) * line**2).sum())
    assert (across, down) == pytest.approx(spread, rel=0.04)


def test_blur_keeps_flat_colour_and_tiny_sigmas_do_nothing() -> None:
    flat = np.full((32, 32, 3), 0.4, np.float32)
    np.testing.assert_allclose(blur(flat, 3, 2, 1), flat, atol=1e-6)
    np.testing.assert_array_equal(blur(crop(0), 0.1), crop(0))


def test_noise_has_its_strength_and_is_grey_half_of_the_time() -> None:
    flat = np.full((64, 64, 3), 0.5, np.float32)
    grey = 0
    for seed in range(100):
        noise = add_noise(flat, 0.05, np.random.default_rng(seed)) - flat
        assert noise.std() == pytest.approx(0.05, rel=0.06)
        assert abs(noise.mean()) < 0.004
        grey += np.ptp(noise, axis=2).max() < 1e-6
    assert 35 < grey < 65


def test_jpeg_keeps_colours_and_loses_detail_by_quality() -> None:
    red = np.zeros((64, 64, 3), np.float32)
    red[:, :, 0] = 0.8
    np.testing.assert_allclose(jpeg(red, 90), red, atol=0.02)
    errors = [np.abs(jpeg(crop(5), quality) - crop(5)).mean() for quality in (95, 60, 10)]
    assert errors == sorted(errors)
    assert errors[2] > 3 * errors[0]


def test_enlarging_reaches_the_size_in_range() -> None:
    steps = np.zeros((8, 8, 3), np.float32)
    steps[:, 4:] = 1
    large = enlarge(steps, 64)
    assert large.shape == (64, 64, 3)
    assert (large.min(), large.max()) == (0, 1)


def test_no_damage_at_all_leaves_every_bit() -> None:
    np.testing.assert_array_equal(damaged(crop(4), NEITHER, 0), crop(4))


def test_the_mix_is_drawn_by_its_shares() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw(MIX, rng) for _ in range(2000)]
    assert sum(share for share, _ in MIX) == pytest.approx(1)
    for share, degradation in MIX:
        assert drawn.count(degradation) / len(drawn) == pytest.approx(share, abs=0.04)


def test_the_mix_holds_light_damage() -> None:
    """At least a tenth of the pairs differ less than the measured mild damage does on average."""
    rng = np.random.default_rng(1)
    mild = np.mean([psnr(damaged(crop(s), SEVERITIES["mild"], s), crop(s)) for s in range(20)])
    pairs = [degrade(crop(s % 20), draw(MIX, rng), rng) for s in range(200)]
    assert np.mean([psnr(*pair) > mild for pair in pairs]) > 0.1
