"""Every precision and colour space: read, restored and written without losing what it holds."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from console import Setting
from engine_outside import EngineOutside
from halves import Result, in_gimp
from numpy.typing import NDArray
from outcome import LEVEL, Image, Measure, Outcome

if TYPE_CHECKING:
    from gi.repository import Gimp
    from gimp_side import new_image, new_layer, pour
    from restoring import fresh, restore

SIZE = (131, 152)  # width and height
DEPTHS = ("U8", "U16", "U32", "HALF", "FLOAT", "DOUBLE")
CODINGS = ("NON_LINEAR", "LINEAR", "PERCEPTUAL")
# Each depth once and each coding twice; the others are tested, too, but not every time.
USUAL = (
    ("U8", "NON_LINEAR"),
    ("U16", "LINEAR"),
    ("U32", "PERCEPTUAL"),
    ("HALF", "PERCEPTUAL"),
    ("FLOAT", "LINEAR"),
    ("DOUBLE", "NON_LINEAR"),
)
RESULTS = ("layer", "merged")
SPACES = ("U8_NON_LINEAR", "U16_LINEAR", "FLOAT_LINEAR")


def deep(photo: NDArray[Any]) -> Image:
    """A face with detail between the steps of 8 bits, and colours that they do not hold."""
    face = photo[8:160, 58:189].astype(np.float32) / 255
    assert face.shape == (SIZE[1], SIZE[0], 3)
    random = np.random.default_rng(5)
    face += random.uniform(-0.5, 0.5, face.shape).astype(np.float32) / 255
    rgba = np.dstack([np.clip(face, 0, 1), np.ones(face.shape[:2], np.float32)])
    rgba[85:90, 50:54, :3] = 1.8  # in the face
    rgba[5:9, 5:9, :3] = 2.5  # beside it
    rgba[90:94, 70:74, :3] = rgba[5:9, 20:24, :3] = (-0.4, 1.0, -0.3)  # beyond sRGB
    return np.asarray(rgba, np.float32)


@pytest.fixture(scope="module")
def setting(
    running_engine: EngineOutside, photo: Callable[[str], NDArray[Any]], shared: Path
) -> Setting:
    face = deep(photo("modern_colour_flags.jpg"))
    grey = (shared / "photos" / "modern_grey.jpg").read_bytes()
    return running_engine.setting(files={"deep.raw": face.tobytes(), "grey.jpg": grey})


@in_gimp
def _face(precision: str, base: str = "RGB") -> object:
    layer = new_layer(new_image(*SIZE, base, precision), "face", *SIZE)
    pour(layer, "deep", "R'G'B'A float")
    return layer


@in_gimp
def _precisions(chosen: list[tuple[str, str]]) -> object:
    told = {}
    for (depth, coding), result in product(chosen, RESULTS):
        layer = _face(f"{depth}_{coding}")
        told[f"{depth} {coding} {result}"] = restore(layer, result=result)
    return told


@in_gimp
def usual() -> object:
    return _precisions(USUAL)


@in_gimp
def others() -> object:
    return _precisions([pair for pair in product(DEPTHS, CODINGS) if pair not in USUAL])


def in_light(pixels: Image) -> Image:
    """sRGB as light, which is what linear integers have equal steps of."""
    rgb = np.asarray(pixels[..., :3], np.float32)
    high = ((np.maximum(rgb, 0.04045) + 0.055) / 1.055) ** 2.4
    return np.where(rgb <= 0.04045, rgb / 12.92, high)


def in_adobe(pixels: Image) -> Image:
    """sRGB as AdobeRGB, whose numbers are what is rounded."""
    primaries = [[0.71516, 0.28484, 0], [0, 1, 0], [0, 0.04117, 0.95883]]
    light = in_light(pixels) @ np.array(primaries, np.float32).T
    return np.maximum(light, 0) ** np.float32(256 / 563)


def as_grey(pixels: Image) -> Image:
    """sRGB as its lightness, in its own steps; of the primaries as GIMP has them (D50)."""
    light = in_light(pixels) @ np.array([0.2225, 0.7169, 0.0606], np.float32)
    high = 1.055 * np.maximum(light, 0.0031308) ** np.float32(1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, light * 12.92, high)


def as_it_is(pixels: Image) -> Image:
    return pixels


def allowance(depth: str, coding: str) -> tuple[float, Measure]:
    """How far the result may be from the engine's, and in which measure.

    Integers: one step of 8 bits, or a few of 16, since layer, mask and what is seen are each
    rounded once. Half floats have 11 bits. Else what remains is the network's own rounding, which
    depends on the number of threads.
    """
    measure = in_light if coding == "LINEAR" and depth in ("U8", "U16") else as_it_is
    return {"U8": LEVEL, "U16": 3 / 65535, "HALF": 2e-3}.get(depth, 1e-4), measure


def check_precision(result: Result, depth: str, coding: str, kind: str) -> None:
    outcome = Outcome(result, f"{depth} {coding} {kind}")
    assert outcome.told["after"]["precision"] == f"{depth}-{coding}".lower().replace("_", "-")
    outcome.check_added()
    expected = outcome.expected()
    within, measure = allowance(depth, coding)
    if kind == "layer":
        outcome.check_layer(expected, within, measure)
    else:
        outcome.check_merged(expected, within, measure)
    outcome.check_seen(expected, within, measure)
    brightest = outcome.pixels("seen-after")[:, :, :3]
    if depth in ("U8", "U16", "U32"):
        assert brightest.max() <= 1 + 1e-6
    else:
        assert np.abs(brightest[5:9, 5:9] - 2.5).max() < 2e-3
        assert brightest[85:90, 50:54].max() > 1.2  # restored, and its excess is still there


@pytest.mark.parametrize("kind", RESULTS)
@pytest.mark.parametrize(("depth", "coding"), USUAL)
def test_precision(usual: Result, depth: str, coding: str, kind: str) -> None:
    check_precision(usual, depth, coding, kind)


@pytest.mark.slow
def test_all_other_precisions(others: Result) -> None:
    for depth, coding in product(DEPTHS, CODINGS):
        if (depth, coding) not in USUAL:
            for kind in RESULTS:
                check_precision(others, depth, coding, kind)


@in_gimp
def adobe() -> object:
    told = {}
    for precision, result in product(SPACES, RESULTS):
        image = new_image(*SIZE, "RGB", precision)
        image.set_color_profile(Gimp.ColorProfile.new_rgb_adobe())
        layer = new_layer(image, "face", *SIZE)
        pour(layer, "deep", "R'G'B'A float")
        told[f"{precision} {result}"] = restore(layer, result=result)
    return told


@pytest.mark.parametrize("kind", RESULTS)
@pytest.mark.parametrize("precision", SPACES)
def test_adobe_rgb(adobe: Result, precision: str, kind: str) -> None:
    outcome = Outcome(adobe, f"{precision} {kind}")
    assert outcome.told["after"]["profile"]
    source = outcome.pixels("source-srgb")
    assert source[:, :, :3].min() < -0.1  # colours that sRGB does not have
    outcome.check_added()
    expected = outcome.expected()
    # GIMP mixes layer and source by this space's primaries, the engine by those of sRGB.
    within = 1.5 * LEVEL if precision.startswith("U8") else 1e-3 if kind == "layer" else 3e-4
    if kind == "layer":
        outcome.check_layer(expected, within, in_adobe)
    else:
        outcome.check_merged(expected, within, in_adobe)
    outcome.check_seen(expected, within, in_adobe)


@in_gimp
def grey() -> object:
    told = {}
    for precision, result in product(SPACES, RESULTS):
        told[f"{precision} {result}"] = restore(_face(precision, "GRAY"), result=result)
    told["photograph"] = restore(fresh("grey.jpg"), result="faces")
    layer = fresh("grey.jpg")
    layer.get_image().set_color_profile(Gimp.ColorProfile.new_d50_gray_lab_trc())
    told["profile"] = restore(layer)
    return told


@pytest.mark.parametrize("kind", RESULTS)
@pytest.mark.parametrize("precision", SPACES)
def test_grey(grey: Result, precision: str, kind: str) -> None:
    outcome = Outcome(grey, f"{precision} {kind}")
    outcome.check_added()
    assert outcome.pixels("new").shape[2] == 2
    expected = outcome.expected()
    # GIMP mixes the lightness of layer and source, the engine their colours.
    within = 1.5 * LEVEL if precision.startswith("U8") else 3e-4
    if kind == "layer":
        outcome.check_layer(expected, within, as_grey)
    else:
        outcome.check_merged(expected, within, as_grey)
    outcome.check_seen(expected, within, as_grey)


@pytest.mark.parametrize("name", ["photograph", "profile"])
def test_grey_photograph(grey: Result, name: str) -> None:
    outcome = Outcome(grey, name)
    assert bool(outcome.told["before"]["profile"]) == (name == "profile")
    assert outcome.pixels("source").shape[2] == 1
    outcome.check_added()
    expected = outcome.expected()
    outcome.check_seen(expected, 1.5 * LEVEL, as_grey)
