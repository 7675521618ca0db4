"""Crops cut from a picture and brought back: nothing moves, nothing aliases."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from similarities import about, angles, places, ramps, similarity

from gpen_engine import GpenError
from gpen_engine.faces import Face
from gpen_engine.faces.coverage import face_shape
from gpen_engine.faces.geometry import TEMPLATES, Similarity, cut_crop, resample, resized
from gpen_engine.faces.patch import make_patch
from gpen_engine.pixels import Pixels

SIZE = 128
FACE = Face((0, 0, 1, 1), TEMPLATES["gpen"], 1.0)
middles = st.tuples(st.floats(300, 340), st.floats(300, 340))
WIDE, HIGH = 640, 620


@pytest.fixture(scope="module")
def picture() -> Pixels:
    return Pixels(ramps(WIDE, HIGH))


def grid(box: tuple[int, int, int, int]) -> np.ndarray:
    """Coordinates of the pixels of a box: (h, w, 2), x and y."""
    x0, y0, x1, y1 = box
    y, x = np.mgrid[y0:y1, x0:x1]
    return np.stack([x, y], axis=2)


def mean_of_neighbours(error: np.ndarray, where: np.ndarray) -> np.ndarray:
    """The error averaged over 5 by 5 pixels of ``where``, at these pixels."""
    total = cv2.blur(error * where[:, :, None], (5, 5))
    return (total / np.maximum(cv2.blur(where.astype(float), (5, 5)), 1e-9)[:, :, None])[where]


@settings(max_examples=25)
@given(middle=middles, scale=st.floats(0.32, 4), angle=angles)
def test_every_crop_pixel_comes_from_its_place(
    picture: Pixels, middle: tuple[float, float], scale: float, angle: float
) -> None:
    alignment = about(middle, SIZE, scale, angle)
    crop = cut_crop(picture, alignment, SIZE)
    true = alignment.inverse()(grid((0, 0, SIZE, SIZE)).reshape(-1, 2)).reshape(SIZE, SIZE, 2)
    error = places(crop) - true
    # Averaging pixels in part gives each a jitter, in units of the coarser grid's pixels.
    assert np.abs(error).max() * min(1, scale) < 0.1
    assert np.abs(mean_of_neighbours(error, np.ones((SIZE, SIZE), bool))).max() < 0.05


@settings(max_examples=25)
@given(middle=middles, scale=st.floats(0.32, 4), angle=angles, ratio=st.sampled_from([1, 2, 4]))
def test_align_then_unalign_is_the_identity_on_pixels(
    picture: Pixels, middle: tuple[float, float], scale: float, angle: float, ratio: int
) -> None:
    """For a network that changes nothing but the size of the crop."""
    alignment = about(middle, SIZE, scale, angle).then_enlarged(ratio)
    crop = cut_crop(picture, alignment, SIZE * ratio)
    patch = make_patch(picture, FACE, alignment, crop, face_shape(SIZE * ratio))
    error = places(patch.rgb) - grid(patch.box)
    visible = patch.coverage > 0.05
    assert np.abs(error[visible]).max() < 0.1
    assert np.abs(mean_of_neighbours(error, visible)).max() < 0.05
    assert np.abs(error[visible].mean(axis=0)).max() < 0.01


@settings(max_examples=20)
@given(
    place=st.tuples(st.floats(190, 210), st.floats(190, 210)),
    scale=st.floats(0.25, 3),
    angle=angles,
)
def test_a_spot_comes_back_to_its_place(
    place: tuple[float, float], scale: float, angle: float
) -> None:
    spread = max(3.0, 2.5 / scale)
    y, x = np.mgrid[:400, :400]
    spot = np.exp(-((x - place[0]) ** 2 + (y - place[1]) ** 2) / (2 * spread**2))
    picture = Pixels(spot.astype(np.float32))
    alignment = about((200, 200), SIZE, scale, angle)
    crop = cut_crop(picture, alignment, SIZE)
    patch = make_patch(picture, FACE, alignment, crop, np.ones((SIZE, SIZE), np.float32))
    x0, y0, x1, y1 = patch.box
    near = (np.hypot(x - place[0], y - place[1]) < 4 * spread)[y0:y1, x0:x1]
    weights = patch.rgb[:, :, 0] * near
    centre = (grid(patch.box) * weights[:, :, None]).sum(axis=(0, 1)) / weights.sum()
    assert np.abs(centre - place).max() < 0.05


@pytest.mark.parametrize("angle", [0, 0.3, np.pi / 4])
@pytest.mark.parametrize(
    ("scale", "contrast"), [(0.1, 0.02), (0.25, 0.03), (0.5, 0.05), (0.7, 0.2)]
)
def test_shrinking_a_fine_checkerboard_gives_mid_grey(
    scale: float, contrast: float, angle: float
) -> None:
    board = (np.indices((600, 600)).sum(axis=0) % 2).astype(np.float32)
    grey = resample(board, about((300, 300), 40, scale, angle), (40, 40))
    assert abs(grey.mean() - 0.5) < 0.005
    assert np.ptp(grey) < contrast


def test_without_averaging_the_checkerboard_would_alias() -> None:
    """The test above can fail: OpenCV's own warp, which looks at four neighbours only."""
    board = (np.indices((600, 600)).sum(axis=0) % 2).astype(np.float32)
    matrix = about((300, 300), 40, 0.25, 0.3).matrix
    assert np.ptp(cv2.warpAffine(board, matrix, (40, 40))) > 0.5


