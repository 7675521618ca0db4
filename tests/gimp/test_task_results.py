"""What the tasks beside restoring lay into an image, through the PDB and to the pixel: with
networks that do something known, and with a random one of the published layout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from console import HERE, Setting
from engine_outside import EngineOutside
from halves import Result, in_gimp
from numpy.typing import NDArray
from outcome import LEVEL, Outcome
from painting_engine import place
from safetensors.torch import save_file

from gpen_engine.network import Gpen, GpenConfig
from gpen_engine.tasks.lightness import encoded, linear, luminance
from gpen_engine.tasks.palette import COLOURS, nearest

if TYPE_CHECKING:
    from gi.repository import Gimp
    from gimp_side import new_image, new_layer, pour
    from restoring import fresh, restore

COLORIZE = "plug-in-gpen-colorize-faces"
COMPLETE = "plug-in-gpen-complete-face"
DRAW = "plug-in-gpen-face-from-map"
SIZE = (131, 152)  # width and height
FACE = (48, 35, 40, 50)
DEPTHS = ("U8_NON_LINEAR", "U16_LINEAR", "FLOAT_PERCEPTUAL")
RESULTS = ("layer", "faces", "merged")


@pytest.fixture(scope="module")
def painting_engine() -> Iterator[EngineOutside]:
    program = [str(HERE / "painting_engine.py")]
    engine = EngineOutside(starts_before_gimp=True, program=program)
    place(engine.home)
    tiny = Gpen(GpenConfig(64, 64, 1, 0.0625))
    save_file(tiny.state_dict(), engine.home.models / "random.safetensors")
    try:
        yield engine
    finally:
        engine.remove()


def face_map() -> NDArray[np.uint8]:
    """(64, 64, 3) all classes, and two pixels of no class."""
    painted = COLOURS[np.arange(64 * 64).reshape(64, 64) // 220]
    painted[3, 5], painted[40, 41] = (1, 2, 3), (250, 250, 250)
    return painted


@pytest.fixture(scope="module")
def setting(painting_engine: EngineOutside, photo: Callable[[str], NDArray[Any]]) -> Setting:
    colour = photo("modern_colour_flags.jpg")[8:160, 58:189]
    grey = cv2.cvtColor(cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    deep = np.dstack([grey / np.float32(255), np.ones(grey.shape[:2], np.float32)])
    files = {"grey.png": png(grey), "map.png": png(face_map()), "colour.png": png(colour)}
    files["deep.raw"] = deep.astype(np.float32).tobytes()
    return painting_engine.setting(files=files)


def png(rgb: NDArray[Any]) -> bytes:
    done, data = cv2.imencode(".png", rgb[:, :, ::-1])
    assert done
    return data.tobytes()


@in_gimp
def _select(layer: object, *rectangle: int) -> object:
    layer.get_image().select_ellipse(Gimp.ChannelOps.REPLACE, *rectangle)
    Gimp.Selection.feather(layer.get_image(), 6)
    return layer


@in_gimp
def _deep(precision: str) -> object:
    layer = new_layer(new_image(*SIZE, "RGB", precision), "face", *SIZE)
    pour(layer, "deep", "R'G'B'A float")
    return layer


@in_gimp
def colorized() -> object:
    chosen = {"procedure": COLORIZE, "model": "reddened"}
    told = {}
    for kind in RESULTS:
        told[kind] = restore(fresh("grey.png"), result=kind, strength=0.6, **chosen)
    for depth in DEPTHS:
        told[depth] = restore(_deep(depth), **chosen)
    told["random"] = restore(fresh("grey.png"), procedure=COLORIZE, model="random")
    told["selected"] = restore(_select(fresh("grey.png"), 0, 0, 66, 152), **chosen)
    photo = fresh("colour.png")
    photo.set_name("photo")
    restore(photo, model="identity")
    (restored,) = photo.get_image().get_selected_layers()
    restored.set_name("restored")
    told["after restoring"] = restore(photo, [restored], **chosen)
    (colours,) = photo.get_image().get_selected_layers()
    colours.set_name("former")
    told["again"] = restore(photo, [colours], **chosen)
    mode = Gimp.RunMode
    told["asked"] = restore(fresh("grey.png"), run_mode=mode.INTERACTIVE, strength=0.4, **chosen)
    told["repeated"] = restore(fresh("grey.png"), procedure=COLORIZE, run_mode=mode.WITH_LAST_VALS)
    return told


def light(pixels: NDArray[Any]) -> NDArray[Any]:
    """The grey of the same luminance, as sRGB, 0..1."""
    rgb = np.clip(pixels[:, :, :3], 0, 1).astype(np.float32)
    return encoded(luminance(linear(rgb)))


def seen(outcome: Outcome) -> tuple[NDArray[Any], NDArray[Any]]:
    return outcome.pixels("seen-before"), outcome.pixels("seen-after")


def check_light(outcome: Outcome) -> NDArray[np.bool_]:
    """What is seen keeps its luminance to within the rounding; returns where colours are new."""
    before, after = seen(outcome)
    within = {1: 0.6 * LEVEL, 2: 1e-3}.get(outcome.pixels("source").dtype.itemsize, 2e-5)
    assert np.abs(light(after) - light(before)).max() <= within
    return np.abs(after - before)[:, :, :3].max(axis=2) > 2 * LEVEL


@pytest.mark.parametrize("kind", RESULTS)
def test_faces_get_colours_and_keep_their_light(colorized: Result, kind: str) -> None:
    outcome = Outcome(colorized, kind)
    outcome.check_added()
    coloured = check_light(outcome)
    assert 2000 < coloured.sum() < 0.6 * coloured.size
    before, after = seen(outcome)
    assert (after - before)[coloured][:, 0].min() > 0  # redder
    assert outcome.parasite["task"] == "colorize"
    if kind != "merged":
        assert outcome.new["mode"] == "lch-color"
        assert outcome.new["opacity"] == pytest.approx(60)
        assert outcome.new["name"] == "Colours of faces (reddened)"


def test_a_layer_shows_what_the_engine_merges(colorized: Result) -> None:
    """GIMP's LCh Color through mask and opacity is the engine's own arithmetic."""
    layer, faces, merged = (Outcome(colorized, kind).pixels("seen-after") for kind in RESULTS)
    assert np.abs(layer - merged).max() <= 2 * LEVEL
    assert np.abs(faces - merged).max() <= 2 * LEVEL


@pytest.mark.parametrize("depth", DEPTHS)
def test_every_precision_keeps_its_light(colorized: Result, depth: str) -> None:
    outcome = Outcome(colorized, depth)
    outcome.check_added()
    assert check_light(outcome).sum() > 2000


def test_a_random_network_keeps_it_too(colorized: Result) -> None:
    outcome = Outcome(colorized, "random")
    outcome.check_added()
    assert check_light(outcome).any()


def test_only_what_is_selected_gets_colours(colorized: Result) -> None:
    outcome = Outcome(colorized, "selected")
    outcome.check_added()
    assert check_light(outcome).any()
    before, after = seen(outcome)
    beyond = outcome.selection == 0
    assert beyond.any()
    assert np.array_equal(before[beyond], after[beyond])


def test_colours_come_above_what_was_restored(colorized: Result) -> None:
    outcome = Outcome(colorized, "after restoring")
    outcome.check_added(above="restored")
    assert outcome.parasite["source"]["tattoo"] == outcome.layer("photo")["tattoo"]
    assert outcome.layer("restored")["visible"]


def test_colours_are_done_again_from_their_source(colorized: Result) -> None:
    first, again = (Outcome(colorized, name) for name in ("after restoring", "again"))
    again.check_added(hides="former")
    assert np.array_equal(first.pixels("new"), again.pixels("new"))


def test_last_values(colorized: Result) -> None:
    first, again = (Outcome(colorized, name) for name in ("asked", "repeated"))
    assert again.parasite["settings"] == first.parasite["settings"]
    assert again.parasite["settings"]["strength"] == pytest.approx(0.4)
    assert np.array_equal(first.pixels("seen-after"), again.pixels("seen-after"))


@in_gimp
def completed() -> object:
    chosen = {"procedure": COMPLETE, "model": "red", "keep_colours": False}
    told = {}
    for kind in ("layer", "merged"):
        told[kind] = restore(_select(fresh("colour.png"), *FACE), result=kind, **chosen)
    told["deep"] = restore(_select(_deep("FLOAT_LINEAR"), *FACE), **chosen)
    for keep in (True, False):
        layer = _select(fresh("colour.png"), *FACE)
        more = {"model": "reddened", "keep_colours": keep}
        told[f"toned {keep}"] = restore(layer, procedure=COMPLETE, **more)
    return told


@pytest.mark.parametrize("name", ["layer", "merged", "deep"])
def test_only_the_hole_is_filled(completed: Result, name: str) -> None:
    outcome = Outcome(completed, name)
    outcome.check_added()
    before, after = seen(outcome)
    hole = outcome.selection
    # GIMP blends in float32, which is exact for no more than 16 bits.
    exact = outcome.pixels("source").dtype.itemsize <= 2
    assert np.abs(before - after)[hole == 0].max() <= (0 if exact else 2e-5)
    filled = after[hole > 0.999][:, :3]
    assert len(filled) > 300
    assert np.abs(filled - (1, 0, 0)).max() <= LEVEL
    part = hole[:, :, None]
    wanted = before[:, :, :3] * (1 - part) + np.float32((1, 0, 0)) * part
    assert np.abs(after[:, :, :3] - wanted).max() <= 1.5 * LEVEL
    if name != "merged":
        assert np.abs(outcome.pixels("mask")[:, :, 0] - hole).max() <= LEVEL
        assert outcome.new["name"] == "Completed face (red)"


def test_a_hole_gets_the_tone_around_it(completed: Result) -> None:
    """What is white without it gets nearer to the skin around it."""
    toned, plain = (Outcome(completed, f"toned {keep}") for keep in (True, False))
    for outcome in (toned, plain):
        outcome.check_added()
    hole = toned.selection > 0.999
    green = [outcome.pixels("seen-after")[hole][:, 1].mean() for outcome in (toned, plain)]
    assert green[0] < green[1] - 0.05


@in_gimp
def drawn() -> object:
    chosen = {"procedure": DRAW, "model": "identity"}
    told = {"map": restore(fresh("map.png"), **chosen)}
    layer = fresh("map.png")
    layer.get_image().select_rectangle(Gimp.ChannelOps.REPLACE, 10, 20, 30, 25)
    told["selected"] = restore(layer, **chosen)
    told["random"] = restore(fresh("map.png"), procedure=DRAW, model="random")
    return told


def test_a_map_becomes_a_layer(drawn: Result) -> None:
    """The network that changes nothing gives the map back, strangers as their nearest class."""
    outcome = Outcome(drawn, "map")
    outcome.check_added()
    classes, strangers = nearest(face_map())
    assert strangers == 2
    new = outcome.pixels("new")
    assert np.array_equal(new[:, :, :3], COLOURS[classes])
    assert (new[:, :, 3] == 255).all()
    assert (outcome.new["mask"], outcome.new["opacity"]) == (None, 100)
    assert outcome.new["name"] == "Face from map (identity)"


def test_a_selection_shows_a_part_of_the_face(drawn: Result) -> None:
    outcome = Outcome(drawn, "selected")
    outcome.check_added()
    assert np.array_equal(outcome.pixels("mask")[:, :, 0], outcome.selection)
    assert np.array_equal(outcome.pixels("new"), Outcome(drawn, "map").pixels("new"))


def test_a_random_network_draws_something(drawn: Result) -> None:
    outcome = Outcome(drawn, "random")
    outcome.check_added()
    assert not np.array_equal(outcome.pixels("new"), Outcome(drawn, "map").pixels("new"))


@in_gimp
def refused() -> object:
    layer = fresh("grey.png")
    grey, palette, strip = fresh("grey.png"), fresh("grey.png"), fresh("colour.png")
    grey_map = fresh("map.png")
    for each in (grey, grey_map):
        each.get_image().convert_grayscale()
    palette.get_image().convert_indexed(
        Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 16, False, False, ""
    )
    face = {"model": "identity"}
    return {
        "grey": restore(grey, procedure=COLORIZE, **face),
        "grey map": restore(grey_map, procedure=DRAW, **face),
        "palette": restore(palette, procedure=COLORIZE, **face),
        "no hole": restore(layer, procedure=COMPLETE, **face),
        "not square": restore(strip, procedure=DRAW, **face),
        "other model": restore(layer, procedure=COLORIZE, model="GPEN-Mini-256"),
        "no model": restore(layer, procedure=COLORIZE),
        "no face": restore(
            _select(fresh("map.png"), 2, 2, 20, 20), procedure=COMPLETE, threshold=0.95, **face
        ),
    }


GREY = (
    "The image is in the mode Grayscale, which has no room for colours."
    " Change its mode first (Image > Mode > RGB), then try again."
)
SENTENCES = {
    "grey": GREY,
    "grey map": GREY,
    "palette": "The image has a palette of a few colours, in which faces cannot be restored. Give"
    " it all colours first (Image > Mode > RGB), then try again.",
    "no hole": "Nothing is selected, so there is no hole to fill. Select the part of a face that"
    " is to be filled, then try again.",
    "not square": "A face map is square, and this layer has 131 by 152 pixels. Make it square"
    " (Layer > Layer Boundary Size…), with the face framed as in a portrait.",
    "no face": "No face was found at the selection. Select a part of a face, the nearer to its"
    ' middle the better; or lower "Detection threshold".',
}


@pytest.mark.parametrize("name", SENTENCES)
def test_what_cannot_be_is_said(refused: Result, name: str) -> None:
    Outcome(refused, name).check_refused(SENTENCES[name])


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        (
            "other model",
            'GPEN-Mini-256 is a model for the task "restore", not for "colorize".'
            " Choose another one: the dialog lists those that fit.",
        ),
        ("no model", "The weights of GPEN-Colorization-1024 are not installed."),
    ],
)
def test_a_model_that_does_not_fit_is_said(refused: Result, name: str, begins: str) -> None:
    outcome = Outcome(refused, name)
    assert outcome.message.startswith(begins)
    outcome.check_refused(outcome.message)
