"""Layers whose pixels GIMP makes itself, and selections that are no layer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from console import Gimp, Setting
from engine_outside import EngineOutside
from halves import Result, in_gimp
from outcome import Outcome

if TYPE_CHECKING:
    from gi.repository import Gegl, Gio
    from gi.repository import Gimp as GimpApi
    from gimp_side import WORK, new_image, new_layer
    from placed_layers import coloured, photo_in
    from restoring import restore


@pytest.fixture(scope="module")
def setting(running_engine: EngineOutside, shared: Path) -> Setting:
    photo = (shared / "photos" / "modern_colour_flags.jpg").read_bytes()
    return running_engine.setting(files={"photo.jpg": photo})


@in_gimp
def text() -> object:
    told = {}
    for result in ("layer", "merged"):
        image = new_image(400, 300)
        layer = GimpApi.TextLayer.new(
            image, "GPEN", GimpApi.context_get_font(), 90, GimpApi.Unit.pixel()
        )
        image.insert_layer(layer, None, 0)
        layer.set_color(Gegl.Color.new("silver"))
        layer.set_offsets(20, 30)
        width, height = layer.get_width(), layer.get_height()
        image.select_rectangle(GimpApi.ChannelOps.REPLACE, 20, 30, width, height)
        told[result] = restore(layer, result=result, fallback=True)
        if result == "layer":
            GimpApi.Selection.none(image)
            told["no face"] = restore(layer)
    return told


def test_text_layer(text: Result) -> None:
    for kind in ("layer", "merged"):
        outcome = Outcome(text, kind)
        outcome.check_added()
        assert outcome.source["kind"] == "TextLayer"
        assert outcome.new["kind"] == "Layer"
        assert outcome.source["size"][0] > 100
        expected = outcome.expected(selected=True, fallback=True)
        outcome.check_layer(expected) if kind == "layer" else outcome.check_merged(expected)


def test_text_without_a_face(text: Result) -> None:
    outcome = Outcome(text, "no face")
    assert outcome.status == "execution-error"
    outcome.check_nothing_changed()


@in_gimp
def link() -> object:
    if not hasattr(GimpApi, "LinkLayer"):
        return {}
    told = {}
    for result in ("layer", "merged"):
        image = new_image(300, 320)
        coloured(image, "background")
        file = Gio.File.new_for_path(str(WORK / "photo.jpg"))
        layer = GimpApi.LinkLayer.new(image, file)
        image.insert_layer(layer, None, 0)
        layer.set_offsets(25, 15)
        told[result] = restore(layer, result=result)
    return told


def test_link_layer(link: Result, gimp: Gimp) -> None:
    if gimp.version.startswith("3.0"):
        assert link.value == {}
        pytest.skip("GIMP has link layers since 3.2")
    for kind in ("layer", "merged"):
        outcome = Outcome(link, kind)
        outcome.check_added()
        assert (outcome.source["kind"], outcome.new["kind"]) == ("LinkLayer", "Layer")
        expected = outcome.expected()
        outcome.check_layer(expected) if kind == "layer" else outcome.check_merged(expected)
        outcome.check_seen(expected)


@in_gimp
def vector() -> object:
    if not hasattr(GimpApi, "VectorLayer"):
        return {}
    image = new_image(200, 160)
    path = GimpApi.Path.new(image, "outline")
    path.bezier_stroke_new_ellipse(100, 80, 60, 50, 0)
    image.insert_path(path, None, 0)
    layer = GimpApi.VectorLayer.new(image, path)
    image.insert_layer(layer, None, 0)
    layer.set_fill_color(Gegl.Color.new("silver"))
    image.select_rectangle(GimpApi.ChannelOps.REPLACE, 50, 40, 100, 80)
    return {
        "layer": restore(layer, fallback=True),
        "merged": restore(layer, result="merged", fallback=True),
    }


def test_vector_layer(vector: Result, gimp: Gimp) -> None:
    if gimp.version.startswith("3.0"):
        assert vector.value == {}
        pytest.skip("GIMP has vector layers since 3.2")
    for kind in ("layer", "merged"):
        outcome = Outcome(vector, kind)
        outcome.check_added()
        assert (outcome.source["kind"], outcome.new["kind"]) == ("VectorLayer", "Layer")
        expected = outcome.expected(selected=True, fallback=True)
        outcome.check_layer(expected) if kind == "layer" else outcome.check_merged(expected)


@in_gimp
def not_one_layer() -> object:
    told = {}
    image = new_image(300, 320)
    photo = photo_in(image)
    other = new_layer(image, "other", 30, 30)
    channel = GimpApi.Selection.save(image)
    told["several"] = restore(photo, [photo, other])
    told["none"] = restore(photo, [])
    told["channel"] = restore(photo, [channel])
    image.select_rectangle(GimpApi.ChannelOps.REPLACE, 60, 20, 130, 130)
    GimpApi.Selection.float(image, [photo], 0, 0)
    told["floating"] = restore(photo)
    return told


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("several", "2 layers are selected. Select one layer, then try again."),
        ("none", "No layer is selected. Select one layer in the Layers dialog, then try again."),
        (
            "channel",
            "A channel is selected, not a layer."
            " Select one layer in the Layers dialog, then try again.",
        ),
        (
            "floating",
            "There is a floating selection, which GIMP allows no new layer beside."
            " Anchor it (Layer > Anchor Layer) or make a layer of it, then try again.",
        ),
    ],
)
def test_not_one_layer(not_one_layer: Result, name: str, message: str) -> None:
    Outcome(not_one_layer, name).check_refused(message)
