"""Grey and sepia photographs are told from coloured ones, and keep their tone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gpen_engine.faces import Detector
from gpen_engine.faces.geometry import cut_crop, to_crop
from gpen_engine.faces.tone import Tone, in_grey, is_grey
from gpen_engine.pixels import LUMA, FloatImage, Pixels

Photo = Callable[[str], NDArray[Any]]
PAPER = np.array([1, 0.9, 0.7], np.float32)


def scene(size: int = 128, seed: int = 1) -> FloatImage:
    """Soft spots in all greys, (size, size, 3)."""
    noise = np.random.default_rng(seed).standard_normal((size, size), np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 4)
    soft = (soft - soft.min()) / (soft.max() - soft.min())
    return np.repeat(soft[:, :, None], 3, axis=2).astype(np.float32)


def sepia(grey: FloatImage) -> FloatImage:
    """Neutral shadows, lights in the paper's colour."""
    return grey * (grey * PAPER + (1 - grey) * np.sqrt(PAPER))


def as_jpeg(crop: FloatImage, quality: int = 75) -> FloatImage:
    levels = np.rint(crop[:, :, ::-1] * 255).astype(np.uint8)
    data = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    bgr = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert bgr is not None
    return np.ascontiguousarray(bgr[:, :, ::-1]).astype(np.float32) / np.float32(255)


def face_of(photo: NDArray[Any], detector: Detector) -> FloatImage:
    pixels = Pixels(photo)
    (face,) = detector.detect(pixels, size=1024, threshold=0.5)
    return cut_crop(pixels, to_crop(face.landmarks, 256), 256)


def test_grey_is_grey_to_the_bit() -> None:
    tone = Tone.of(scene())
    assert tone is not None
    coloured = np.random.default_rng(2).random((64, 64, 3), np.float32)
    toned = tone.put_on(coloured)
    assert is_grey(toned)
    np.testing.assert_allclose(toned[:, :, 0], coloured @ LUMA, atol=1e-6)
    assert in_grey(scene()).tobytes() == scene().tobytes()


@pytest.mark.parametrize(
    "make", [sepia, lambda grey: sepia(grey)[:, :, ::-1]], ids=["sepia", "blue"]
)
def test_a_tone_is_put_back_through_jpeg(make: Callable[[FloatImage], FloatImage]) -> None:
    truth = make(scene())
    tone = Tone.of(as_jpeg(truth))
    assert tone is not None
    error = np.abs(tone.put_on(in_grey(truth)) - truth)
    assert error.mean() < 1 / 255
    assert np.quantile(error, 0.99) < 4 / 255


def test_a_tone_leaves_the_luminance_alone() -> None:
    tone = Tone.of(sepia(scene()))
    assert tone is not None
    other = scene(seed=5)
    np.testing.assert_allclose(tone.put_on(other) @ LUMA, other @ LUMA, atol=1e-5)


def test_grey_with_the_noise_of_jpeg_is_grey() -> None:
    grey = scene()
    noisy = np.clip(grey + np.random.default_rng(3).normal(0, 0.02, grey.shape), 0, 1)
    tone = Tone.of(as_jpeg(noisy.astype(np.float32), 60))
    assert tone is not None
    assert np.abs(tone.offsets).max() < 1.5 / 255


@pytest.mark.parametrize("light", [1, 0.2])
def test_two_colours_are_no_tone(light: float) -> None:
    """However dark."""
    colours = sepia(scene())
    colours[:, 64:] = sepia(scene())[:, 64:, ::-1]
    assert Tone.of((colours * np.float32(light)).astype(np.float32)) is None


@pytest.mark.parametrize("size", [1, 8, 64, 300])
def test_any_size(size: int) -> None:
    flat = np.full((size, size, 3), (0.5, 0.4, 0.3), np.float32)
    tone = Tone.of(flat)
    assert tone is not None
    np.testing.assert_allclose(tone.put_on(in_grey(flat)), flat, atol=2e-3)


@pytest.mark.parametrize(
    ("name", "toned"),
    [
        ("old_oval.jpg", True),
        ("old_oval_faded.jpg", True),
        ("old_saltprint_vignette.jpg", True),
        ("modern_grey.jpg", True),
        ("old_cased_colour.jpg", False),
        ("modern_colour_flags.jpg", False),
        ("synthetic_dreadlocks.jpg", False),
    ],
)
def test_photographs(photo: Photo, detector: Detector, name: str, toned: bool) -> None:
    assert (Tone.of(face_of(photo(name), detector)) is not None) == toned
