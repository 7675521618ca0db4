"""Halftone screens are found, and nothing else is taken for one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gpen_engine.faces import Detector
from gpen_engine.faces.geometry import cut_crop, to_crop
from gpen_engine.faces.screen import Screen, find_screen, without_screen
from gpen_engine.pixels import LUMA, FloatImage, Pixels
from gpen_engine.training.degradation import SEVERITIES, degrade
from gpen_engine.training.old_photo import halftone

Photo = Callable[[str], NDArray[Any]]


@pytest.fixture(scope="module")
def faces(shared: Path) -> list[FloatImage]:
    """Eight crops of 256 pixels."""
    files = sorted((shared / "faces" / "val").glob("*.jpg"))[::13]
    read = [cv2.imread(str(file), cv2.IMREAD_COLOR) for file in files]
    return [np.float32(1 / 255) * i[16:272, 16:272, ::-1] for i in read if i is not None]


@pytest.mark.parametrize("pitch", [2.5, 4, 6, 8])
def test_a_screen_is_found_at_any_angle(faces: list[FloatImage], pitch: float) -> None:
    for angle, face in zip(np.linspace(0, np.pi / 2, len(faces)), faces, strict=True):
        found = find_screen(halftone(face, pitch, float(angle)))
        assert found is not None
        assert found.pitch == pytest.approx(pitch, rel=0.05)


def test_faces_and_their_damage_have_none(faces: list[FloatImage]) -> None:
    random = np.random.default_rng(1)
    for face in faces:
        assert find_screen(face) is None
        for severity in SEVERITIES.values():
            assert find_screen(degrade(face, severity, random)[0]) is None


@pytest.mark.parametrize("pitch", [3, 6])
def test_without_its_screen_a_face_is_nearer_to_the_printed_one(
    faces: list[FloatImage], pitch: float
) -> None:
    for face in faces:
        printed = halftone(face, pitch, 0.6)
        ink = 0.25 * face + 0.75 / (1 + np.exp(-8 * (face - 0.5)))  # its tone, without dots
        screen = find_screen(printed)
        assert screen is not None
        clean = without_screen(printed, screen)
        before, after = (np.sqrt(np.mean(((i - ink) @ LUMA) ** 2)) for i in (printed, clean))
        assert after < before / 2
        assert clean.min() >= 0
        assert clean.max() <= 1


def test_what_is_coarser_than_the_screen_stays(faces: list[FloatImage]) -> None:
    clean = without_screen(faces[0], Screen(3.0, 0.2))
    low = [cv2.GaussianBlur(image, (0, 0), 8) for image in (faces[0], clean)]
    assert np.abs(low[0] - low[1]).mean() < 0.5 / 255


@pytest.mark.parametrize("size", [1, 32, 63, 65, 600])
def test_any_size(size: int) -> None:
    noise = np.random.default_rng(1).random((size, size, 3), np.float32)
    assert find_screen(noise) is None
    assert find_screen(np.full_like(noise, 0.5)) is None


@pytest.mark.parametrize(
    ("name", "size", "pitch"),
    [
        ("old_halftone_newspaper.jpg", 512, 2.74),
        ("old_oval.jpg", 512, 2.18),
        ("old_halftone_newspaper.jpg", 256, None),  # averaged away
        ("old_plate_large.jpg", 512, None),
        ("modern_colour_flags.jpg", 512, None),
    ],
)
def test_photographs(
    photo: Photo, detector: Detector, name: str, size: int, pitch: float | None
) -> None:
    pixels = Pixels(photo(name))
    (face,) = detector.detect(pixels, size=1024, threshold=0.5)
    found = find_screen(cut_crop(pixels, to_crop(face.landmarks, size), size))
    assert (found and found.pitch) == (pitch and pytest.approx(pitch, rel=0.03))
