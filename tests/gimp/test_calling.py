"""The procedure as scripts call it, and that each of its arguments does what it says."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from console import Setting
from engine_outside import EngineOutside
from halves import Result, in_gimp
from outcome import Outcome

if TYPE_CHECKING:
    from gi.repository import Gimp, GObject
    from gimp_side import WORK, call
    from restoring import PROCEDURE, fresh, restore

OPTIONS = {
    "defaults": {},
    "tighter": {"template": "ffhq"},
    "other colours": {"keep_colours": False},
    "weak": {"strength": 0.25},
    "nothing": {"strength": 0.0},
    "small copy": {"detection_size": "640", "threshold": 0.5, "seed": 7},
    "a name": {"model": "grandmother"},
}


@pytest.fixture(scope="module")
def weights() -> bytes:
    embedded = resources.files("gpen_engine").joinpath("embedded", "gpen-mini-256.safetensors")
    return embedded.read_bytes()


@pytest.fixture(scope="module")
def setting(running_engine: EngineOutside, shared: Path, weights: bytes) -> Setting:
    (running_engine.home.models / "Grandmother.safetensors").write_bytes(weights)
    photo = (shared / "photos" / "modern_colour_flags.jpg").read_bytes()
    return running_engine.setting(files={"photo.jpg": photo, "attic.safetensors": weights})


@in_gimp
def _photo() -> object:
    return fresh("photo.jpg")


@in_gimp
def declaration() -> object:
    procedure = Gimp.get_pdb().lookup_procedure(PROCEDURE)
    return {
        "arguments": {
            argument.name: [GObject.type_name(argument.value_type), argument.get_default_value()]
            for argument in procedure.get_arguments()[3:]
        },
        "results": [GObject.type_name(value.value_type) for value in procedure.get_return_values()],
        "types": procedure.get_image_types(),
        "menu": [*procedure.get_menu_paths(), procedure.get_menu_label()],
    }


def test_declaration(declaration: Result) -> None:
    assert declaration["arguments"] == {
        "model": ["gchararray", ""],
        "strength": ["gdouble", 1.0],
        "result": ["gchararray", "layer"],
        "threshold": ["gdouble", 0.9],
        "detection-size": ["gchararray", "full"],
        "fallback": ["gboolean", False],
        "template": ["gchararray", "gpen"],
        "keep-colours": ["gboolean", True],
        "seed": ["gint", 0],
        "guard": ["gchararray", "warn"],
        "match-grain": ["gboolean", False],
        "note": ["gboolean", True],
        "faces": ["gchararray", ""],
    }
    assert declaration["results"] == ["GimpLayer"]
    assert declaration["types"] == "RGB*, GRAY*"
    assert declaration["menu"] == ["<Image>/Filters/Enhance", "Restore Faces (GPEN)…"]


@in_gimp
def options() -> object:
    told = {name: restore(_photo(), **chosen) for name, chosen in OPTIONS.items()}
    told["a path"] = restore(_photo(), model=str(WORK / "attic.safetensors"))
    return told


@pytest.mark.parametrize("name", ["defaults", "tighter", "other colours", "weak", "small copy"])
def test_options(options: Result, name: str) -> None:
    outcome = Outcome(options, name)
    outcome.check_added()
    chosen = dict(OPTIONS[name])
    size = chosen.pop("detection_size", None)
    expected = outcome.expected(**chosen, detection_size=int(size) if size else 0)
    outcome.check_layer(expected)
    outcome.check_seen(expected)


def test_options_make_a_difference(options: Result) -> None:
    seen = {name: Outcome(options, name).pixels("seen-after") for name in OPTIONS}
    for name in ("tighter", "other colours", "weak", "nothing"):
        assert np.abs(seen[name] - seen["defaults"]).max() > 1.5 / 255, name
    assert np.array_equal(seen["a name"], seen["defaults"])  # the same weights


def test_strength_of_nothing(options: Result) -> None:
    outcome = Outcome(options, "nothing")
    outcome.check_added()
    assert outcome.new["opacity"] == 0
    assert np.array_equal(outcome.pixels("seen-before"), outcome.pixels("seen-after"))


@pytest.mark.parametrize(
    ("name", "title"), [("a name", "Grandmother"), ("a path", "attic"), ("weak", "GPEN-Mini-256")]
)
def test_model(options: Result, weights: bytes, name: str, title: str) -> None:
    outcome = Outcome(options, name)
    outcome.check_added()
    assert outcome.new["name"] == f"Restored faces ({title})"
    assert outcome.parasite["model"] == title
    assert outcome.parasite["sha256"] == hashlib.sha256(weights).hexdigest()


def test_parasite(options: Result) -> None:
    """What is needed to do it again."""
    outcome = Outcome(options, "small copy")
    parasite = outcome.parasite
    (face,) = parasite.pop("faces")
    assert np.abs(np.array(face["box"]) - [91, 43, 156, 129]).max() < 2
    assert 0.9 < face["score"] <= 1
    assert 0.8 < face["similarity"] <= 1
    assert face["restored"]
    assert parasite.pop("sha256")
    assert parasite.pop("engine")
    assert parasite == {
        "settings": {
            "model": "",
            "strength": 1.0,
            "result": "layer",
            "threshold": 0.5,
            "detection_size": "640",
            "fallback": False,
            "template": "gpen",
            "keep_colours": True,
            "seed": 7,
            "guard": "warn",
            "match_grain": False,
            "faces": "",
        },
        "source": {"tattoo": outcome.source["tattoo"], "size": [225, 275]},
        "model": "GPEN-Mini-256",
        "strength": 1.0,
        "seed": 7,
    }
    assert outcome.new["parasites"] == ["gpen-restoration"]
    assert outcome.source["parasites"] == []


@in_gimp
def from_scheme() -> object:
    """As Script-Fu calls it."""
    photo = _photo()
    image = photo.get_image()
    script = (
        f"({PROCEDURE} #:run-mode RUN-NONINTERACTIVE #:image {image.get_id()}"
        f' #:drawables (vector {photo.get_id()}) #:strength 0.5 #:result "faces")'
    )
    mode = Gimp.RunMode.NONINTERACTIVE
    answer = call("plug-in-script-fu-eval", run_mode=mode, script=script)
    top = image.get_layers()[0]
    return {
        "status": answer.status,
        "name": top.get_name(),
        "opacity": top.get_opacity(),
        "inside": [face.get_name() for face in top.get_children()],
    }


def test_call_from_scheme(from_scheme: Result) -> None:
    name = "Restored faces (GPEN-Mini-256)"
    expected = {"status": "success", "name": name, "opacity": 50, "inside": ["Face 1"]}
    assert from_scheme.value == expected


@in_gimp
def wrong_calls() -> object:
    told = {"values": []}
    for chosen in ({"result": "nonsense"}, {"template": "GPEN"}, {"seed": -1}):
        try:
            told["values"].append(call(PROCEDURE, **chosen).status)
        except ValueError:
            told["values"].append("refused")
    few = _photo()
    few.get_image().convert_indexed(
        Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 32, False, False, ""
    )
    told["indexed"] = restore(few)
    photo, other = _photo(), _photo()
    told["of another image"] = restore(photo, [other])
    return told


def test_values_that_are_not_offered(wrong_calls: Result) -> None:
    """GIMP keeps the old value instead, which ``call`` tells."""
    assert wrong_calls["values"] == ["refused", "refused", "refused"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "indexed",
            "The image has a palette of a few colours, in which faces cannot be restored."
            " Give it all colours first (Image > Mode > RGB), then try again.",
        ),
        (
            "of another image",
            "The selected layer belongs to another image. Give the image that it lies in.",
        ),
    ],
)
def test_wrong_calls(wrong_calls: Result, name: str, message: str) -> None:
    Outcome(wrong_calls, name).check_refused(message)
