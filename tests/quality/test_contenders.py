"""What competes with the model."""

from __future__ import annotations

import numpy as np
import pytest
from quality_faces import face

from gpen_engine import RestoreOptions, Restorer
from gpen_engine.quality.colour import colour_error
from gpen_engine.quality.contenders import CLASSICAL, INPUT, classical, contenders, noise_level
from gpen_engine.quality.measures import psnr, sharpness


def noisy(sigma: float) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, sigma, (256, 256, 3))
    return np.clip(face() + noise, 0, 1).astype(np.float32)


def test_the_noise_level_is_that_of_the_luma() -> None:
    luma = np.sqrt(0.2126**2 + 0.7152**2 + 0.0722**2)
    grey = np.full((256, 256, 3), 0.5, np.float32)
    assert noise_level(grey) == 0
    noise = np.random.default_rng(0).normal(0, 0.08, (256, 256, 3)).astype(np.float32)
    assert noise_level(grey + noise) == pytest.approx(0.08 * luma, rel=0.05)
    assert noise_level(face()) < 0.01


def test_the_classical_filter_removes_noise_and_sharpens_what_is_clean() -> None:
    assert psnr(classical(noisy(0.08)), face()) > psnr(noisy(0.08), face()) + 3
    assert 1 < sharpness(classical(face()), face()) < 3


def test_strengths_lie_between_the_input_and_the_restoration(restorer: Restorer) -> None:
    damaged = noisy(0.05)
    made = contenders(damaged, restorer, [0.0, 0.5, 1.0])
    assert list(made) == [INPUT, CLASSICAL, "restored 0", "restored 0.5", "restored 1"]
    np.testing.assert_array_equal(made["restored 0"], damaged)
    full = restorer.restore(damaged, RestoreOptions(aligned=True)).composite()
    np.testing.assert_allclose(made["restored 1"], full, atol=1e-6)
    np.testing.assert_allclose(made["restored 0.5"], (damaged + full) / 2, atol=1e-6)


def test_the_photographs_colours_are_kept_or_not(restorer: Restorer) -> None:
    kept, own = (
        contenders(face(), restorer, [1.0], keep_colours)["restored 1"]
        for keep_colours in (True, False)
    )
    assert colour_error(kept, face()) < colour_error(own, face()) / 2  # of random weights
