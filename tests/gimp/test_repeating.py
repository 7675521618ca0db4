"""Again, on the photograph or on what a former run made of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from console import Setting
from engine_outside import EngineOutside
from halves import Result, in_gimp
from outcome import Outcome

from gpen_engine.pictures.xcf import layer_notes

if TYPE_CHECKING:
    from gi.repository import Gimp
    from gimp_side import open_picture, save_picture
    from restoring import fresh, restore

TITLE = "Restored faces (GPEN-Mini-256)"


@pytest.fixture(scope="module")
def setting(running_engine: EngineOutside, shared: Path) -> Setting:
    photo = (shared / "photos" / "modern_colour_flags.jpg").read_bytes()
    return running_engine.setting(files={"photo.jpg": photo})


@in_gimp
def _photo() -> object:
    layer = fresh("photo.jpg")
    layer.set_name("photo")
    return layer


@in_gimp
def _restored(**arguments: object) -> tuple[object, object]:
    """The photograph and the new layer."""
    photo = _photo()
    restore(photo, **arguments)
    (new,) = photo.get_image().get_selected_layers()
    new.set_name("former")
    return photo, new


@in_gimp
def last_values() -> object:
    """What a dialog would do without a display: nothing is asked, and the values are kept."""
    mode = Gimp.RunMode
    return {
        "asked": restore(_photo(), run_mode=mode.INTERACTIVE, strength=0.4, result="faces", seed=3),
        "again": restore(_photo(), run_mode=mode.WITH_LAST_VALS),
        "plain": restore(_photo(), run_mode=mode.NONINTERACTIVE),
    }


def test_last_values(last_values: Result) -> None:
    first, again, plain = (Outcome(last_values, name) for name in ("asked", "again", "plain"))
    for outcome in (first, again, plain):
        outcome.check_added()
    assert again.parasite["settings"] == first.parasite["settings"]
    assert (again.parasite["strength"], again.parasite["seed"]) == (0.4, 3)
    assert again.new["kind"] == "GroupLayer"
    assert np.array_equal(again.pixels("seen-after"), first.pixels("seen-after"))
    # Scripts get the defaults, whatever was chosen in a dialog.
    assert plain.parasite["settings"]["strength"] == 1.0
    assert plain.parasite["settings"]["result"] == "layer"


@in_gimp
def on_the_source() -> object:
    photo, _ = _restored()
    return {"again": restore(photo)}


def test_on_the_source(on_the_source: Result) -> None:
    """The same bits, since the former result is no part of the source."""
    outcome = Outcome(on_the_source, "again")
    outcome.check_added()
    outcome.check_layer(outcome.expected())
    assert outcome.layer("former")["pixels"] == outcome.new["pixels"]
    assert outcome.layer("former")["mask"] == outcome.new["mask"]


@in_gimp
def on_the_result() -> object:
    told = {}
    for kind in ("layer", "merged", "faces"):
        photo, former = _restored(result=kind)
        told[kind] = restore(photo, [former], strength=0.5)
    photo, former = _restored(result="faces")
    told["face"] = restore(photo, former.get_children())
    photo, former = _restored()
    told["mask"] = restore(photo, [former.get_mask()])
    photo, former = _restored()
    photo.get_image().select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 124, 275)
    told["selection"] = restore(photo, [former])
    return told


@pytest.mark.parametrize("name", ["layer", "merged", "faces", "face", "mask"])
def test_on_the_result(on_the_result: Result, name: str) -> None:
    """The source is restored again; the former result is hidden beneath the new one."""
    outcome = Outcome(on_the_result, name)
    outcome.check_added(hides="former")
    expected = outcome.expected(strength=1.0 if name in ("face", "mask") else 0.5)
    outcome.check_layer(expected)
    assert outcome.parasite["source"]["tattoo"] == outcome.layer("photo")["tattoo"]
    after = outcome.pixels("seen-after")
    assert np.abs(after - expected.pixels).max() <= 1 / 255


def test_on_a_part_of_the_result(on_the_result: Result) -> None:
    """With a selection the former result still shows beside the new one."""
    outcome = Outcome(on_the_result, "selection")
    outcome.check_added(above="former")
    outcome.check_layer(outcome.expected(selected=True))


@in_gimp
def without_the_source() -> object:
    photo, former = _restored(result="merged")
    photo.get_image().remove_layer(photo)
    return {"gone": restore(former)}


def test_source_that_is_gone(without_the_source: Result) -> None:
    """Then the former result is a photograph like any other."""
    outcome = Outcome(without_the_source, "gone")
    outcome.check_added()
    assert outcome.source["name"] == "former"
    outcome.check_layer(outcome.expected())


@in_gimp
def saved() -> object:
    photo, _ = _restored(strength=0.3)
    save_picture(photo.get_image(), "saved.xcf")
    image = open_picture("saved.xcf")
    former, photo = image.get_layers()
    return {"again": restore(photo, [former])}


def test_after_saving(saved: Result) -> None:
    """What was noted on the layer is in the file."""
    outcome = Outcome(saved, "again")
    outcome.check_added(hides="former")
    outcome.check_layer(outcome.expected())
    assert outcome.layer("former")["parasites"] == ["gpen-restoration"]
    # gpen inspect reads it there, too.
    (note,) = layer_notes(saved.work / "saved.xcf")
    assert (note.layer, note.name) == ("former", "gpen-restoration")
    assert json.loads(note.data)["strength"] == 0.3
