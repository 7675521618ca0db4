"""Averaging along motion: less noise where frames agree, nothing where they do not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gpen_engine.sample import portrait
from gpen_engine.video.steadying import REACH, steadied

SIDE = 128


@pytest.fixture(scope="module")
def face() -> NDArray[np.float32]:
    square = cv2.resize(portrait()[:256, 96:352], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return square.astype(np.float32) / 255


def moved(image: NDArray[np.float32], dx: float, dy: float) -> NDArray[np.float32]:
    matrix = np.float32([[1, 0, dx], [0, 1, dy]])
    return cv2.warpAffine(image, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REFLECT_101)


def looks(images: list[NDArray[np.float32]]) -> dict[int, NDArray[np.float32]]:
    half = len(images) // 2
    return {i - half: image for i, image in enumerate(images)}


def noisy(image: NDArray[np.float32], seed: int, sigma: float = 0.02) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    return (image + rng.normal(0, sigma, image.shape)).astype(np.float32)


def error(image: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    inside = slice(12, -12)
    return float(np.sqrt(np.mean((image - truth)[inside, inside] ** 2)))


def test_noise_of_a_still_face_becomes_less(face) -> None:
    images = [noisy(face, seed) for seed in range(2 * REACH + 1)]
    assert error(steadied(looks(images)), face) < 0.65 * error(images[REACH], face)


def test_motion_is_followed(face) -> None:
    shifts = [1.5 * (i - REACH) for i in range(2 * REACH + 1)]
    images = [noisy(moved(face, s, s / 3), seed) for seed, s in enumerate(shifts)]
    assert error(steadied(looks(images)), face) < 0.9 * error(images[REACH], face)
    blurred = np.mean(images, axis=0, dtype=np.float32)
    assert error(blurred, face) > error(images[REACH], face), "without following it, detail goes"


def test_what_no_other_frame_shows_stays(face) -> None:
    now = face.copy()
    now[70:90, 50:80] = (0.9, 0.1, 0.1)  # a mouth that opens for one frame
    images = [face] * REACH + [now] + [face] * REACH
    result = steadied(looks(images))
    inside = slice(74, 86), slice(55, 75)
    assert np.abs(result[inside] - now[inside]).max() < 0.03


def test_alone_it_is_itself(face) -> None:
    assert np.array_equal(steadied({0: face}), face)


def test_small_and_large_crops(face) -> None:
    for side in (64, 512):
        image = cv2.resize(face, (side, side), interpolation=cv2.INTER_LINEAR)
        result = steadied(dict.fromkeys((0, 1), image))
        assert result.shape == image.shape
        assert result == pytest.approx(image, abs=0.02)
