"""A selection limits the restoration: softly, to the pixel, wherever it lies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from console import Setting
from engine_outside import EngineOutside
from halves import Result, in_gimp
from outcome import Outcome

if TYPE_CHECKING:
    from gi.repository import Gimp
    from gimp_side import new_image
    from restoring import fresh, restore

# The photograph has 225 x 275 pixels and one face, from 91, 43 to 156, 129.
RECTANGLES = {
    "whole face": (70, 25, 110, 125),
    "half of the face": (0, 0, 124, 275),
    "four pixels": (120, 80, 2, 2),
    "one pixel": (123, 85, 1, 1),
    "hair only": (100, 18, 40, 20),
}
CORNER = (0, 215, 50, 60)
NO_FACE = (
    "No face was found in the selection."
    ' Lower "Detection threshold", or turn on "The selection is a face".'
)


@pytest.fixture(scope="module")
def setting(running_engine: EngineOutside, shared: Path) -> Setting:
    photo = (shared / "photos" / "modern_colour_flags.jpg").read_bytes()
    return running_engine.setting(files={"photo.jpg": photo})


@in_gimp
def _photo() -> object:
    return fresh("photo.jpg")


@in_gimp
def _select(layer: object, rectangle: tuple[int, int, int, int]) -> None:
    layer.get_image().select_rectangle(Gimp.ChannelOps.REPLACE, *rectangle)


@in_gimp
def rectangles() -> object:
    told = {}
    for name, rectangle in RECTANGLES.items():
        layer = _photo()
        _select(layer, rectangle)
        told[name] = restore(layer)
    return told


@pytest.mark.parametrize("name", RECTANGLES)
def test_rectangle(rectangles: Result, name: str) -> None:
    outcome = Outcome(rectangles, name)
    outcome.check_added()
    expected = outcome.expected(selected=True)
    outcome.check_layer(expected)
    outcome.check_seen(expected)
    x, y, width, height = RECTANGLES[name]
    outside = np.ones((275, 225), bool)
    outside[y : y + height, x : x + width] = False
    before, after = (outcome.pixels(f"seen-{when}") for when in ("before", "after"))
    assert np.array_equal(before[outside], after[outside])


def test_selected_part_of_a_face_is_restored_as_the_whole(rectangles: Result) -> None:
    """What lies around the selection was sent: half a face is half of the same restoration."""
    whole, half = (Outcome(rectangles, name) for name in ("whole face", "half of the face"))
    both = np.zeros((275, 225), bool)
    both[25:150, 70:124] = True
    left, right = (outcome.pixels("seen-after")[both] for outcome in (whole, half))
    assert np.abs(left - right).max() <= 1 / 255 + 1e-6


@in_gimp
def soft() -> object:
    told = {}
    for result in ("layer", "faces", "merged"):
        layer = _photo()
        image = layer.get_image()
        image.select_ellipse(Gimp.ChannelOps.REPLACE, 80, 60, 70, 60)
        Gimp.Selection.feather(image, 25)
        told[result] = restore(layer, result=result, strength=0.7)
    return told


@pytest.mark.parametrize("kind", ["layer", "faces", "merged"])
def test_feathered_selection(soft: Result, kind: str) -> None:
    outcome = Outcome(soft, kind)
    outcome.check_added()
    expected = outcome.expected(selected=True, strength=0.7)
    outcome.check_seen(expected)
    selection = outcome.selection
    assert np.unique(selection).size > 50  # it is soft
    if kind == "layer":
        outcome.check_layer(expected)
        # The same restoration as without a selection, multiplied with it.
        free = outcome.expected(strength=0.7)
        assert np.abs(expected.change - free.change * selection).max() < 1e-6
        assert np.abs(outcome.pixels("mask")[:, :, 0] - free.change * selection).max() <= 1 / 255
    elif kind == "merged":
        outcome.check_merged(expected)
    before, after = (outcome.pixels(f"seen-{when}") for when in ("before", "after"))
    assert np.array_equal(before[selection == 0], after[selection == 0])


@in_gimp
def faint() -> object:
    layer = _photo()
    image = layer.get_image()
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 40, 60, 170, 16)
    Gimp.Selection.feather(image, 60)
    return {"faint": restore(layer)}


def test_nothing_is_more_than_half_selected(faint: Result) -> None:
    outcome = Outcome(faint, "faint")
    assert 0.1 < outcome.selection.max() < 0.5
    outcome.check_added()
    expected = outcome.expected(selected=True)
    outcome.check_layer(expected)


@in_gimp
def without_face() -> object:
    told = {}
    for name, fallback in (("no face", False), ("taken for a face", True)):
        layer = _photo()
        _select(layer, CORNER)
        told[name] = restore(layer, fallback=fallback)
    return told


def test_selection_without_a_face(without_face: Result) -> None:
    Outcome(without_face, "no face").check_refused(NO_FACE)


def test_selection_taken_for_a_face(without_face: Result) -> None:
    outcome = Outcome(without_face, "taken for a face")
    outcome.check_added()
    expected = outcome.expected(selected=True, fallback=True)
    outcome.check_layer(expected)
    outcome.check_seen(expected)
    x, y, width, height = CORNER
    (face,) = outcome.parasite["faces"]
    assert 0 < face.pop("similarity") <= 1
    box = [x, y, x + width - 1, y + height - 1]
    assert face == {"box": box, "score": 0, "restored": True}


@in_gimp
def places() -> object:
    """Layers that lie elsewhere than their image, with selections of the image."""
    told = {}
    for name, offsets, rectangle in (
        ("offset layer", (40, -10), (120, 20, 60, 200)),
        ("selection beyond layer and canvas", (-110, 60), (-30, 90, 600, 50)),
        ("selection beside the layer", (40, 0), (0, 0, 30, 300)),
    ):
        image = new_image(290, 300)
        layer = Gimp.Layer.new_from_drawable(_photo(), image)
        image.insert_layer(layer, None, 0)
        layer.set_offsets(*offsets)
        _select(layer, rectangle)
        told[name] = restore(layer)
    return told


@pytest.mark.parametrize("name", ["offset layer", "selection beyond layer and canvas"])
def test_layer_elsewhere(places: Result, name: str) -> None:
    outcome = Outcome(places, name)
    outcome.check_added()
    expected = outcome.expected(selected=True)
    outcome.check_layer(expected)
    outcome.check_seen(expected)


def test_selection_beside_the_layer(places: Result) -> None:
    Outcome(places, "selection beside the layer").check_refused(
        "The selection does not touch the selected layer."
        " Select a part of the layer, or nothing at all (Select > None)."
    )


@in_gimp
def far() -> object:
    photo = _photo()
    photo.resize(2600, 275, 2000, 0)
    image = photo.get_image()
    image.resize(2600, 275, 2000, 0)
    _select(photo, (2070, 40, 100, 100))
    return {"far": restore(photo)}


def test_only_the_surroundings_are_sent(far: Result) -> None:
    outcome = Outcome(far, "far")
    outcome.check_added()
    expected = outcome.expected(selected=True, columns=(2070 - 1024, 2600))
    outcome.check_layer(expected)
    outcome.check_seen(expected)
    (face,) = outcome.parasite["faces"]
    assert np.abs(np.array(face["box"]) - [2091, 43, 2156, 129]).max() < 3