@pytest.mark.parametrize("sharp", [False, True])
def test_enlarging_keeps_places_and_flat_colour(sharp: bool) -> None:
    enlarge = similarity(3.3, 0.2, 4, -5)
    image = resample(ramps(80, 80), enlarge, (120, 120), sharp=sharp)
    true = enlarge.inverse()(grid((0, 0, 120, 120)).reshape(-1, 2)).reshape(120, 120, 2)
    inside = np.all((true > 3) & (true < 76), axis=2)
    assert inside.sum() > 5000
    assert np.abs(places(image) - true)[inside].max() < 0.05
    assert np.abs(image[:, :, 2] - 0.5).max() < 1e-5


def test_sharp_enlarging_keeps_more_contrast() -> None:
    lines = np.tile(np.array([0, 0, 1, 1], np.float32), (40, 10))
    soft, sharp = (
        resample(lines, similarity(4, 0, 1.5, 1.5), (160, 160), sharp=way) for way in (False, True)
    )
    assert sharp[40:120, 40:120].std() > 1.02 * soft[40:120, 40:120].std()


@pytest.mark.parametrize("size", [16, 64, 128])
def test_a_resized_square_keeps_its_places(size: int) -> None:
    """Edges onto edges: the centre of pixel i lies at (i + 0.5) * 64 / size - 0.5."""
    image = resized(ramps(64, 64), size)
    line = (np.arange(size) + 0.5) * 64 / size - 0.5
    interior = slice(4, -4)
    error = (places(image)[8, :, 0] - line)[interior]
    assert np.abs(error).max() < 0.05  # the two halves of a doubled pixel, by OpenCV's cubic
    assert abs(error.mean()) < 0.001
    assert image.shape == (size, size, 3)


def test_beyond_the_picture_the_crop_is_reflected() -> None:
    picture = Pixels(ramps(100, 100))
    crop = cut_crop(picture, similarity(1, 0, 20, 0), SIZE)  # crop x 20 is picture x 0
    assert places(crop)[10, 0:41, 0] == pytest.approx(np.abs(np.arange(-20, 21)), abs=0.01)
    crop = cut_crop(picture, similarity(1, 0, -60, -70), SIZE)  # crop x 39 is picture x 99
    assert places(crop)[10, 39:60, 0] == pytest.approx(99 - np.arange(21), abs=0.01)


def test_a_face_outside_of_the_picture_is_an_error() -> None:
    with pytest.raises(GpenError) as error:
        cut_crop(Pixels(ramps(50, 50)), similarity(1, 0, -200, 0), SIZE)
    assert error.value.code == "bad_landmarks"


@pytest.mark.parametrize("box", [(0, 0, 128, 128), (40, 60, 90, 75), (300, 0, 340, 20)])
def test_a_part_of_an_enlargement_is_that_part_of_the_whole(box: tuple[int, int, int, int]) -> None:
    """Only what is needed is doubled; (300, 0, 340, 20) lies beyond the border."""
    image = np.random.default_rng(0).random((64, 64, 3), np.float32)
    larger = about((32, 32), 128, 2.3, 0.4)
    whole = resample(image, larger, (400, 200), sharp=True)
    x0, y0, x1, y1 = box
    shift = Similarity(larger.matrix - np.array([[0, 0, x0], [0, 0, y0]]))
    part = resample(image, shift, (x1 - x0, y1 - y0), sharp=True)
    np.testing.assert_allclose(part, whole[y0:y1, x0:x1], atol=2e-4)
