"""Patches composed with the picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gpen_engine import RestoreResult
from gpen_engine.faces import Face, Patch
from gpen_engine.faces.patch import share
from gpen_engine.faces.region import face_from_region
from gpen_engine.pixels import LUMA, Box, Pixels

HEIGHT, WIDTH = 60, 80
DTYPES = [np.uint8, np.uint16, np.float32]
CHANNELS = [0, 1, 2, 3, 4]


def picture(dtype: type, channels: int) -> NDArray[Any]:
    """Random pixels; 0 channels mean a plain grey (H, W) array."""
    shape = (HEIGHT, WIDTH, channels) if channels else (HEIGHT, WIDTH)
    random = np.random.default_rng(3).random(shape)
    if dtype == np.float32:
        image = (random * 3 - 1).astype(np.float32)
        image[5, 5], image[30, 30] = np.nan, np.nan
        return image
    return np.rint(random * np.iinfo(dtype).max).astype(dtype)


def patch(seed: int, box: Box) -> Patch:
    random = np.random.default_rng(seed)
    x0, y0, x1, y1 = box
    y, x = np.mgrid[-1 : 1 : (y1 - y0) * 1j, -1 : 1 : (x1 - x0) * 1j]
    coverage = np.clip(2.5 - 2.7 * np.hypot(x, y), 0, 1).astype(np.float32)
    face: Face = face_from_region(box)
    return Patch(face, box, random.random((y1 - y0, x1 - x0, 3), np.float32), coverage)


PATCHES = share([patch(1, (8, 12, 48, 50)), patch(2, (25, 10, 70, 52)), patch(3, (20, 20, 60, 60))])


def result(image: NDArray[Any], strength: float = 1.0) -> RestoreResult:
    return RestoreResult(Pixels(image), PATCHES, strength, {}, [])


def covered() -> NDArray[np.bool_]:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    for p in PATCHES:
        x0, y0, x1, y1 = p.box
        mask[y0:y1, x0:x1] |= p.coverage > 0
    return mask


def reference(image: NDArray[Any], strength: float) -> NDArray[np.float64]:
    """old + sum of coverage * (restored - old), in float64, not rounded, colours only, in 0..1."""
    pixels = Pixels(image)
    old = pixels.array[:, :, : pixels.colours].astype(np.float64) / pixels.white
    new = np.nan_to_num(old, nan=0.0)
    shown = np.clip(new, 0, 1)
    new = new.copy()
    for p in PATCHES:
        x0, y0, x1, y1 = p.box
        rgb = p.rgb.astype(np.float64)
        target = rgb if pixels.colours == 3 else (rgb @ LUMA.astype(np.float64))[:, :, None]
        share_of = (p.coverage * strength)[:, :, None].astype(np.float64)
        new[y0:y1, x0:x1] += share_of * (target - shown[y0:y1, x0:x1])
    return new


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("strength", [0.35, 1])
def test_composite(dtype: type, channels: int, strength: float) -> None:
    """Uncovered pixels and alpha keep their bits; the others are rounded once, to the nearest."""
    image = picture(dtype, channels)
    image.flags.writeable = False
    made = result(image, strength).composite()
    assert (made.shape, made.dtype) == (image.shape, image.dtype)
    colours = Pixels(image).colours
    before, after = Pixels(image).array, Pixels(made).array
    assert after[~covered()].tobytes() == before[~covered()].tobytes()
    assert after[:, :, colours:].tobytes() == before[:, :, colours:].tobytes()
    exact = reference(image, strength) * Pixels(image).white
    error = (after[:, :, :colours] - exact)[covered()]
    if dtype == np.float32:
        assert np.abs(error).max() < 1e-6
    else:
        assert np.abs(error).max() < 0.5 + (1e-3 if dtype == np.uint8 else 0.1)
        assert abs(error.mean()) < 0.02
    assert (after[:, :, :colours] != before[:, :, :colours]).any(axis=2)[covered()].mean() > 0.5


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_strength_0_is_the_original_bit_for_bit(dtype: type, channels: int) -> None:
    image = picture(dtype, channels)
    made = result(image, 0).composite()
    assert made is not image
    assert made.tobytes() == image.tobytes()


def test_excess_over_white_is_kept() -> None:
    image = np.full((HEIGHT, WIDTH, 3), 4.0, np.float32)
    made = result(image).composite()
    full = np.max([on_canvas(p) for p in PATCHES], axis=0) == 1
    assert full.sum() > 50
    assert made[full].min() >= 3
    assert made[full].max() <= 4


def on_canvas(p: Patch) -> NDArray[np.float32]:
    canvas = np.zeros((HEIGHT, WIDTH), np.float32)
    x0, y0, x1, y1 = p.box
    canvas[y0:y1, x0:x1] = p.coverage
    return canvas


def test_onto_the_picture_in_another_form() -> None:
    """The same faces onto the picture as it was before its conversion to sRGB and 8 bits."""
    image = picture(np.uint8, 3)
    made = np.full((HEIGHT, WIDTH, 3), 1000, np.uint16)
    result(image).paste(made, lambda rgb: rgb[:, :, ::-1] * np.float32(0.5))
    full = on_canvas(PATCHES[0]) == 1
    x0, y0 = PATCHES[0].box[:2]
    y, x = np.argwhere(full)[0]
    expected = PATCHES[0].rgb[y - y0, x - x0, ::-1] * 0.5 * 65535
    np.testing.assert_allclose(made[y, x], expected, atol=0.51)
    assert (made[~covered()] == 1000).all()


def test_faces_are_those_of_the_patches() -> None:
    assert result(picture(np.uint8, 3)).faces == [p.face for p in PATCHES]
