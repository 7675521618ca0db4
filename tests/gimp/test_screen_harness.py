"""The harness on a screen, tried with a plug-in that comes with GIMP: Filters > Decor > Fog."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from console import CHECKOUT, Gimp, Setting
from halves import Result, on_screen

if TYPE_CHECKING:
    from screen import NotSeen, Screen

pytestmark = pytest.mark.slow

RED, BLUE = (200, 30, 20), (20, 40, 180)  # left and right half of the picture


@pytest.fixture(scope="module")
def setting() -> Setting:
    picture = np.empty((300, 400, 3), np.uint8)
    picture[:, :200], picture[:, 200:] = RED[::-1], BLUE[::-1]
    return Setting(files={"halves.png": cv2.imencode(".png", picture)[1].tobytes()})


@on_screen
def fog() -> object:
    with Screen() as screen, screen.gimp("halves.png") as gimp:
        first = gimp.title
        screen.shot("start")
        gimp.menu("Fog...")
        dialog = screen.dialog("Fog")
        dialog.set("Layer name", "Mist")
        dialog.set("Opacity", 50)
        filled = [dialog.get("Layer name"), dialog.get("Opacity")]
        dialog.shot("dialog")
        dialog.press("OK")
        dialog.wait_gone()
        gimp.wait_title("2 layers")
        screen.shot("fog")
        gimp.keys("ctrl+z")
        gimp.wait_title("1 layer)")
        error = ""
        try:
            gimp.wait_title("2 layers", 0.5)
        except NotSeen as caught:
            error = str(caught)
        return {"first": first, "filled": filled, "error": error}


def count(shot: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((shot == colour).all(axis=2).sum())


def test_a_dialog_is_filled_and_its_effect_undone(fog: Result) -> None:
    assert "halves" in fog["first"]
    assert "1 layer) 400x300 – GIMP" in fog["first"]
    assert fog["filled"] == ["Mist", 50]
    assert fog["error"].startswith(
        "2 layers in GIMP's title was not there within 0.5 s; windows: ["
    )


def test_screenshots_show_the_picture(fog: Result, gimp: Gimp) -> None:
    start, fogged, dialog = (fog.screenshot(name) for name in ("start", "fog", "dialog"))
    assert start.shape == (900, 1400, 3)
    for colour in (RED, BLUE):
        assert count(start, colour) > 40_000
        assert count(fogged, colour) < 1_000
    assert dialog.shape[0] < 600
    kept = Path(os.environ.get("GPEN_ARTEFACTS") or CHECKOUT / ".cache" / "gimp-artefacts")
    assert (kept / gimp.name / "test_screen_harness" / "fog" / "start.png").is_file()
