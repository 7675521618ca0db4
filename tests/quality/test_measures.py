"""Measures of nearness to the truth."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from quality_faces import face

from gpen_engine.faces.coverage import face_shape
from gpen_engine.faces.geometry import TEMPLATES
from gpen_engine.pixels import FloatImage
from gpen_engine.quality.measures import face_parts, psnr, seam, sharpness, ssim, true_detail


def soft(image: FloatImage, sigma: float = 3) -> FloatImage:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.float32)


def noise(seed: int, sigma: float) -> FloatImage:
    return np.random.default_rng(seed).normal(0, sigma, (256, 256, 3)).astype(np.float32)


def test_psnr() -> None:
    image = np.full((8, 8, 3), 0.5, np.float32)
    assert psnr(image, image) == pytest.approx(100)  # as good as it is counted
    assert psnr(image + np.float32(0.1), image) == pytest.approx(20, abs=1e-4)
    assert psnr(image + np.float32(0.01), image) == pytest.approx(40, abs=1e-3)


def test_ssim_as_scikit_image_has_it() -> None:
    y, x = np.mgrid[:64, :64].astype(np.float64)
    waves = [0.5 + 0.3 * np.sin(x / 5 + c) * np.cos(y / (7 + c)) for c in range(3)]
    truth = np.stack(waves, axis=2).astype(np.float32)
    ripple = (0.05 * np.sin(3 * x) * np.cos(2 * y))[:, :, None]
    image = (0.1 + 0.8 * truth + ripple).astype(np.float32)
    # structural_similarity(..., gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
    # data_range=1) of scikit-image 0.26 on the luma
    assert ssim(image, truth) == pytest.approx(0.8278242, abs=1e-6)


def test_ssim_of_flat_images_is_its_first_term() -> None:
    light, dark = (np.full((16, 16, 3), value, np.float32) for value in (0.6, 0.3))
    assert ssim(light, light) == pytest.approx(1)
    expected = (2 * 0.6 * 0.3 + 1e-4) / (0.6**2 + 0.3**2 + 1e-4)
    assert ssim(light, dark) == pytest.approx(expected, abs=1e-5)


def test_sharpness_counts_noise_and_true_detail_does_not() -> None:
    truth = face()
    assert sharpness(truth, truth) == pytest.approx(1)
    assert true_detail(truth, truth) == pytest.approx(1)
    assert sharpness(soft(truth), truth) < 0.2
    assert true_detail(soft(truth), truth) < 0.3
    grainy = soft(truth) + noise(0, 0.05)
    assert sharpness(grainy, truth) > sharpness(soft(truth), truth) + 0.3
    assert true_detail(grainy, truth) == pytest.approx(true_detail(soft(truth), truth), abs=0.1)


def test_face_parts_hold_the_eyes_and_the_mouth() -> None:
    image = np.zeros((256, 256, 1), np.float32)
    for x, y in (TEMPLATES["gpen"] * 256).astype(int):
        image[y, x] = 1
    eyes, mouth = face_parts(image)
    assert (eyes.sum(), mouth.sum()) == (2, 2)


def test_a_seam_is_seen_and_what_leaves_none_is_not() -> None:
    truth, coverage = face(), face_shape(256)

    def pasted(result: FloatImage, mask: FloatImage) -> FloatImage:
        return np.asarray(truth + mask[:, :, None] * (result - truth), np.float32)

    assert seam(truth, truth, coverage) == pytest.approx(1)
    for harmless in (soft(truth), truth + noise(1, 0.05)):
        assert 0.8 < seam(pasted(harmless, coverage), truth, coverage) < 1.8
    lighter = truth + np.float32(0.1)
    gentle = seam(pasted(lighter, coverage), truth, coverage)
    hard = seam(pasted(lighter, (coverage > 0.5).astype(np.float32)), truth, coverage)
    assert hard > gentle > 4
    assert seam(pasted(truth + np.float32(0.02), coverage), truth, coverage) > 2
    # The same damage inside and outside: no seam, however bad.
    assert seam(soft(truth), truth, coverage) == pytest.approx(1, abs=0.4)
