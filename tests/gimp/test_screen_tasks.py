"""The tasks beside restoring on a screen: their menu, their dialogs, and what comes of them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from console import HERE, Setting
from engine_outside import EngineOutside
from halves import Result, on_screen
from numpy.typing import NDArray
from painting_engine import place

from gpen_engine.tasks.palette import CLASSES, COLOURS

if TYPE_CHECKING:
    from plugin_windows import progress, task
    from screen import WORK, Gimp, Screen

pytestmark = pytest.mark.slow

DIALOGS = {
    "Colorize Faces": "Colorize",
    "Complete Face": "Complete",
    "Face from Map": "Draw",
    "Enlarge with Faces": "Enlarge",
}
UNTOUCHED = [False, "1 layer", ""]
NAME = "GPEN Face Map"
# Runs in GIMP once its windows are there: a hole in the face, and what GIMP knows of the palette.
PREPARE = """
import json
image = [i for i in Gimp.get_images() if i.get_width() == 131][0]
image.undo_disable()
image.select_ellipse(Gimp.ChannelOps.REPLACE, 48, 35, 40, 50)
Gimp.Selection.feather(image, 6)
image.undo_enable()
image.clean_all()
palette = Gimp.Palette.get_by_name("GPEN Face Map")
told = []
for place, colour in enumerate(palette.get_colors()):
    rgb = colour.get_bytes(Babl.format("R'G'B' u8")).get_data()
    told.append([palette.get_entry_name(place)[1], *rgb])
