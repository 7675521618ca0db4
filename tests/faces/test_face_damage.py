"""Noise and size of a face, and when they leave too little of it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from gpen_engine.faces.damage import Damage, assess
from gpen_engine.pixels import FloatImage
from gpen_engine.training.old_photo import halftone


def soft(size: int = 256) -> FloatImage:
    noise = np.random.default_rng(1).random((size, size, 3), np.float32)
    image = cv2.GaussianBlur(noise, (0, 0), size / 20) * 2 - 0.5
    return np.clip(image, 0.2, 0.8).astype(np.float32)


def with_noise(image: FloatImage, deviation: float) -> FloatImage:
    noise = np.random.default_rng(2).standard_normal((*image.shape[:2], 1), np.float32)
    return (image + noise * np.float32(deviation)).astype(np.float32)


@pytest.mark.parametrize("deviation", [0, 0.01, 0.05, 0.15])
def test_noise_is_measured(deviation: float) -> None:
    damage, crop = assess(with_noise(soft(), deviation), 1.0)
    assert damage.noise == pytest.approx(deviation, abs=0.001 + 0.05 * deviation)
    assert damage.limits == (("noisy",) if deviation > 0.1 else ())
    assert crop.tobytes() == with_noise(soft(), deviation).tobytes()


def test_noise_of_an_enlarged_face_is_measured_at_its_own_size() -> None:
    small = with_noise(soft(64), 0.05)
    large = cv2.resize(small, (256, 256), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    assert assess(large, 4.0)[0].noise > 0.015
    assert assess(large, 1.0)[0].noise < 0.01


@pytest.mark.parametrize(("scale", "limits"), [(0.2, ()), (4, ()), (7, ()), (9, ("small",))])
def test_small_faces(scale: float, limits: tuple[str, ...]) -> None:
    damage, _ = assess(soft(), scale)
    assert damage.limits == limits
    assert damage.eyes == pytest.approx(0.2098 * 256 / scale, rel=1e-3)


def test_dots_are_no_noise() -> None:
    """And are gone from the crop."""
    printed = halftone(soft(), 4, 0.5)
    damage, crop = assess(printed, 0.5)
    assert damage.screen is not None
    assert damage.screen.pitch == pytest.approx(4, rel=0.05)
    assert damage.noise < 0.05
    assert crop.std() < printed.std() / 2


def test_the_smallest_crop() -> None:
    damage, _ = assess(np.full((1, 1, 3), 0.5, np.float32), 300.0)
    assert damage == Damage(0.0, damage.eyes, None)
    assert damage.limits == ("small",)
