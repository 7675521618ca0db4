"""Whatever fails, the image stays as it was and the user is told what to do, in GIMP's words."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import pytest
from console import Setting
from engine_outside import REPAIR, EngineOutside
from halves import Result, in_gimp
from numpy.typing import NDArray
from outcome import Outcome

from gpen_engine.wire import connect

if TYPE_CHECKING:
    from ask import outside
    from gimp_side import WORK
    from restoring import fresh, restore

REPAIRED = f"To repair it, open a terminal and run: {REPAIR}"


@pytest.fixture(scope="module")
def setting(
    engine_on_request: EngineOutside, photo: Callable[[str], NDArray[Any]], shared: Path
) -> Setting:
    engine, home = engine_on_request, engine_on_request.home
    installed = home.launch()
    assert installed

    def install(**otherwise: Any) -> None:
        if "command" in otherwise:
            otherwise["command"] = tuple(otherwise["command"])
        home.write_launch(dataclasses.replace(installed, **otherwise))

    def at_work(what: str) -> None:
        """Does something to the engine as soon as it works."""
        threading.Thread(target=_when_working, args=(engine, getattr(engine, what))).start()

    def process() -> int:
        with connect(home) as conversation:
            return conversation.hello.pid

    calls = {
        "install": install,
        "uninstall": home.launch_file.unlink,
        "damage": lambda: home.launch_file.write_text("{"),
        "at_work": at_work,
        "state": lambda: _state(engine),
        "process": process,
        "open_to_all": lambda: home.private.chmod(0o755),
        "close_to_others": lambda: home.private.chmod(0o700),
        "fill_disk": lambda: _fill_disk(home.logs / "plug-in.log"),
        "freeze": lambda: os.kill(process(), signal.SIGSTOP),
    }
    flags = photo("modern_colour_flags.jpg")[:, :60, ::-1]
    return engine.setting(
        calls=calls,
        files={
            "photo.jpg": (shared / "photos" / "modern_colour_flags.jpg").read_bytes(),
            "group.jpg": (shared / "photos" / "old_group_solvay_1927.jpg").read_bytes(),
            "flags.png": cv2.imencode(".png", flags)[1].tobytes(),
        },
    )


def _state(engine: EngineOutside) -> str:
    with connect(engine.home) as conversation:
        return conversation.status().state


def _when_working(engine: EngineOutside, act: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and _state(engine) != "working":
        time.sleep(0.02)
    time.sleep(0.3)
    act()


def _fill_disk(log: Path) -> None:
    log.unlink(missing_ok=True)
    log.symlink_to("/dev/full")


@in_gimp
def _source(name: str = "photo.jpg") -> object:
    return fresh(name)


@in_gimp
def not_installed() -> object:
    told = {}
    outside("kill_engine")
    outside("uninstall")
    told["missing"] = restore(_source())
    outside("install", command=["/nowhere/bin/python", "-m", "gpen_engine", "serve"])
    told["no program"] = restore(_source())
    told["again"] = restore(_source())
    outside("install", command=["/bin/sh", "-c", "echo one; echo No module named torch; exit 3"])
    told["ends"] = restore(_source())
    outside("damage")
    told["damaged"] = restore(_source())
    outside("install")
    return told


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "missing",
            "The GPEN engine is not installed."
            " Open a terminal in the folder that you downloaded and run: python3 install.py",
        ),
        (
            "no program",
            "The GPEN engine does not start (/nowhere/bin/python: No such file or directory). "
            + REPAIRED,
        ),
        ("ends", "The GPEN engine does not start (No module named torch). " + REPAIRED),
    ],
)
def test_engine_that_is_not_there(not_installed: Result, name: str, message: str) -> None:
    Outcome(not_installed, name).check_refused(message)


def test_damaged_start_file(not_installed: Result, engine_home: EngineOutside) -> None:
    Outcome(not_installed, "damaged").check_refused(
        f"The file {engine_home.home.launch_file}, which says how to start the engine, is damaged."
        " Run the installer again: python3 install.py"
    )


@in_gimp
def started() -> object:
    """The engine is started by the plug-in, and goes on when that ends."""
    outside("kill_engine")
    first = restore(_source())
    process = outside("process")
    second = restore(_source())
    return {"first": first, "second": second, "processes": [process, outside("process")]}


def test_engine_is_started(started: Result) -> None:
    for name in ("first", "second"):
        outcome = Outcome(started, name)
        outcome.check_added()
        outcome.check_layer(outcome.expected())
    first, second = started["processes"]
    assert first == second


@in_gimp
def _ended_at_work(what: str) -> object:
    outside("start_engine")
    outside("at_work", what=what)
    return {"ended": restore(_source("group.jpg")), "after": restore(_source())}


def check_ended(result: Result, message: str) -> None:
    Outcome(result, "ended").check_refused(message)
    outcome = Outcome(result, "after")
    outcome.check_added()
    outcome.check_layer(outcome.expected())


@in_gimp
def killed_at_work() -> object:
    return _ended_at_work("kill")


def test_engine_that_is_killed_at_work(killed_at_work: Result) -> None:
    check_ended(
        killed_at_work,
        "The connection between GIMP and the GPEN engine was lost. Try again; if that does not"
        " help, look into its log:"
        " Filters > Enhance > GPEN > Engine…, Open the log folder.",
    )


@in_gimp
def stopped_at_work() -> object:
    return _ended_at_work("stop")


@pytest.mark.slow
def test_engine_that_is_stopped_at_work(stopped_at_work: Result) -> None:
    message = "The GPEN engine was stopped. Try again; it starts anew."
    check_ended(stopped_at_work, message)


@in_gimp
def plugin_killed() -> object:
    """As GIMP's own Cancel button does it."""

    def kill() -> None:
        end = time.monotonic() + 30
        while time.monotonic() < end and outside("state") != "working":
            time.sleep(0.02)
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if any(word.endswith(b"/gpen_restore.py") for word in words):
                os.kill(int(folder.name), signal.SIGKILL)

    outside("start_engine")
    killer = threading.Thread(target=kill)
    killer.start()
    told = restore(_source("group.jpg"))
    killer.join()
    began = time.monotonic()
    while outside("state") == "working" and time.monotonic() < began + 30:
        time.sleep(0.02)
    return {"killed": told, "seconds": time.monotonic() - began, "after": restore(_source())}


