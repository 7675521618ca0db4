"""Rectangles for an image program, in the picture's own depth and channels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gpen_engine import RestoreResult
from gpen_engine.faces import Patch
from gpen_engine.faces.patch import Island, islands, share, stacked
from gpen_engine.faces.region import face_from_region
from gpen_engine.pixels import LUMA, Box, Pixels
from gpen_engine.restore.layering import layer_pixels

HEIGHT, WIDTH = 60, 80
PLACES = [(4, 8, 40, 50), (25, 10, 60, 52), (20, 20, 50, 60), (64, 2, 79, 22)]
every_kind = pytest.mark.parametrize(
    ("dtype", "channels"),
    [(dtype, channels) for dtype in (np.uint8, np.uint16, np.float32) for channels in range(5)],
)


def picture(dtype: type, channels: int) -> NDArray[Any]:
    """Random pixels; 0 channels mean (H, W). In floating point from -1 to 2 and some NaN."""
    random = np.random.default_rng(3).random((HEIGHT, WIDTH, channels or 1))
    if np.dtype(dtype).kind == "f":
        image = (random * 3 - 1).astype(dtype)
        if channels in (2, 4):
            image[:, :, -1] = np.clip(image[:, :, -1], 0, 1)
        image[::7, ::5, 0] = np.nan
    else:
        image = np.rint(random * np.iinfo(dtype).max).astype(dtype)
    image.flags.writeable = False
    return image if channels else image[:, :, 0]


def patch(seed: int, box: Box) -> Patch:
    x0, y0, x1, y1 = box
    y, x = np.mgrid[-1 : 1 : (y1 - y0) * 1j, -1 : 1 : (x1 - x0) * 1j]
    coverage = np.clip(2.5 - 2.7 * np.hypot(x, y), 0, 1).astype(np.float32)
    rgb = np.random.default_rng(seed).random((y1 - y0, x1 - x0, 3), np.float32)
    return Patch(face_from_region(box), box, rgb, coverage)


PATCHES = share([patch(seed, box) for seed, box in enumerate(PLACES)])


def areas() -> Iterator[Patch | Island]:
    yield from PATCHES
    yield from islands(PATCHES)


def part(array: NDArray[Any], box: Box) -> NDArray[Any]:
    x0, y0, x1, y1 = box
    return array[y0:y1, x0:x1]


def target(area: Patch | Island, colours: int) -> NDArray[np.float64]:
    rgb = area.rgb.astype(np.float64)
    return rgb if colours == 3 else (rgb @ LUMA.astype(np.float64))[:, :, None]


def test_there_are_lone_faces_and_an_island_of_three() -> None:
    assert [len(island.faces) for island in islands(PATCHES)] == [3, 1]


@every_kind
def test_a_layer_is_fully_restored_wherever_it_is_covered(dtype: type, channels: int) -> None:
    pixels = Pixels(picture(dtype, channels))
    colours = pixels.colours
    for area in areas():
        old, made = part(pixels.array, area.box), layer_pixels(pixels, area)
        assert (made.shape, made.dtype) == (old.shape, old.dtype)
        covered = area.coverage > 0
        assert 0.3 < covered.mean() < 1
        assert made[~covered, :colours].tobytes() == old[~covered, :colours].tobytes()
        if channels in (2, 4):
            assert made[covered, -1].tobytes() == old[covered, -1].tobytes()
            assert (made[~covered, -1] == 0).all()
        wanted = target(area, colours)[covered]
        if pixels.array.dtype.kind == "u":
            error = made[covered, :colours] - wanted * pixels.white
            assert np.abs(error).max() < 0.5 + (1e-3 if dtype == np.uint8 else 0.02)
        else:
            before = np.nan_to_num(old[covered, :colours].astype(np.float64), nan=0)
            excess = before - np.clip(before, 0, 1)
            assert np.abs(excess).max() > 0.9
            np.testing.assert_allclose(made[covered, :colours], wanted + excess, atol=1e-6)


@every_kind
@pytest.mark.parametrize("strength", [0, 0.35, 1])
def test_merged_islands_are_the_composite_bit_for_bit(
    dtype: type, channels: int, strength: float
) -> None:
    image = picture(dtype, channels)
    pixels = Pixels(image)
    made = image.copy()
    view = Pixels(made).array
    result = RestoreResult(pixels, PATCHES, strength, {}, [])
    for island in islands(PATCHES):
        content = result.merged(island)
        old = part(pixels.array, island.box)
        assert (content.shape, content.dtype) == (old.shape, old.dtype)
        free = island.coverage == 0
        assert content[free].tobytes() == old[free].tobytes()
        assert content[:, :, pixels.colours :].tobytes() == old[:, :, pixels.colours :].tobytes()
        part(view, island.box)[:] = content
    composite = result.composite()
    assert made.tobytes() == composite.tobytes()
    if strength == 0:
        assert made.tobytes() == image.tobytes()
    else:
        assert made.tobytes() != image.tobytes()


@pytest.mark.parametrize("strength", [0.35, 1])
def test_layers_under_their_masks_show_the_composite(strength: float) -> None:
    """As one layer of islands, and as a stack of one layer a face: blended as GIMP does it."""
    image = np.random.default_rng(5).random((HEIGHT, WIDTH, 3), np.float32)
    pixels = Pixels(image)
    expected = RestoreResult(pixels, PATCHES, strength, {}, []).composite()
    weaker = [replace(p, coverage=p.coverage * np.float32(strength)) for p in PATCHES]
    for layers in (list(islands(weaker)), list(reversed(stacked(weaker)))):
        made = image.astype(np.float64)
        for layer in layers:
            below, mask = part(made, layer.box), layer.coverage[:, :, None].astype(np.float64)
            below[:] = below * (1 - mask) + layer_pixels(pixels, layer) * mask
        np.testing.assert_allclose(made, expected, atol=1e-5)
    assert np.abs(expected - image).max() > 0.2


def test_highlights_keep_their_excess_and_holes_are_filled() -> None:
    image = np.full((HEIGHT, WIDTH, 4), 4, np.float32)
    image[:, 10:30] = np.nan
    pixels = Pixels(image)
    (island, _) = islands(PATCHES)
    full = island.coverage == 1
    assert full.sum() > 200
    columns = np.arange(island.box[0], island.box[2])
    holes = full & ((columns >= 10) & (columns < 30))
    bright = full & ~holes
    merged = RestoreResult(pixels, PATCHES, 1, {}, []).merged(island)
    for made in (layer_pixels(pixels, island), merged):
        np.testing.assert_allclose(made[holes, :3], island.rgb[holes], atol=1e-7)
        np.testing.assert_allclose(made[bright, :3], island.rgb[bright] + 3, atol=1e-6)
        assert np.isnan(made[holes, 3]).all()
        assert (made[bright, 3] == 4).all()
