"""Restoring on a screen: from the menu through the dialog to the new layer, and back again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from console import Setting
from engine_outside import EngineOutside
from halves import Result, on_screen
from numpy.typing import NDArray

if TYPE_CHECKING:
    from plugin_windows import MENU, accept, options, progress, told, watch
    from screen import Screen

pytestmark = pytest.mark.slow

UNTOUCHED = [False, "1 layer", ""]
STAGES = [
    "Sending the picture…",
    "Loading the model…",
    "Looking for faces…",
    "Restoring face 1 of 1…",
    "Fitting the faces in…",
    "Building the layer…",
]


@pytest.fixture(scope="module")
def setting(running_engine: EngineOutside, shared: Path) -> Setting:
    names = {"group.jpg": "old_group_solvay_1927.jpg", "oval.jpg": "old_oval.jpg"}
    files = {name: (shared / "photos" / photo).read_bytes() for name, photo in names.items()}
    sky = np.linspace(90, 220, 400, dtype=np.uint8)[:, None, None] * np.ones((1, 600, 3), np.uint8)
    files["sky.png"] = cv2.imencode(".png", sky)[1].tobytes()
    return running_engine.setting(files=files)


@on_screen
def _logged() -> list[str]:
    log = Path(os.environ["GPEN_ENGINE_HOME"], "logs", "plug-in.log")
    return log.read_text(encoding="utf-8").splitlines()


@on_screen
def portrait() -> object:
    with Screen() as screen, screen.gimp("oval.jpg") as gimp:
        seen = {"path": gimp.menu_item(MENU).path[-2:]}
        seen["beside"] = [item.name for item in gimp.items("Enhance")]
        gimp.unfold("Filters", "Enhance", "GPEN")
        screen.shot("menu")
        gimp.keys("Escape", "Escape", "Escape")

        dialog = options(screen, gimp)
        dialog.set("Strength", 80)
        dialog.shot("options")
        seen["options"] = dialog.texts()
        dialog.press("Cancel")
        dialog.wait_gone()
        seen["cancelled"] = gimp.state()
        screen.shot("before")

        accept(screen, gimp, Strength=80)
        gimp.wait_title("2 layers", 60)
        seen["restored"] = gimp.state()
        screen.shot("restored")
        gimp.keys("ctrl+z")
        gimp.wait_title("1 layer)")
        seen["undone"] = gimp.state()
        screen.shot("undone")
        gimp.keys("ctrl+y")
        gimp.wait_title("2 layers")
        screen.shot("redone")
        gimp.keys("ctrl+z")
        gimp.wait_title("1 layer)")

        before = len(_logged())
        gimp.keys("ctrl+f")
        seen["repeated"] = watch(screen, progress(screen))
        gimp.wait_title("2 layers")
        seen["log"] = "\n".join(_logged()[before:])

        dialog = options(screen, gimp)
        dialog.shot("once-more")
        seen["once more"] = [*dialog.texts()[:1], dialog.get("Strength")]
        dialog.press("Cancel")
        dialog.wait_gone()

        gimp.select_layers("Restored faces (GPEN-Mini-256)", "oval.jpg")
        gimp.menu(MENU)
        seen["several"] = gimp.message()
        screen.shot("several-layers")
        return seen


@on_screen
def group() -> object:
    with Screen() as screen, screen.gimp("sky.png", "group.jpg") as gimp:
        gimp.wait_title("[group]")
        accept(screen, gimp, New_layer="A layer for each face")
        gimp.wait_title("31 layers", 60)
        gimp.keys("ctrl+z")
        gimp.wait_title("1 layer)")
        gimp.keys("ctrl+f")
        window = progress(screen)
        screen.wait("a face's number", lambda: any(" of 29" in text for text in window.texts()))
        window.shot("progress", still=False)
        seen = {"texts": watch(screen, window)}
        gimp.wait_title("31 layers")
        screen.shot("faces")
        gimp.keys("ctrl+z")
        gimp.wait_title("1 layer)")
        seen["undone"] = gimp.state()

        gimp.keys("alt+1")
        gimp.wait_title("[sky]")
        options(screen, gimp).press("Restore")
        message = told(screen)
        seen["message"] = message.texts()
        screen.shot("no-face")
        message.press("OK")
        message.wait_gone()
        seen["no face"] = gimp.state()
        return seen


def canvas(screenshot: NDArray[np.uint8]) -> NDArray[np.int16]:
    """The part of the screen in which the image is shown, docks and rulers left out."""
    return screenshot[115:765, 340:1100].astype(np.int16)


def in_order(texts: list[str]) -> bool:
    """Whether stages were told in their order; whoever looks may miss some of them."""
    told = [STAGES.index(text) for text in texts if text != "Preparing…"]
    return STAGES.index("Restoring face 1 of 1…") in told and told == sorted(told)


def test_menu_and_options(portrait: Result) -> None:
    assert portrait["path"] == ["Enhance", "GPEN"]
    assert "Restore Faces (GPEN)…" in portrait["beside"]
    assert portrait["options"][0] == "Layer “oval.jpg”"
    assert {"Model", "New layer", "Detection size", "Framing", "Seed"} < set(portrait["options"])


def test_cancelled_options_change_nothing(portrait: Result) -> None:
    assert portrait["cancelled"] == UNTOUCHED


def test_a_face_is_restored(portrait: Result) -> None:
    assert portrait["restored"] == [True, "2 layers", "Undo Restore Faces (GPEN)"]
    before, restored = (canvas(portrait.screenshot(name)) for name in ("before", "restored"))
    changed = np.abs(restored - before).max(axis=2) > 8
    rows, columns = np.nonzero(changed)
    assert 5_000 < len(rows) < 0.1 * changed.size
    assert np.ptp(rows) < 300
    assert np.ptp(columns) < 300


def test_one_step_takes_it_back(portrait: Result) -> None:
    assert portrait["undone"] == UNTOUCHED
    before, restored, undone, redone = (
        canvas(portrait.screenshot(name)) for name in ("before", "restored", "undone", "redone")
    )
    assert np.array_equal(undone, before)
    assert np.array_equal(redone, restored)


def test_repeating_uses_the_last_options_and_asks_nothing(portrait: Result) -> None:
    assert in_order(portrait["repeated"])
    assert "restore, with-last-vals" in portrait["log"]
    assert "strength=0.8" in portrait["log"]


def test_a_result_is_done_again_from_its_source(portrait: Result) -> None:
    head, strength = portrait["once more"]
    assert head == (
        "Layer “oval.jpg”\n“Restored faces (GPEN-Mini-256)” was made of it with the options below."
        " It will be hidden."
    )
    assert strength == 80


def test_several_layers_are_too_many(portrait: Result) -> None:
    assert "2 layers are selected. Select one layer, then try again." in portrait["several"]


def test_each_face_gets_a_layer(group: Result) -> None:
    numbers = [int(text.split()[2]) for text in group["texts"] if text.endswith(" of 29…")]
    assert len(numbers) > 1
    assert numbers == sorted(numbers)
    assert group["undone"] == UNTOUCHED


def test_no_face_is_said_and_changes_nothing(group: Result) -> None:
    assert group["message"] == [
        "No face was found in the picture.",
        'Lower "Detection threshold"; or select a face and turn on "The selection is a face".',
    ]
    assert group["no face"] == UNTOUCHED