open("palette.json", "w").write(json.dumps(told))
"""


@pytest.fixture(scope="module")
def painting_engine() -> Iterator[EngineOutside]:
    program = [str(HERE / "painting_engine.py")]
    engine = EngineOutside(starts_before_gimp=True, program=program)
    place(engine.home)
    try:
        yield engine
    finally:
        engine.remove()


@pytest.fixture(scope="module")
def setting(painting_engine: EngineOutside, photo: Callable[[str], NDArray[Any]]) -> Setting:
    colour = photo("modern_colour_flags.jpg")[8:160, 58:189]
    painted = COLOURS[np.arange(64 * 64).reshape(64, 64) // 220]
    painted[3, 5], painted[40, 41] = (1, 2, 3), (250, 250, 250)
    pictures = {"photo.png": colour, "map.png": painted}
    files = {
        name: cv2.imencode(".png", rgb[:, :, ::-1])[1].tobytes() for name, rgb in pictures.items()
    }
    return painting_engine.setting(files=files)


@on_screen
def _opened(screen: Screen, gimp: Gimp, title: str) -> object:
    """The dialog, once the engine has named its models."""
    dialog = task(screen, gimp, title, DIALOGS[title])
    look = lambda: any("not here yet" in w.name for w in dialog.frame.walk())  # noqa: E731
    screen.wait("the list of models", look)
    return dialog


@on_screen
def _options(screen: Screen, gimp: Gimp, title: str, model: str, **values: object) -> object:
    """The dialog, in which a model of the list and other options were chosen."""
    dialog = task(screen, gimp, title, DIALOGS[title])
    dialog.set("Model", model)
    for label, value in values.items():
        dialog.set(label.replace("_", " "), value)
    return dialog


@on_screen
def tasks() -> object:
    batch = ("--batch-interpreter=python-fu-eval", "-b", PREPARE)
    with Screen() as screen, screen.gimp("map.png", "photo.png", *batch) as gimp:
        gimp.wait_title("[photo]")
        screen.wait("the palette", (WORK / "palette.json").exists)
        seen = {"palette": json.loads((WORK / "palette.json").read_text())}
        gimp.unfold("Filters", "Enhance", "GPEN")
        screen.shot("menu")
        seen["menu"] = [item.name for item in gimp.items("GPEN")]
        gimp.keys("Escape", "Escape", "Escape", "Escape")

        seen["texts"], seen["listed"] = {}, {}
        for title in DIALOGS:
            if title == "Face from Map":
                gimp.keys("alt+1")
                gimp.wait_title("[map]")
            dialog = _opened(screen, gimp, title)
            dialog.shot(title.replace(" ", "-"))
            seen["texts"][title] = dialog.texts()
            items = [w.name for w in dialog.frame.walk() if w.role == "menu item"]
            seen["listed"][title] = items
            dialog.press("Cancel")
            dialog.wait_gone()
            if title == "Face from Map":
                seen["map cancelled"] = gimp.state()
                gimp.keys("alt+2")
                gimp.wait_title("[photo]")
        seen["cancelled"] = gimp.state()

        dialog = _options(screen, gimp, "Colorize Faces", "slow")
        dialog.press("Colorize")
        window = progress(screen, "Colorize Faces")
        text = "Colorizing face 1 of 1…"
        screen.wait(text, lambda: text in window.texts(), 60)
        window.press("Cancel")
        window.wait_gone()
        seen["stopped"] = gimp.state()

        dialog = _options(screen, gimp, "Colorize Faces", "reddened", Strength=80)
        dialog.press("Colorize")
        gimp.wait_title("2 layers", 60)
        seen["colorized"] = gimp.state()
        screen.shot("colorized")
        dialog = task(screen, gimp, "Colorize Faces", "Colorize")
        dialog.shot("again")
        seen["again"] = [dialog.texts()[0], dialog.get("Model"), dialog.get("Strength")]
        dialog.press("Cancel")
        dialog.wait_gone()
        gimp.keys("ctrl+z")
        gimp.wait_title("1 layer)")
        seen["undone"] = gimp.state()

        _options(screen, gimp, "Complete Face", "red").press("Complete")
        gimp.wait_title("2 layers", 60)
        seen["completed"] = gimp.state()
        screen.shot("completed")
        gimp.keys("ctrl+z")
        gimp.wait_title("1 layer)")

        _options(screen, gimp, "Enlarge with Faces", "identity").press("Enlarge")
        gimp.wait_title("262x304", 60)
        seen["enlarged"] = [gimp.title, gimp.message()]
        screen.shot("enlarged")
        screen.dialog("GIMP Message").press("OK")
        screen.wait_gone("GIMP Message")

        gimp.keys("alt+1")
        gimp.wait_title("[map]")
        _options(screen, gimp, "Face from Map", "identity").press("Draw")
        gimp.wait_title("2 layers", 60)
        screen.shot("drawn")
        seen["drawn"] = gimp.state()
        log = Path(os.environ["GPEN_ENGINE_HOME"], "logs", "plug-in.log")
        seen["log"] = log.read_text(encoding="utf-8")
        return seen


def test_the_palette_has_19_classes_with_names(tasks: Result) -> None:
    assert tasks["palette"] == [[c.name, *c.rgb] for c in CLASSES]


def test_all_are_in_one_menu(tasks: Result) -> None:
    names = [f"{title}…" for title in (*DIALOGS, "Restore Faces (GPEN)", "Engine")]
    assert sorted(tasks["menu"]) == sorted(names)


def test_each_dialog_says_what_it_does_and_lists_its_own_models(tasks: Result) -> None:
    texts, listed = tasks["texts"], tasks["listed"]
    assert texts["Colorize Faces"][0] == "Layer “photo.png”, only faces in the selection"
    assert texts["Complete Face"][1].startswith("The selection is the hole")
    assert f"“{NAME}”" in texts["Face from Map"][1]
    assert texts["Enlarge with Faces"][1] == "Makes a new image; this one stays as it is."
    for title, name, size in (
        ("Colorize Faces", "GPEN-Colorization-1024", 285),
        ("Complete Face", "GPEN-Inpainting-1024", 285),
        ("Face from Map", "GPEN-Seg2face-512", 284),
    ):
        models = [item for item in listed[title] if item.startswith("GPEN-")]
        assert models == [f"{name} (not here yet, {size} MB)"]
    upscalers = [item for item in listed["Enlarge with Faces"] if "realesrnet" in item]
    assert len(upscalers) == 3
    assert "Interpolation" in listed["Enlarge with Faces"]
    assert tasks["cancelled"] == tasks["map cancelled"] == UNTOUCHED


def test_cancel_leaves_nothing(tasks: Result) -> None:
    assert tasks["stopped"] == UNTOUCHED


def test_results_are_one_step(tasks: Result) -> None:
    assert tasks["colorized"] == [True, "2 layers", "Undo Colorize Faces"]
    assert tasks["undone"] == UNTOUCHED
    assert tasks["completed"] == [True, "2 layers", "Undo Complete Face"]
    assert tasks["drawn"] == [True, "2 layers", "Undo Face from Map"]


def test_a_result_is_done_again_with_its_options(tasks: Result) -> None:
    head, model, strength = tasks["again"]
    assert head.startswith("Layer “photo.png”")
    assert "“Colours of faces (reddened)” was made of it with the options below." in head
    assert (model, strength) == ("reddened", 80)


def test_an_enlarged_image_is_shown(tasks: Result) -> None:
    title, message = tasks["enlarged"]
    assert "1 layer" in title
    assert "The picture was interpolated; no upscaler was used." in message


def test_colours_of_no_class_are_counted(tasks: Result) -> None:
    assert "note: 2 pixels have a colour of no class; the nearest one was taken." in tasks["log"]
