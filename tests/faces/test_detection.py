"""Faces found in the photographs, and in pictures made of them."""

from __future__ import annotations

import csv
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gpen_engine.faces import Detector, Face
from gpen_engine.faces.detection import OVERLAP, TILE, from_left_to_right, scales, tiles
from gpen_engine.faces.merging import overlap
from gpen_engine.pixels import Pixels

Photo = Callable[[str], NDArray[Any]]
SOLVAY = "old_group_solvay_1927.jpg"
PORTRAIT = "modern_colour_flags.jpg"


def photo_names() -> list[str]:
    """File names of the photographs with one face each, where the reference data is here."""
    table = Path(__file__).resolve().parents[3] / "shared" / "photos" / "PHOTOS.tsv"
    if not table.exists():
        return []
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [row["file"] for row in rows if row["faces_by_eye"] == "1"]


def same_faces(found: list[Face], expected: list[Face], least: float) -> bool:
    """Whether each face expected has one of its own with this intersection over union."""
    return len(found) == len(expected) and all(
        sum(overlap(a, b)[0] > least for b in found) == 1 for a in expected
    )


def searched(detector: Detector, pixels: Pixels, scale: float, threshold: float) -> list[Face]:
    """What all tiles of one scale show."""
    boxes = tiles(pixels.width, pixels.height, round(TILE / scale), round(OVERLAP / scale))
    return [face for box in boxes for face in detector._search(pixels, box, scale, threshold)]


@pytest.mark.parametrize("name", photo_names())
def test_the_one_face_of_a_photograph_is_found(photo: Photo, detector: Detector, name: str) -> None:
    (face,) = detector.detect(Pixels(photo(name)))
    assert 0.9 < face.score <= 1
    x0, y0, x1, y1 = face.box
    left, right, nose, mouth_left, mouth_right = face.landmarks
    assert x0 < left[0] < right[0] < x1
    assert mouth_left[0] < mouth_right[0]
    assert y0 < (left[1] + right[1]) / 2 < nose[1] < (mouth_left[1] + mouth_right[1]) / 2 < y1


def test_all_29_faces_of_a_group_are_found(photo: Photo, detector: Detector) -> None:
    faces = detector.detect(Pixels(photo(SOLVAY)))
    assert len(faces) == 29
    middles = [face.box[0] + face.box[2] for face in faces]
    assert middles == sorted(middles)
    assert all(min(face.size) > 12 and max(face.size) < 90 for face in faces)


def test_half_precision_finds_the_same(photo: Photo) -> None:
    """Landmarks move by no more than what another place of the tiles does."""
    exact, half = (Detector(dtype=dtype) for dtype in (torch.float32, torch.bfloat16))
    for name in (SOLVAY, PORTRAIT):
        pixels = Pixels(photo(name))
        for one, other in zip(exact.detect(pixels), half.detect(pixels), strict=True):
            assert abs(one.score - other.score) < 0.02
            assert np.abs(one.landmarks - other.landmarks).max() < 0.01 * max(one.size)


def test_published_and_embedded_weights_find_the_same(
    photo: Photo, detector: Detector, shared: Path
) -> None:
    published = Detector(shared / "weights" / "detection_mobilenet0.25_Final.pth")
    for name in (SOLVAY, PORTRAIT):
        pixels = Pixels(photo(name))
        assert same_faces(detector.detect(pixels), published.detect(pixels), 0.6)


@pytest.mark.parametrize("kind", ["grey", "grey and alpha", "RGBA", "uint16", "float32"])
def test_every_kind_of_pixels_gives_the_same_faces(
    photo: Photo, detector: Detector, kind: str
) -> None:
    image = photo("modern_grey.jpg")
    alpha = np.full_like(image[:, :, :1], 255)
    same: dict[str, NDArray[Any]] = {
        "grey": image[:, :, 0],
        "grey and alpha": np.concatenate([image[:, :, :1], alpha], axis=2),
        "RGBA": np.concatenate([image, alpha], axis=2),
        "uint16": image.astype(np.uint16) * 257,
        "float32": image.astype(np.float32) / np.float32(255),
    }
    (expected,) = detector.detect(Pixels(image))
    (face,) = detector.detect(Pixels(same[kind]))
    np.testing.assert_allclose(face.box, expected.box, atol=0.5)
    np.testing.assert_allclose(face.landmarks, expected.landmarks, atol=0.5)


@pytest.mark.parametrize("factor", [2, 5])
def test_a_smaller_scale_gives_the_same_places(photo: Photo, factor: int) -> None:
    """Edges onto edges: averaging undoes repeated pixels, so the network sees the same image."""
    detector = Detector()
    image = photo("modern_grey.jpg")
    repeated = Pixels(image.repeat(factor, axis=0).repeat(factor, axis=1))
    expected = searched(detector, Pixels(image), 1, 0.9)
    found = searched(detector, repeated, 1 / factor, 0.9)
    assert len(found) == len(expected) > 0
    for face, original in zip(found, expected, strict=True):
        landmarks = (original.landmarks + 0.5) * factor - 0.5
        np.testing.assert_allclose(face.landmarks, landmarks, atol=0.01)
        np.testing.assert_allclose(
            face.box, (np.array(original.box) + 0.5) * factor - 0.5, atol=0.01
        )


