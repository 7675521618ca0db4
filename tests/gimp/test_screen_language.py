"""The plug-in on a German desktop, on a screen."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from console import Setting
from engine_outside import EngineOutside
from halves import Result, on_screen

if TYPE_CHECKING:
    from screen import WORK, Screen

pytestmark = pytest.mark.slow

MENU = "Gesichter restaurieren (GPEN) …"
TITLE = "Gesichter restaurieren (GPEN)"
OTHERS = (
    "Gesichter einfärben …",
    "Gesicht ergänzen …",
    "Gesicht aus Karte …",
    "Mit Gesichtern vergrößern …",
    "Engine …",
)
FOUND = "1 von 1 Gesicht wird restauriert."


@pytest.fixture(scope="module")
def setting(running_engine: EngineOutside, shared: Path) -> Setting:
    photo = (shared / "photos" / "old_oval.jpg").read_bytes()
    return running_engine.setting(files={"oval.jpg": photo})


@on_screen
def _german() -> None:
    """A German locale, as far as programs choose their language by it; Debian's own needs a
    package more."""
    shutil.copytree("/usr/lib/locale/C.utf8", WORK / "locale" / "de_DE.utf8")
    os.environ.update(LOCPATH=str(WORK / "locale"), LANG="de_DE.UTF-8")


@on_screen
def desktop() -> object:
    _german()
    with Screen() as screen, screen.gimp("oval.jpg") as gimp:
        gimp.menu(MENU)
        dialog = screen.dialog(TITLE)
        screen.wait(FOUND, lambda: FOUND in dialog.texts(), 120)
        dialog.shot("german")
        seen = {"texts": dialog.texts(), "tick": dialog.get("Gesicht 1")}
        seen["strength"] = dialog.get("Stärke")
        seen["menus"] = [gimp.menu_item(label).path[-1] for label in OTHERS]
        dialog.press("Restaurieren")
        gimp.wait_title("2 layers", 60)
        gimp.keys("ctrl+z")
        gimp.wait_title("1 layer)")
        return seen


def test_the_dialog_speaks_german(desktop: Result) -> None:
    texts = desktop["texts"]
    for text in ("Ergebnis", "Gesichter finden", "Details", "Modell", "Ebene „oval.jpg“"):
        assert text in texts
    assert (desktop["tick"], desktop["strength"]) == (True, 100)


def test_the_menu_speaks_german(desktop: Result) -> None:
    assert desktop["menus"] == ["GPEN"] * len(OTHERS)
