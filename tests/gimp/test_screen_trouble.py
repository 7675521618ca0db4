"""What a user sees when a restoration does not come to its end, on a screen."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from console import Setting
from engine_outside import EngineOutside
from halves import Result, on_screen

from gpen_engine import GpenError
from gpen_engine.network import Gpen, GpenConfig
from gpen_engine.wire import connect

if TYPE_CHECKING:
    from ask import outside
    from plugin_windows import accept, progress, restore, watch
    from screen import Dialog, Gimp, Screen

pytestmark = pytest.mark.slow

UNTOUCHED = [False, "1 layer", ""]
WAYS_OUT = {"button": "", "Escape": "Escape", "closed": "alt+F4"}


@pytest.fixture(scope="module")
def setting(engine_on_request: EngineOutside, shared: Path) -> Setting:
    names = {"group.jpg": "old_group_solvay_1927.jpg", "oval.jpg": "old_oval.jpg"}
    # Slow enough to be met at work: half a second or more a face.
    torch.manual_seed(1)
    weights = Gpen(GpenConfig(512, 512, 2, 0.25)).state_dict()
    torch.save(weights, engine_on_request.home.models / "slow.pth")

    def state() -> str:
        try:
            with connect(engine_on_request.home) as engine:
                return engine.status().state
        except GpenError as error:
            return error.code

    def freeze() -> int:
        pid = engine_on_request.start()
        os.kill(pid, signal.SIGSTOP)
        return pid

    def thaw(pid: int) -> None:
        os.kill(pid, signal.SIGCONT)

    calls = {"state": state, "freeze": freeze, "thaw": thaw}
    files = {name: (shared / "photos" / photo).read_bytes() for name, photo in names.items()}
    return engine_on_request.setting(files=files, calls=calls)


@on_screen
def _at_work(screen: Screen, gimp: Gimp) -> Dialog:
    """The progress window of a restoration that has come to the faces, and takes a while."""
    window = restore(screen, gimp, Model="slow")
    screen.wait("a face", lambda: any("Restoring face" in text for text in window.texts()), 60)
    return window


@on_screen
def cancelled() -> object:
    outside("start_engine")
    with Screen() as screen, screen.gimp("group.jpg") as gimp:
        seen = {}
        for way, key in WAYS_OUT.items():
            window = _at_work(screen, gimp)
            began = time.monotonic()
            if key:
                window.keys(key)
            else:
                window.press("Cancel")
            window.wait_gone()
            seconds = time.monotonic() - began
            screen.wait("an idle engine", lambda: outside("state") == "idle", 60)
            seen[way] = {"seconds": seconds, "state": gimp.state()}
        pid = outside("freeze")
        window = restore(screen, gimp, Model="Default")
        window.shot("frozen", still=False)
        began = time.monotonic()
        window.press("Cancel")
        window.wait_gone()
        seen["frozen"] = {"seconds": time.monotonic() - began, "state": gimp.state()}
        outside("thaw", pid=pid)
        accept(screen, gimp, Model="Default")
        gimp.wait_title("2 layers", 60)
        seen["afterwards"] = gimp.state()
        return seen


@on_screen
def lost() -> object:
    outside("start_engine")
    with Screen() as screen, screen.gimp("oval.jpg", "group.jpg") as gimp:
        gimp.wait_title("[group]")
        _at_work(screen, gimp)
        outside("kill_engine")
        seen = {"killed": gimp.message()}
        screen.shot("killed")
        screen.dialog("GIMP Message").press("OK")
        screen.wait_gone("GIMP Message")
        seen["after killing"] = gimp.state()
        gimp.keys("ctrl+f")
        window = progress(screen)
        window.shot("starting", still=False)
        seen["starting"] = watch(screen, window)
        gimp.wait_title("2 layers")
        gimp.keys("ctrl+z")
        gimp.wait_title("1 layer)")

        _at_work(screen, gimp)  # for longer than it takes until the message is there
        gimp.menu("Duplicate Layers")
        gimp.wait_title("2 layers")
        gimp.keys("ctrl+w")
        question = screen.dialog("Close")
        question.press("Discard Changes")
        seen["closed"] = gimp.message()
        screen.shot("closed")
        screen.dialog("GIMP Message").press("OK")
        screen.wait_gone("GIMP Message")
        gimp.wait_title("[oval]")
        screen.wait("an idle engine", lambda: outside("state") == "idle", 60)
        accept(screen, gimp, Model="Default")
        gimp.wait_title("2 layers", 60)
        return seen


@pytest.mark.parametrize("way", WAYS_OUT)
def test_cancelled_at_work(cancelled: Result, way: str) -> None:
    assert cancelled[way]["seconds"] < 1
    assert cancelled[way]["state"] == UNTOUCHED


def test_cancelled_while_the_engine_hangs(cancelled: Result) -> None:
    assert cancelled["frozen"]["seconds"] < 3
    assert cancelled["frozen"]["state"] == UNTOUCHED


def test_the_engine_works_on_after_cancelling(cancelled: Result) -> None:
    assert cancelled["afterwards"] == [True, "2 layers", "Undo Restore Faces (GPEN)"]


def test_a_killed_engine_is_told_of_and_started_again(lost: Result) -> None:
    assert "The connection between GIMP and the GPEN engine was lost. Try again" in lost["killed"]
    assert lost["after killing"] == UNTOUCHED
    assert any(text.startswith("Starting the engine") for text in lost["starting"])


def test_a_closed_image_ends_its_restoration(lost: Result) -> None:
    assert "The image was closed before the result was ready." in lost["closed"]
