"""Layers of every kind and in every place; the result fits, and the source stays as it was."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from console import Setting
from engine_outside import EngineOutside
from halves import Result, in_gimp
from outcome import LEVEL, Outcome

if TYPE_CHECKING:
    from gi.repository import Gimp as GimpApi
    from gimp_side import new_image, new_layer
    from placed_layers import coloured, fill, photo_in
    from restoring import restore

# The photograph has 225 x 275 pixels and one face, from 91, 43 to 156, 129.
MIDDLE = 123


@pytest.fixture(scope="module")
def setting(running_engine: EngineOutside, shared: Path) -> Setting:
    photo = (shared / "photos" / "modern_colour_flags.jpg").read_bytes()
    return running_engine.setting(files={"photo.jpg": photo})


@in_gimp
def places() -> object:
    told = {}
    for name, offsets in (("inside", (40, 30)), ("beyond", (-120, 45))):
        image = new_image(300, 320)
        coloured(image, "background")
        told[name] = restore(photo_in(image, offsets=offsets))
    return told


@pytest.mark.parametrize("name", ["inside", "beyond"])
def test_place_of_the_layer(places: Result, name: str) -> None:
    outcome = Outcome(places, name)
    outcome.check_added()
    expected = outcome.expected()
    outcome.check_layer(expected)
    outcome.check_seen(expected)


@in_gimp
def among_others() -> object:
    image = new_image(225, 275)
    coloured(image, "background")
    photo = photo_in(image)
    coloured(image, "foreground")
    return {"among": restore(photo)}


def test_layers_above_stay_above(among_others: Result) -> None:
    outcome = Outcome(among_others, "among")
    outcome.check_added()
    outcome.check_layer(outcome.expected())
    names = [layer["name"] for layer in outcome.told["after"]["layers"]]
    assert names == ["foreground", outcome.new["name"], "photo", "background"]
    assert np.array_equal(outcome.pixels("seen-before"), outcome.pixels("seen-after"))


@in_gimp
def _groups(image: object) -> tuple[object, object, object]:
    """A group with a group with the photograph, among other layers."""
    outer = GimpApi.GroupLayer.new(image, "outer")
    image.insert_layer(outer, None, 0)
    inner = GimpApi.GroupLayer.new(image, "inner")
    image.insert_layer(inner, outer, 0)
    photo = photo_in(image, inner, (10, 5))
    beneath = new_layer(image, "beneath", 60, 60, parent=inner, position=1, offsets=(-20, 0))
    fill(beneath, (0, 0, 60, 60), "R'G'B'A u8", bytes((200, 30, 90, 255)))
    new_layer(image, "above", 30, 30, parent=outer, position=0)
    return outer, inner, photo


@in_gimp
def groups() -> object:
    told = {}
    for result in ("layer", "faces", "merged"):
        _, _, photo = _groups(new_image(250, 300))
        told[f"inside {result}"] = restore(photo, result=result)
        _, inner, _ = _groups(new_image(250, 300))
        told[f"group {result}"] = restore(inner, result=result)
    for locked in ("inner", "outer"):
        outer, inner, photo = _groups(new_image(250, 300))
        (inner if locked == "inner" else outer).set_lock_content(True)
        told[f"{locked} locked"] = restore(photo)
    return told


@pytest.mark.parametrize("kind", ["layer", "faces", "merged"])
def test_layer_in_a_group(groups: Result, kind: str) -> None:
    outcome = Outcome(groups, f"inside {kind}")
    outcome.check_added()
    assert outcome.new["parent"] == outcome.layer("inner")["id"]
    outcome.check_seen(outcome.expected())


@pytest.mark.parametrize("kind", ["layer", "faces", "merged"])
def test_group(groups: Result, kind: str) -> None:
    """What is seen of the group is restored, above it."""
    outcome = Outcome(groups, f"group {kind}")
    outcome.check_added()
    assert outcome.source["name"] == "inner"
    assert outcome.source["offsets"] == [-20, 0]
    expected = outcome.expected()
    outcome.check_seen(expected)
    if kind == "merged":
        outcome.check_merged(expected)
        assert outcome.new["kind"] == "Layer"


@pytest.mark.parametrize("locked", ["inner", "outer"])
def test_group_with_locked_content(groups: Result, locked: str) -> None:
    """GIMP puts nothing into such a group, so the result lies above it."""
    outcome = Outcome(groups, f"{locked} locked")
    outcome.check_added(above=locked)
    outcome.check_layer(outcome.expected())


@in_gimp
def masks() -> object:
    """The layer's own mask hides the right half of the face."""
    told = {}
    for name, edited, result in (
        ("edited", True, "layer"),
        ("not edited", False, "faces"),
        ("merged", True, "merged"),
        ("not applied", False, "layer"),
    ):
        image = new_image(225, 275)
        coloured(image, "background")
        photo = photo_in(image)
        mask = photo.create_mask(GimpApi.AddMaskType.WHITE)
        photo.add_mask(mask)
        fill(mask, (MIDDLE, 0, 225 - MIDDLE, 275), "Y u8", b"\0")
        photo.set_edit_mask(edited)
        photo.set_apply_mask(name != "not applied")
        chosen = [mask] if edited else [photo]
        told[name] = restore(photo, chosen, result=result)
    return told


def half_shown() -> np.ndarray:
    shown = np.ones((275, 225), np.float32)
    shown[:, MIDDLE:] = 0
    return shown


