"""Choosing faces in the dialog, on a screen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from console import Setting
from engine_outside import EngineOutside
from halves import Result, on_screen

if TYPE_CHECKING:
    from plugin_windows import options
    from screen import Screen

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def setting(running_engine: EngineOutside, shared: Path) -> Setting:
    names = {"group.jpg": "old_group_solvay_1927.jpg", "oval.jpg": "old_oval.jpg"}
    files = {name: (shared / "photos" / photo).read_bytes() for name, photo in names.items()}
    return running_engine.setting(files=files)


@on_screen
def chosen() -> object:
    with Screen() as screen, screen.gimp("group.jpg") as gimp:
        dialog = options(screen, gimp)
        dialog.shot("opened", still=False)
        look = lambda: "29 of 29 faces will be restored." in dialog.texts()  # noqa: E731
        screen.wait("all faces", look, 120)
        dialog.shot("found")
        return {"texts": dialog.texts(), "all": dialog.frame.describe()}


def test_x(chosen: Result) -> None:
    print(chosen["all"])
