"""Faces that changed are told from those that were merely cleaned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gpen_engine.faces import Detector
from gpen_engine.faces.agreement import TOGETHER, agreements
from gpen_engine.faces.geometry import cut_crop, to_crop
from gpen_engine.pixels import FloatImage, Pixels

Photo = Callable[[str], NDArray[Any]]


@pytest.fixture(scope="module")
def crop(photo: Photo, detector: Detector) -> Callable[[str], FloatImage]:
    def cut(name: str) -> FloatImage:
        pixels = Pixels(photo(name))
        (face,) = detector.detect(pixels, size=1024, threshold=0.5)
        return cut_crop(pixels, to_crop(face.landmarks, 256), 256)

    return cut


Crop = Callable[[str], FloatImage]


def agreement(detector: Detector, before: FloatImage, after: FloatImage) -> float:
    (found,) = agreements(detector, [(before, after)])
    return found


def test_a_face_agrees_with_itself(crop: Crop, detector: Detector) -> None:
    """At another size, too."""
    face = crop("modern_colour_flags.jpg")
    assert agreement(detector, face, face) > 0.94
    large = cv2.resize(face, (512, 512), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    assert agreement(detector, face, large) > 0.94


def test_damage_is_no_change(crop: Crop, detector: Detector) -> None:
    face = crop("modern_colour_flags.jpg")
    noise = np.random.default_rng(1).normal(0, 0.04, face.shape)
    damaged = np.clip(cv2.GaussianBlur(face, (0, 0), 2) + noise, 0, 1).astype(np.float32)
    assert agreement(detector, damaged, face) > 0.85


def test_another_person_does_not_agree(crop: Crop, detector: Detector) -> None:
    one, other = crop("modern_colour_flags.jpg"), crop("synthetic_dreadlocks.jpg")
    assert agreement(detector, one, other) < 0.7


def test_moved_features_do_not_agree(crop: Crop, detector: Detector) -> None:
    """The eyes an eye's height further up: a face all the same, but another."""
    face = crop("modern_colour_flags.jpg")
    y, x = np.mgrid[:256, :256].astype(np.float32)
    down = 16 * np.exp(-(((y - 110) / 30) ** 2)).astype(np.float32)
    moved = cv2.remap(face, x, y + down, cv2.INTER_LINEAR).astype(np.float32)
    assert agreement(detector, face, moved) < 0.75


def test_a_face_that_is_gone_does_not_agree(crop: Crop, detector: Detector) -> None:
    face = crop("modern_colour_flags.jpg")
    assert agreement(detector, face, np.full_like(face, 0.5)) == 0


def test_where_nothing_was_there_is_nothing_to_lose(detector: Detector) -> None:
    flat = np.full((64, 64, 3), 0.4, np.float32)
    assert agreement(detector, flat, flat) == 1


def test_many_pairs_agree_as_each_does_alone(crop: Crop, detector: Detector) -> None:
    """To the last bit: whether a face is marked must not hang on its neighbours."""
    one, other = crop("modern_colour_flags.jpg"), crop("synthetic_dreadlocks.jpg")
    gone = np.full_like(one, 0.5)
    few = [(one, one), (one, other), (other, gone), (gone, one)]
    many = few * (TOGETHER // len(few) + 1)
    alone = [agreement(detector, *pair) for pair in few]
    assert agreements(detector, many) == alone * (TOGETHER // len(few) + 1)
    assert len(set(alone)) == 4
    assert agreements(detector, []) == []