@pytest.mark.parametrize("name", ["edited", "not edited"])
def test_layer_with_a_mask(masks: Result, name: str) -> None:
    """What the mask hides stays hidden; when the mask is being edited, the layer is meant."""
    outcome = Outcome(masks, name)
    outcome.check_added()
    expected = outcome.expected(shown=half_shown())
    before, after = (outcome.pixels(f"seen-{when}") for when in ("before", "after"))
    assert np.array_equal(before[:, MIDDLE:], after[:, MIDDLE:])
    shown = slice(0, MIDDLE)
    assert np.abs(after - expected.pixels)[:, shown].max() <= 1 / 255
    if name == "edited":
        outcome.check_layer(expected)


def test_merged_copy_keeps_the_mask(masks: Result) -> None:
    outcome = Outcome(masks, "merged")
    outcome.check_added()
    outcome.check_merged(outcome.expected())
    checksum, applied, _, shown = outcome.source["mask"]
    assert outcome.new["mask"] == [checksum, applied, False, shown]


def test_mask_that_is_not_applied(masks: Result) -> None:
    outcome = Outcome(masks, "not applied")
    outcome.check_added()
    expected = outcome.expected()
    outcome.check_layer(expected)
    outcome.check_seen(expected)


@in_gimp
def filters() -> object:
    """The layer has a filter that can be taken away again."""
    told = {}
    for result in ("layer", "merged"):
        photo = photo_in(new_image(225, 275))
        grey = GimpApi.DrawableFilter.new(photo, "gegl:mono-mixer", "grey")
        photo.append_filter(grey)
        told[result] = restore(photo, result=result)
    return told


def test_layer_with_a_filter(filters: Result) -> None:
    """The new layer continues what is seen."""
    outcome = Outcome(filters, "layer")
    outcome.check_added()
    assert outcome.source["filters"] == ["gegl:mono-mixer"]
    seen = outcome.pixels("seen-before")
    assert np.abs(seen - outcome.pixels("source-srgb")).max() > 0.1
    # GIMP mixes the filter's output before it is rounded to a level, so it may round otherwise.
    expected = outcome.expected(as_seen=True)
    assert np.abs(outcome.pixels("seen-after") - expected.pixels).max() <= LEVEL


def test_merged_copy_keeps_the_filter(filters: Result) -> None:
    outcome = Outcome(filters, "merged")
    outcome.check_added()
    outcome.check_merged(outcome.expected())
    assert outcome.new["filters"] == ["gegl:mono-mixer"]


@in_gimp
def states() -> object:
    told = {}
    for result in ("layer", "merged"):
        hidden = photo_in(new_image(225, 275))
        hidden.set_visible(False)
        told[f"hidden {result}"] = restore(hidden, result=result)
        locked = photo_in(new_image(225, 275))
        locked.add_alpha()
        for lock in ("content", "position", "alpha", "visibility"):
            getattr(locked, f"set_lock_{lock}")(True)
        told[f"locked {result}"] = restore(locked, result=result)
    return told


@pytest.mark.parametrize("kind", ["layer", "merged"])
def test_hidden_layer(states: Result, kind: str) -> None:
    outcome = Outcome(states, f"hidden {kind}")
    outcome.check_added()
    assert outcome.new["visible"] is False
    expected = outcome.expected()
    outcome.check_layer(expected) if kind == "layer" else outcome.check_merged(expected)
    assert np.array_equal(outcome.pixels("seen-before"), outcome.pixels("seen-after"))


@pytest.mark.parametrize("kind", ["layer", "merged"])
def test_locked_layer(states: Result, kind: str) -> None:
    outcome = Outcome(states, f"locked {kind}")
    assert outcome.source["locks"] == [True, True, True, True]
    outcome.check_added()
    expected = outcome.expected()
    outcome.check_layer(expected) if kind == "layer" else outcome.check_merged(expected)
    outcome.check_seen(expected)
    assert outcome.new["locks"][0] is False  # one may work on it


@in_gimp
def transparency() -> object:
    """Left of the middle the photograph is fully transparent."""
    told = {}
    for result in ("layer", "faces", "merged"):
        photo = photo_in(new_image(225, 275))
        photo.add_alpha()
        fill(photo, (0, 0, MIDDLE, 275), "R'G'B'A u8", bytes((7, 8, 9, 0)))
        told[result] = restore(photo, result=result)
    veiled = photo_in(new_image(225, 275))
    veil = veiled.create_mask(GimpApi.AddMaskType.WHITE)
    veiled.add_mask(veil)
    fill(veil, (0, 0, 225, 275), "Y u8", bytes((128,)))
    veiled.remove_mask(GimpApi.MaskApplyMode.APPLY)
    told["half transparent"] = restore(veiled, result="merged")
    return told


@pytest.mark.parametrize("kind", ["layer", "faces", "merged"])
def test_transparent_pixels_stay(transparency: Result, kind: str) -> None:
    outcome = Outcome(transparency, kind)
    outcome.check_added()
    expected = outcome.expected()
    assert not expected.change[:, :MIDDLE].any()
    assert expected.change[:, MIDDLE:].max() > 0.9
    outcome.check_seen(expected)
    if kind == "layer":
        outcome.check_layer(expected)
    elif kind == "merged":
        outcome.check_merged(expected)


def test_merged_copy_keeps_half_transparent_pixels(transparency: Result) -> None:
    outcome = Outcome(transparency, "half transparent")
    outcome.check_added()
    alpha = outcome.pixels("source")[:, :, 3]
    assert (alpha == 128).all()
    outcome.check_merged(outcome.expected())
