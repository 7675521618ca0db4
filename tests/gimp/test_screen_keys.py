"""The dialog without a mouse, and what one step of undo takes back, on a screen."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from console import Setting
from engine_outside import EngineOutside
from halves import Result, on_screen

from gpen_engine.pictures.xcf import layer_notes
from gpen_engine.provenance import COMPOSITE, SOURCE_TYPES

if TYPE_CHECKING:
    from plugin_windows import options
    from screen import WORK, Dialog, Gimp, Screen
    from widgets import Widget

pytestmark = pytest.mark.slow

# Rows and columns of the portrait with the face in their middle.
FACE = (190, 790, 256, 856)
NOTE = f'<tag name="Xmp.iptcExt.DigitalSourceType">{SOURCE_TYPES}{COMPOSITE}</tag>'.encode()
TABS = 60


@pytest.fixture(scope="module")
def setting(running_engine: EngineOutside, shared: Path) -> Setting:
    """Three faces side by side, the second one in the middle of the picture."""
    portrait = cv2.imread(str(shared / "photos" / "old_oval.jpg"))
    assert portrait is not None
    top, bottom, left, right = FACE
    row = np.hstack(3 * [portrait[top:bottom, left:right]])
    return running_engine.setting(files={"row.png": cv2.imencode(".png", row)[1].tobytes()})


@on_screen
def _says(dialog: Dialog, text: str) -> None:
    dialog.screen.wait(text, lambda: text in dialog.texts(), 120)


@on_screen
def _named(dialog: Dialog, widget: Widget, name: str) -> str:
    """Waits until a widget's name begins like this; returns all of it."""
    found = lambda: widget.name.startswith(name) and widget.name  # noqa: E731
    return dialog.screen.wait(name, found)


@on_screen
def _tab_to(dialog: Dialog, widget: Widget) -> None:
    for _ in range(TABS):
        if widget.focused:
            return
        dialog.keys("Tab")
        time.sleep(0.1)
    raise AssertionError(f"Tab does not lead to {widget.name!r}")


@on_screen
def _save(screen: Screen, gimp: Gimp, copy: str) -> None:
    """Saves the image as row.xcf, and keeps what that holds now."""
    gimp.keys("ctrl+s")
    if not (WORK / "row.xcf").exists():
        screen.dialog("Save Image").keys("Return")
    screen.wait("the saved image", lambda: "row.xcf" in f"{gimp.title} " and gimp.title[0] != "*")
    shutil.copy(WORK / "row.xcf", WORK / copy)


@on_screen
def keyboard() -> object:
    with Screen() as screen, screen.gimp("row.png") as gimp:
        dialog = options(screen, gimp)
        _says(dialog, "3 of 3 faces will be restored.")
        photo = dialog.find("Photograph, face 1 of 3")
        _tab_to(dialog, photo)
        dialog.keys("Right")
        _named(dialog, photo, "Photograph, face 2 of 3")
        dialog.keys("space")
        _named(dialog, photo, "Photograph, face 2 of 3, not ticked")
        _says(dialog, "2 of 3 faces will be restored.")
        seen = {"box": dialog.get("Face 2")}
        dialog.keys("space", "Delete")
        _says(dialog, "2 of 2 faces will be restored.")

        dialog.keys("Insert")
        squares = [_named(dialog, photo, "Square of")]
        dialog.keys("Escape")
        _named(dialog, photo, "Photograph, face 1 of 2")
        dialog.keys("plus")
        for key in ("plus", "minus", "Right", "Down", "Left", "Up"):
            before = _named(dialog, photo, "Square of")
            dialog.keys(key)
            screen.wait(f"what {key} does", lambda before=before: photo.name != before)
            squares.append(photo.name)
        dialog.shot("square")
        dialog.keys("Return")
        _named(dialog, photo, "Photograph, face 3 of 3")
        _says(dialog, "3 of 3 faces will be restored.")
        seen["squares"] = squares

        rows = [w for w in dialog.frame.walk() if w.role == "list item"]
        by_hand = next(row for row in rows if row.name.startswith("Face 3,"))
        _tab_to(dialog, by_hand)
        dialog.keys("Up", "space")
        _says(dialog, "2 of 3 faces will be restored.")
        dialog.keys("Up", "Delete")
        _says(dialog, "1 of 2 faces will be restored.")
        _tab_to(dialog, dialog.find("Restore", "button"))
        dialog.keys("space")
        gimp.wait_title("2 layers", 60)
        _save(screen, gimp, "restored.xcf")
        gimp.keys("ctrl+z")
        gimp.wait_title("1 layer)")
        _save(screen, gimp, "undone.xcf")
        return seen


def test_keys_tick_a_face_in_the_photograph(keyboard: Result) -> None:
    assert keyboard["box"] is False


def test_keys_move_and_resize_a_square(keyboard: Result) -> None:
    begun, *moved = (
        [int(word.strip(",")) for word in name.split() if word.strip(",").isdigit()]
        for name in keyboard["squares"]
    )
    side, left, top = begun
    larger, smaller, right, down, back, up = moved
    step = side / 8
    assert larger == pytest.approx([side + step, left - step / 2, top - step / 2], abs=1)
    assert smaller == pytest.approx(begun, abs=1)
    assert right == pytest.approx([side, left + step, top], abs=1)
    assert down == pytest.approx([side, left + step, top + step], abs=1)
    assert back == pytest.approx([side, left, top + step], abs=1)
    assert up == pytest.approx(begun, abs=1)


def test_the_face_that_keys_added_is_restored_and_those_they_removed_are_not(
    keyboard: Result,
) -> None:
    (note,) = layer_notes(keyboard.work / "restored.xcf")
    (face,) = json.loads(note.data)["faces"]
    middle = (face["box"][0] + face["box"][2]) / 2, (face["box"][1] + face["box"][3]) / 2
    assert middle == pytest.approx((900, 300), abs=60)


def test_undo_takes_the_note_out_of_the_metadata(keyboard: Result) -> None:
    assert NOTE in (keyboard.work / "restored.xcf").read_bytes()
    undone = (keyboard.work / "undone.xcf").read_bytes()
    assert undone.startswith(b"gimp xcf ")
    assert b"DigitalSourceType" not in undone
