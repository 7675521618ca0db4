"""Grain is measured, and given to a smooth face."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from gpen_engine.faces import Patch
from gpen_engine.faces.grain import grain_power, grained
from gpen_engine.faces.region import face_from_region
from gpen_engine.pixels import LUMA, FloatImage, Pixels

BOX = (60, 60, 260, 260)


def grainy(strength: float, size: float, side: int = 320) -> FloatImage:
    """A soft slope with grain of this deviation and blur, (side, side), 0..1."""
    noise = np.random.default_rng(1).standard_normal((side, side), np.float32)
    if size:
        noise = cv2.GaussianBlur(noise, (0, 0), size).astype(np.float32)
    slope = np.linspace(0.4, 0.6, side, dtype=np.float32)
    return slope + noise * np.float32(strength / noise.std())


def smooth_patch() -> Patch:
    x0, y0, x1, y1 = BOX
    rgb = np.full((y1 - y0, x1 - x0, 3), (0.5, 0.45, 0.4), np.float32)
    return Patch(face_from_region(BOX), BOX, rgb, np.ones(rgb.shape[:2], np.float32))


@pytest.mark.parametrize("strength", [0.02, 0.06])
@pytest.mark.parametrize("size", [0, 0.7, 1.5])
def test_it_is_measured(strength: float, size: float) -> None:
    power = grain_power(grainy(strength, size), 32)
    assert power is not None
    assert 0.7 * strength < np.sqrt(power.mean()) < 1.1 * strength


@pytest.mark.parametrize("size", [0, 0.7, 1.2])
def test_a_smooth_face_gets_what_is_around_it(size: float) -> None:
    """In strength and in fineness."""
    image = grainy(0.03, size)
    patch = grained(smooth_patch(), Pixels(image), 0)
    added = (patch.rgb - smooth_patch().rgb)[:, :, 0]
    assert added.std() == pytest.approx(0.03, rel=0.35)

    def neighbours(noise: FloatImage) -> float:
        return float(np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1])

    own = image - cv2.GaussianBlur(image, (0, 0), 8)
    assert neighbours(added) == pytest.approx(neighbours(own), abs=0.15)


def test_a_face_that_has_its_grain_gets_no_more() -> None:
    image = grainy(0.03, 0.7)
    x0, y0, x1, y1 = BOX
    patch = smooth_patch()
    patch.rgb[:] = image[y0:y1, x0:x1, None]
    before = (patch.rgb @ LUMA).std()
    after = (grained(patch, Pixels(image), 0).rgb @ LUMA).std()
    assert after < 1.1 * before


def test_a_clean_picture_changes_nothing() -> None:
    patch = smooth_patch()
    assert grained(patch, Pixels(grainy(0.001, 0)), 0) is patch
    assert grained(patch, Pixels(np.ones((320, 320), np.float32)), 0) is patch


def test_the_seed_decides() -> None:
    pixels = Pixels(grainy(0.03, 0.7))
    first, again, other = (
        grained(smooth_patch(), pixels, seed).rgb.tobytes() for seed in (1, 1, 2)
    )
    assert first == again != other


def test_grey_stays_grey() -> None:
    patch = smooth_patch()
    patch.rgb[:] = 0.5
    made = grained(patch, Pixels(grainy(0.1, 0.7)), 0).rgb
    assert made.std() > 0.05
    assert (made[:, :, 0] == made[:, :, 1]).all()
    assert (made[:, :, 0] == made[:, :, 2]).all()
    assert made.min() >= 0
    assert made.max() <= 1


def test_a_tiny_face_is_left_alone() -> None:
    patch = smooth_patch()
    tiny = Patch(patch.face, (60, 60, 70, 70), patch.rgb[:10, :10], patch.coverage[:10, :10])
    assert grained(tiny, Pixels(grainy(0.05, 0)), 0) is tiny


def test_hair_and_dots_are_no_grain() -> None:
    """Half of the picture is stripes, all of it has a screen; grain is what is left."""
    image = grainy(0.02, 0)
    dots = np.cos(np.arange(320) * 1.9)
    screened = image + 0.1 * np.outer(dots, dots).astype(np.float32)
    screened[:, :160] += 0.2 * np.sign(np.cos(np.arange(160) * 0.8)).astype(np.float32)
    power = grain_power(screened.astype(np.float32), 32)
    assert power is not None
    assert np.sqrt(power.mean()) < 0.05
