"""Choosing faces in the dialog, on a screen."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from console import Setting
from engine_outside import EngineOutside
from halves import Result, on_screen

if TYPE_CHECKING:
    from plugin_windows import options
    from screen import Dialog, Screen
    from widgets import Widget

pytestmark = pytest.mark.slow

LEFT_OUT = (1, 5, 9, 20)
NONE = "There is no face here. Draw a square around one."
NOT_HERE = "The model is not here yet; it is downloaded when you restore."


@pytest.fixture(scope="module")
def setting(running_engine: EngineOutside, shared: Path) -> Setting:
    names = {"group.jpg": "old_group_solvay_1927.jpg", "oval.jpg": "old_oval.jpg"}
    files = {name: (shared / "photos" / photo).read_bytes() for name, photo in names.items()}
    return running_engine.setting(files=files)


@on_screen
def _says(dialog: Dialog, text: str) -> None:
    """Waits for this to be said in the dialog, when all faces have their previews."""
    dialog.screen.wait(text, lambda: text in dialog.texts(), 240)


@on_screen
def _log(name: str) -> str:
    log = Path(os.environ["GPEN_ENGINE_HOME"], "logs", name)
    return log.read_text(encoding="utf-8")


@on_screen
def _row(dialog: Dialog, number: int) -> Widget:
    """A face's row in the list."""

    def look() -> Widget | None:
        rows = (w for w in dialog.frame.walk() if w.role == "list item")
        return next((row for row in rows if row.name.startswith(f"Face {number},")), None)

    return dialog.screen.wait(f"the row of face {number}", look)


@on_screen
def _suggested(dialog: Dialog) -> list[str]:
    return [text for text in dialog.texts() if text.startswith("The largest face")]


@on_screen
def group() -> object:
    with Screen() as screen, screen.gimp("group.jpg") as gimp:
        dialog = options(screen, gimp)
        dialog.shot("opened", still=False)
        _says(dialog, "29 of 29 faces will be restored.")
        dialog.shot("found")
        seen = {"first": _row(dialog, 1).selected, "suggested": _suggested(dialog)}
        dialog.press("Face 7 in the photograph")
        screen.wait("face 7 in the list", lambda: _row(dialog, 7).selected)
        for number in LEFT_OUT:
            dialog.set(f"Face {number}", False)
        dialog.set("Strength of face 7", 50)
        _says(dialog, "25 of 29 faces will be restored.")
        dialog.shot("chosen")
        dialog.press("None")
        _says(dialog, "0 of 29 faces will be restored.")
        seen["none"] = dialog.find("Restore", "button").sensitive
        dialog.press("All")
        _says(dialog, "29 of 29 faces will be restored.")
        seen["all"] = dialog.find("Restore", "button").sensitive
        for number in LEFT_OUT:
            dialog.set(f"Face {number}", False)
        dialog.set("New layer", "A layer for each face")
        before = _log("plug-in.log")
        dialog.press("Restore")
        gimp.wait_title("27 layers", 60)
        seen["log"] = _log("plug-in.log")[len(before) :]
        screen.shot("restored")
        gimp.keys("ctrl+z")
        gimp.wait_title("1 layer)")
        gimp.keys("ctrl+f")
        gimp.wait_title("27 layers", 120)

        dialog = options(screen, gimp)
        _says(dialog, "25 of 29 faces will be restored.")
        seen["again"] = [dialog.get("Face 5"), dialog.get("Face 7")]
        seen["strength again"] = dialog.get("Strength of face 7")
        dialog.press("Cancel")
        dialog.wait_gone()
        return seen


@on_screen
def by_hand() -> object:
    with Screen() as screen, screen.gimp("oval.jpg") as gimp:
        dialog = options(screen, gimp)
        _says(dialog, "1 of 1 face will be restored.")
        dialog.shot("restored")
        dialog.find("Show the original", "toggle button").press()
        dialog.shot("original")
        dialog.find("Show the original", "toggle button").press()
        dialog.find("100 %", "toggle button").press()
        dialog.shot("full-size")
        dialog.find("100 %", "toggle button").press()
        seen = {"suggested": _suggested(dialog)}
        dialog.press("Use It")
        _says(dialog, f"1 of 1 face will be restored. {NOT_HERE}")
        seen["used"] = [dialog.get("Model"), *_suggested(dialog)]
        dialog.shot("used")
        dialog.set("Model", "Default")
        _says(dialog, "1 of 1 face will be restored.")
        x, y, width, height = dialog.find("Face 1 in the photograph").place
        dialog.press("Remove face 1")
        _says(dialog, NONE)
        seen["removed"] = dialog.find("Restore", "button").sensitive
        seen["without a face"] = _suggested(dialog)
        screen.drag(x - 3, y, x + max(width, height), y + max(width, height))
        _says(dialog, "1 of 1 face will be restored.")
        dialog.shot("drawn")
        seen["drawn"] = dialog.find("Restore", "button").sensitive
        dialog.press("Restore")
        gimp.wait_title("2 layers", 60)
        screen.shot("result")
        return seen


def test_faces_are_chosen_one_by_one(group: Result) -> None:
    assert group["first"]
    assert (group["none"], group["all"]) == (False, True)


def test_a_model_is_suggested_for_a_face_that_is_larger(by_hand: Result) -> None:
    (suggested,) = by_hand["suggested"]
    assert suggested.startswith("The largest face takes about ")
    assert suggested.endswith(" would fit; it is not installed.")
    (used,) = by_hand["used"]
    assert used.split()[0] in suggested
    assert used.endswith(" MB)")
    assert by_hand["without a face"] == []


def test_no_model_is_suggested_for_small_faces(group: Result) -> None:
    assert group["suggested"] == []


def test_what_the_dialog_found_is_used(group: Result) -> None:
    assert "what the dialog found is used" in group["log"]
    assert "25 faces with" in group["log"]


def test_a_result_is_done_again_with_the_same_faces(group: Result) -> None:
    assert group["again"] == [False, True]
    assert group["strength again"] == 50


def test_a_preview_and_its_original(by_hand: Result) -> None:
    restored, original, full = (
        by_hand.screenshot(name).astype(int) for name in ("restored", "original", "full-size")
    )
    changed = (np.abs(restored - original).max(axis=2) > 16).mean()
    assert 0.001 < changed < 0.2
    assert not np.array_equal(full, restored)


def test_a_face_is_removed_and_drawn(by_hand: Result) -> None:
    assert (by_hand["removed"], by_hand["drawn"]) == (False, True)