def test_plugin_that_is_killed(plugin_killed: Result) -> None:
    """Nothing changed, and the engine gave the work up."""
    outcome = Outcome(plugin_killed, "killed")
    assert outcome.status != "success"
    outcome.check_nothing_changed()
    assert plugin_killed["seconds"] < 3
    Outcome(plugin_killed, "after").check_added()


@in_gimp
def no_face() -> object:
    outside("start_engine")
    told = {"full size": restore(_source("flags.png"))}
    told["smaller"] = restore(_source("flags.png"), detection_size="640", result="faces")
    told["sure"] = restore(_source(), threshold=1.0, result="merged")
    return told


def test_no_face(no_face: Result) -> None:
    message = (
        "No face was found in the picture."
        ' Lower "Detection threshold"; or select a face and turn on "The selection is a face".'
    )
    Outcome(no_face, "full size").check_refused(message)
    Outcome(no_face, "sure").check_refused(message)
    Outcome(no_face, "smaller").check_refused(
        f'{message} Small faces are found at the "Detection size" "Full size" only.'
    )


@in_gimp
def models() -> object:
    outside("start_engine")
    return {
        "unknown": restore(_source(), model="nobody"),
        "not here": restore(_source(), model="GPEN-BFR-512"),
        "no weights": restore(_source(), model=str(WORK / "photo.jpg")),
    }


def test_model_that_is_not_there(models: Result, engine_home: EngineOutside) -> None:
    Outcome(models, "unknown").check_refused(
        'There is no model and no file "nobody". Installed models: GPEN-Mini-256. Or give a'
        f" weights file by its path, or put it into {engine_home.home.models}."
    )
    Outcome(models, "not here").check_refused(
        "The weights of GPEN-BFR-512 are not installed. Get them with: gpen models get"
        " GPEN-BFR-512; or choose the model in GIMP's dialog, which downloads it."
    )
    Outcome(models, "no weights").check_refused(
        "The file photo.jpg is not a weights file, or it is damaged."
        " Choose a GPEN weights file (.pth, .pt or .safetensors)."
    )


@in_gimp
def other_version() -> object:
    outside("start_engine")
    before = outside("process")
    outside("install", version="0.0.0")
    told = restore(_source())
    after = outside("process")
    outside("install")
    return {"told": told, "before": before, "after": after}


def test_engine_of_another_version_is_replaced(other_version: Result) -> None:
    outcome = Outcome(other_version, "told")
    outcome.check_added()
    outcome.check_layer(outcome.expected())
    assert other_version["before"] != other_version["after"]


@in_gimp
def folder_open_to_all() -> object:
    outside("start_engine")
    outside("open_to_all")
    told = restore(_source())
    outside("close_to_others")
    return {"told": told}


def test_folder_that_is_not_private(folder_open_to_all: Result, engine_home: EngineOutside) -> None:
    Outcome(folder_open_to_all, "told").check_refused(
        f"The folder {engine_home.home.private} is not yours alone, so the engine does not use it."
        " Delete it; the engine makes it again."
    )


@in_gimp
def full_disk() -> object:
    outside("start_engine")
    outside("fill_disk")
    return {"told": restore(_source())}


def test_log_on_a_full_disk(full_disk: Result) -> None:
    """The log is not worth a failure."""
    outcome = Outcome(full_disk, "told")
    outcome.check_added()
    outcome.check_layer(outcome.expected())


@in_gimp
def frozen() -> object:
    outside("start_engine")
    outside("freeze")
    outside("install", command=["/bin/sh", "-c", "echo it hangs; exit 1"])
    told = restore(_source())
    outside("kill_engine")
    outside("install")
    return {"told": told, "after": restore(_source())}


@pytest.mark.slow
def test_engine_that_hangs(frozen: Result) -> None:
    Outcome(frozen, "told").check_refused("The GPEN engine does not start (it hangs). " + REPAIRED)
    Outcome(frozen, "after").check_added()