def test_a_face_on_the_seam_of_tiles_is_found_once(photo: Photo, detector: Detector) -> None:
    """1800 pixels are two tiles, 0..1028 and 772..1800: this face lies in both and across."""
    small = photo(PORTRAIT)
    (alone,) = detector.detect(Pixels(small))
    for x in (650, 800, 900):
        canvas = np.full((700, 1800, 3), 120, np.uint8)
        canvas[200 : 200 + small.shape[0], x : x + small.shape[1]] = small
        (face,) = detector.detect(Pixels(canvas))
        shift = face.landmarks - (alone.landmarks + (x, 200))
        assert np.abs(shift).max() < 0.04 * alone.size[1]
        # And no tile shows half of a face that its neighbour has whole.
        raw = searched(detector, Pixels(canvas), 1, 0.5)
        assert all(overlap(one, face)[0] > 0.6 for one in raw)


def test_pictures_without_a_face(detector: Detector) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    for image in (noise, np.zeros((700, 500), np.uint8), np.full((1, 1, 3), 128, np.uint8)):
        assert detector.detect(Pixels(image)) == []
    thin = np.tile(noise[:1], (1, 10, 1))
    assert detector.detect(Pixels(thin)) == []
    assert detector.detect(Pixels(thin.transpose(1, 0, 2))) == []


def test_a_face_of_12_pixels_is_found(photo: Photo, detector: Detector) -> None:
    image = photo(PORTRAIT)
    small = cv2.resize(image, None, fx=0.215, fy=0.215, interpolation=cv2.INTER_AREA)
    (face,) = detector.detect(Pixels(small), threshold=0.5)
    assert 11 < face.size[0] < 14


def test_the_threshold_decides(photo: Photo, detector: Detector) -> None:
    pixels = Pixels(photo(PORTRAIT))
    (face,) = detector.detect(pixels)
    assert detector.detect(pixels, threshold=min(face.score + 1e-6, 1)) == []


def test_stops_between_tiles(photo: Photo, detector: Detector) -> None:
    class Stopped(Exception):
        pass

    told: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        told.append((done, total))
        if done == 2:
            raise Stopped

    pixels = Pixels(photo(SOLVAY))
    assert scales(pixels.width, pixels.height)[1:] == [1]
    with pytest.raises(Stopped):
        detector.detect(pixels, progress=progress)
    total = 1 + len(tiles(pixels.width, pixels.height, TILE, OVERLAP))
    assert told == [(0, total), (1, total), (2, total)]


def test_a_limited_search_finds_what_it_can_see(photo: Photo, detector: Detector) -> None:
    """And never looks at more: the group at 640 pixels is one tile."""
    pixels = Pixels(photo(SOLVAY))
    told: list[tuple[int, int]] = []
    faces = detector.detect(pixels, size=640, progress=lambda *now: told.append(now))
    assert told == [(0, 1), (1, 1)]
    everyone = detector.detect(pixels)
    assert 5 < len(faces) < 29
    assert all(max(overlap(face, other)[0] for other in everyone) > 0.4 for face in faces)
    assert detector.detect(pixels, size=64) == []
    (large,) = detector.detect(Pixels(photo(PORTRAIT)), size=128)
    (exact,) = detector.detect(Pixels(photo(PORTRAIT)))
    assert overlap(large, exact)[0] > 0.7


@pytest.mark.slow
def test_two_faces_in_a_huge_picture(photo: Photo, detector: Detector) -> None:
    """12000 by 8000: a small face and a large one, at their places, in bounded memory."""
    canvas = np.full((8000, 12000, 3), 120, np.uint8)
    small = photo(PORTRAIT)
    large = cv2.resize(small, None, fx=9, fy=9, interpolation=cv2.INTER_CUBIC)
    places = {(9100, 6400): small, (700, 900): large}
    for (x, y), image in places.items():
        canvas[y : y + image.shape[0], x : x + image.shape[1]] = image
    (alone,) = detector.detect(Pixels(small))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    faces = detector.detect(Pixels(canvas))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert len(faces) == 2
    for face, (x, y), factor in zip(faces, [(700, 900), (9100, 6400)], [9, 1], strict=True):
        expected = alone.landmarks * factor + (x, y)
        assert np.abs(face.landmarks - expected).max() < 0.04 * face.size[1]
    # The picture as float32 would take 1 150 000 kB.
    assert grown < 500_000, f"{grown} kB"


def test_small_images_together_show_what_each_shows_alone(photo: Photo, detector: Detector) -> None:
    group = Pixels(photo(SOLVAY)).rgb((0, 0, 800, 560))
    images = [group[y : y + 280, x : x + 400] for y in (0, 280) for x in (0, 400)]
    images[1] = np.full_like(images[1], 0.5)
    together = detector.detect_each(images, threshold=0.5)
    alone = [detector.detect(Pixels(image), threshold=0.5) for image in images]
    assert [len(faces) for faces in together] == [len(faces) for faces in alone]
    assert sum(map(len, alone)) > 3
    assert not alone[1]
    for some, others in zip(together, alone, strict=True):
        pairs = zip(from_left_to_right(some), others, strict=True)
        for one, other in pairs:
            assert one.score == other.score
            assert np.allclose(one.box, other.box, rtol=0, atol=1e-9)
            assert np.allclose(one.landmarks, other.landmarks, rtol=0, atol=1e-9)
