"""Pictures without a face, with a part of one, tiny, transparent, or beyond the range; and
pictures whose face is given."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from fake_models import FakeModel, identity, red
from numpy.typing import NDArray

from gpen_engine import GpenError, RestoreOptions, Restorer, RestoreResult
from gpen_engine.faces import Detector
from gpen_engine.faces.region import face_from_region
from gpen_engine.pixels import Pixels

Photo = Callable[[str], NDArray[Any]]
SOLVAY = "old_group_solvay_1927.jpg"
PORTRAIT = "modern_colour_flags.jpg"  # its face: x 91 to 156, y 43 to 129


def code_of(run: Callable[[], object]) -> str:
    with pytest.raises(GpenError) as error:
        run()
    return error.value.code


def assert_changed_inside_only(result: RestoreResult, image: NDArray[Any]) -> None:
    """All patches lie in the picture, are finite, and nothing else has changed."""
    height, width = image.shape[:2]
    outside = np.ones((height, width), bool)
    for patch in result.patches:
        x0, y0, x1, y1 = patch.box
        assert 0 <= x0 < x1 <= width
        assert 0 <= y0 < y1 <= height
        assert np.isfinite(patch.rgb).all()
        assert np.isfinite(patch.coverage).all()
        outside[y0:y1, x0:x1] = False
    made = result.composite()
    assert made.shape == image.shape
    assert made[outside].tobytes() == image[outside].tobytes()
    assert (made != image).any()


def test_no_face(restorer: Restorer) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    assert code_of(lambda: restorer.restore(noise)) == "no_face"
    assert code_of(lambda: restorer.restore(np.zeros((1, 1, 3), np.uint8))) == "no_face"


@pytest.mark.parametrize(
    "cut",
    [np.s_[:, :124], np.s_[:, 117:], np.s_[:86, :], np.s_[78:, :]],
    ids=["right half", "left 40 %", "lower half", "upper 40 %"],
)
def test_a_face_cut_by_the_edge(photo: Photo, restorer: Restorer, cut: Any) -> None:
    """What the reflection beyond the edge makes of the other half is not seen."""
    image = photo(PORTRAIT)[cut]
    result = restorer.restore(image, RestoreOptions(threshold=0.5))
    assert len(result.patches) == 1
    assert_changed_inside_only(result, image)
    x0, y0, x1, y1 = result.patches[0].box
    assert x0 == 0 or y0 == 0 or x1 == image.shape[1] or y1 == image.shape[0]


def test_a_face_of_12_pixels(photo: Photo, restorer: Restorer) -> None:
    image = cv2.resize(photo(PORTRAIT), None, fx=0.215, fy=0.215, interpolation=cv2.INTER_AREA)
    result = restorer.restore(image, RestoreOptions(threshold=0.5))
    assert 11 < result.faces[0].size[0] < 14
    assert_changed_inside_only(result, image)


def test_a_face_of_12_pixels_keeps_its_colours_and_its_place(
    photo: Photo, detector: Detector
) -> None:
    """With a model that changes nothing."""
    image = cv2.resize(photo(PORTRAIT), None, fx=0.215, fy=0.215, interpolation=cv2.INTER_AREA)
    restorer = Restorer(FakeModel(identity, 256), detector=detector)
    result = restorer.restore(image, RestoreOptions(threshold=0.5, keep_colours=False))
    change = (result.composite().astype(float) - image)[result.composite() != image]
    assert np.abs(change).mean() < 8
    assert abs(change.mean()) < 1


@pytest.mark.parametrize("kind", ["grey", "grey and alpha", "RGBA"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_grey_and_alpha(photo: Photo, restorer: Restorer, kind: str, dtype: type) -> None:
    colour = photo(PORTRAIT).astype(np.float64) / 255
    alpha = np.random.default_rng(2).random((*colour.shape[:2], 1)) * 0.9 + 0.1
    alpha[:, :110] = 0  # through the left cheek
    grey = colour.mean(axis=2, keepdims=True)
    channels = {
        "grey": [grey],
        "grey and alpha": [grey, alpha],
        "RGBA": [colour, alpha],
    }[kind]
    white = 1 if dtype == np.float32 else np.iinfo(dtype).max
    image = (np.concatenate(channels, axis=2) * white).astype(dtype)
    result = restorer.restore(image)
    assert_changed_inside_only(result, image)
    if kind != "grey":
        made = result.composite()
        assert made[:, :, -1].tobytes() == image[:, :, -1].tobytes()
        clear = image[:, :, -1] == 0
        assert made[clear].tobytes() == image[clear].tobytes()


def test_a_transparent_face_is_left_alone(photo: Photo, restorer: Restorer) -> None:
    image = np.dstack([photo(PORTRAIT), np.zeros((275, 225), np.uint8)])
    assert restorer.restore(image).composite().tobytes() == image.tobytes()


def test_floats_beyond_the_range(photo: Photo, restorer: Restorer) -> None:
    """Holes in a face are filled, those beside it stay; light above white stays above it."""
    image = photo(PORTRAIT).astype(np.float32) / np.float32(255)
    image[85, 120:124], image[5, 5] = np.nan, np.nan
    image[70, 110], image[6, 6] = 7.5, np.inf
    result = restorer.restore(image)
    made = result.composite()
    assert np.isfinite(made[85, 120:124]).all()
    assert made[70, 110].min() > 6
    assert np.isnan(made[5, 5]).all()
    assert np.isinf(made[6, 6]).all()
    assert all(np.isfinite(patch.rgb).all() for patch in result.patches)


def test_a_region_chooses_among_faces(photo: Photo, restorer: Restorer) -> None:
    image = photo(SOLVAY)
    faces = restorer.detector.detect(restorer.restore(image).pixels)
    chosen = faces[7]
    x0, y0, x1, y1 = (round(v) for v in chosen.box)
    result = restorer.restore(image, RestoreOptions(region=(x0, y0, x1, y1)))
    assert [face.box for face in result.faces] == [chosen.box]
    assert_changed_inside_only(result, image)
    upper = restorer.restore(image, RestoreOptions(region=(0, 0, image.shape[1], 150)))
    assert 0 < len(upper.faces) < 29
    assert all((face.box[1] + face.box[3]) / 2 < 150 for face in upper.faces)


def test_a_region_without_a_face_is_the_face(restorer: Restorer) -> None:
    image = np.random.default_rng(1).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    region = (100, 40, 180, 150)
    result = restorer.restore(image, RestoreOptions(region=region))
    (face,) = result.faces
    np.testing.assert_array_equal(face.landmarks, face_from_region(region).landmarks)
    assert face.score == 0
    assert_changed_inside_only(result, image)
    x0, y0, x1, _ = result.patches[0].box
    assert 60 < x0 < 100
    assert 180 < x1 < 220
    for x, y in face.landmarks.round().astype(int):
        assert result.patches[0].coverage[y - y0, x - x0] == pytest.approx(1, abs=1e-6)


def test_a_region_over_the_edge(restorer: Restorer) -> None:
    image = np.random.default_rng(1).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    result = restorer.restore(image, RestoreOptions(region=(-30, 120, 50, 230)))
    assert_changed_inside_only(result, image)


def test_a_region_outside_of_the_picture(restorer: Restorer) -> None:
    image = np.zeros((200, 300, 3), np.uint8)
    options = RestoreOptions(region=(900, 900, 1000, 1000))
    assert code_of(lambda: restorer.restore(image, options)) == "bad_landmarks"


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (9, 2)])
def test_a_region_of_very_small_pictures(restorer: Restorer, size: tuple[int, int]) -> None:
    image = np.full((*size, 3), 100, np.uint8)
    result = restorer.restore(image, RestoreOptions(region=(0, 0, size[1], size[0])))
    made = result.composite()
    assert made.shape == image.shape
    assert np.isfinite(result.patches[0].rgb).all()


@pytest.mark.parametrize("side", [1, 20, 64, 100])
def test_an_aligned_picture_is_covered_fully(detector: Detector, side: int) -> None:
    image = np.random.default_rng(4).integers(0, 256, (side, side, 3), dtype=np.uint8)
    restorer = Restorer(FakeModel(red), detector=detector)
    result = restorer.restore(image, RestoreOptions(aligned=True, keep_colours=False))
    (patch,) = result.patches
    assert patch.box == (0, 0, side, side)
    assert patch.coverage.min() == 1
    assert (result.composite() == (255, 0, 0)).all()


def test_an_aligned_picture_of_the_models_size_is_its_own_crop(detector: Detector) -> None:
    image = np.random.default_rng(4).integers(0, 65536, (64, 64, 3), dtype=np.uint16)
    options = RestoreOptions(aligned=True, keep_colours=False)
    result = Restorer(FakeModel(identity), detector=detector).restore(image, options)
    assert np.abs(result.composite().astype(int) - image).max() <= 1


def test_transparent_pixels_of_an_aligned_picture_are_kept(detector: Detector) -> None:
    image = np.full((64, 64, 4), 90, np.uint8)
    image[:20, :, 3] = 0
    options = RestoreOptions(aligned=True, keep_colours=False)
    made = Restorer(FakeModel(red), detector=detector).restore(image, options).composite()
    assert (made[:20, :, :3] == 90).all()
    assert (made[20:, :, :3] == (255, 0, 0)).all()
    assert made[:, :, 3].tobytes() == image[:, :, 3].tobytes()


def test_an_aligned_picture_is_square(restorer: Restorer) -> None:
    image = np.zeros((64, 65, 3), np.uint8)
    assert code_of(lambda: restorer.restore(image, RestoreOptions(aligned=True))) == "not_square"


def test_an_aligned_picture_can_be_cancelled(restorer: Restorer) -> None:
    image, options = np.zeros((64, 64, 3), np.uint8), RestoreOptions(aligned=True)
    assert code_of(lambda: restorer.restore(image, options, cancel=lambda: True)) == "cancelled"


def test_a_huge_picture_costs_what_its_face_costs(
    photo: Photo, restorer: Restorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """12000 by 8000, with the search (which has its own test) left out: the face is restored in
    megabytes, and every other pixel keeps its bits."""
    image = np.full((8000, 12000), 120, np.uint8)
    grey = cv2.cvtColor(photo(PORTRAIT), cv2.COLOR_RGB2GRAY)
    image[6400 : 6400 + grey.shape[0], 9100 : 9100 + grey.shape[1]] = grey
    (found,) = restorer.detector.detect(Pixels(grey))
    moved = replace(found, landmarks=found.landmarks + (9100, 6400))
    monkeypatch.setattr(restorer.detector, "detect", lambda *_, **__: [moved])
    tracemalloc.start()
    result = restorer.restore(image)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20e6
    x0, y0, x1, y1 = result.patches[0].box
    assert (x1 - x0) * (y1 - y0) < 200 * 200
    assert 9100 < x0 < 9200
    assert 6400 < y0 < 6500
    assert_changed_inside_only(result, image)
