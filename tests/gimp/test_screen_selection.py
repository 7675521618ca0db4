"""A half that is restored, on a screen: the README's picture of GIMP is this test's screenshot.

It is made again with ``pytest tests/gimp/test_screen_selection.py`` and, from the artefacts of
GIMP 3.2, ``convert half.png -quality 88 .docs/gimp-restored.jpg``.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from console import Setting
from engine_outside import EngineOutside
from halves import Result, on_screen

if TYPE_CHECKING:
    from plugin_windows import accept
    from screen import Screen

pytestmark = pytest.mark.slow

PHOTO = "fergusson-1915"
# GIMP keeps a selection in its own format: from the middle of the face to the right.
SELECT = """
file = lambda name: Gio.File.new_for_path(name)
image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file('fergusson-1915.jpg'))
image.get_layers()[0].set_name('Western Liberal, 1915')
image.select_rectangle(Gimp.ChannelOps.REPLACE, 566, 0, 646, 2000)
Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file('fergusson-1915.xcf'), None)
"""


@pytest.fixture(scope="module")
def setting(running_engine: EngineOutside, shared: Path) -> Setting:
    photo = (shared / "photos" / "old_halftone_newspaper.jpg").read_bytes()
    return running_engine.setting(files={f"{PHOTO}.jpg": photo})


@on_screen
def half() -> object:
    work = os.environ["GPEN_TEST_WORK"]
    console = ["gimp-console", "-i", "-d", "-f", "--quit", "--batch-interpreter=python-fu-eval"]
    subprocess.run([*console, "-b", SELECT], cwd=work, check=True)
    with Screen() as screen, screen.gimp(f"{PHOTO}.xcf") as gimp:
        screen.shot("start")  # waits until the window has its size
        gimp.keys("shift+ctrl+j")  # the whole picture
        gimp.keys("ctrl+t")  # without the selection's dashes
        screen.shot("before")
        accept(screen, gimp)
        gimp.wait_title("2 layers", 60)
        screen.shot("half")
        return gimp.title


def test_only_the_selected_half_is_restored(half: Result) -> None:
    # Docks and rulers are left out.
    before, after = (half.screenshot(name)[115:840, 340:1100] for name in ("before", "half"))
    changed = np.abs(before.astype(int) - after).max(axis=2) > 4
    columns = np.flatnonzero(changed.any(axis=0))
    rows = np.flatnonzero(changed.any(axis=1))
    assert np.ptp(rows) > 300
    assert 100 < np.ptp(columns) < np.ptp(rows) / 2
    first = changed[:, columns[0] : columns[0] + 4].any(axis=1)
    assert first.sum() > 200  # it begins with a straight line, and not with a point of an oval
