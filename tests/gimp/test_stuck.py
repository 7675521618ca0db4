"""An engine that stops dead in the middle of a call from a script, where nobody can cancel."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from console import Setting
from engine_outside import EngineOutside
from halves import Result, in_gimp
from outcome import Outcome

from gpen_engine.wire import connect

if TYPE_CHECKING:
    from ask import outside
    from restoring import fresh, restore

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def setting(engine_on_request: EngineOutside, shared: Path) -> Setting:
    def freeze_at_work() -> None:
        threading.Thread(target=_freeze, args=(engine_on_request,)).start()

    photo = (shared / "photos" / "old_group_solvay_1927.jpg").read_bytes()
    return engine_on_request.setting(
        calls={"freeze_at_work": freeze_at_work}, files={"group.jpg": photo}
    )


def _freeze(engine: EngineOutside) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with connect(engine.home) as conversation:
            status = conversation.status()
        if status.state == "working":
            time.sleep(0.3)
            os.kill(status.pid, signal.SIGSTOP)
            return
        time.sleep(0.02)


@in_gimp
def stuck() -> object:
    process = outside("start_engine")
    outside("freeze_at_work")
    told = restore(fresh("group.jpg"))
    outside("kill_engine")
    return {"told": told, "process": process, "after": restore(fresh("group.jpg"))}


def test_the_call_ends_and_says_which_process_hangs(stuck: Result) -> None:
    Outcome(stuck, "told").check_refused(
        f"The GPEN engine (process {stuck['process']}) does not answer any more. End that process"
        " and try again; another engine is started then."
    )


def test_the_next_call_starts_another(stuck: Result) -> None:
    Outcome(stuck, "after").check_added()
