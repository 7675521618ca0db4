"""The window of the engine, and an engine that is not installed, on a screen."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from console import Setting
from engine_outside import EngineOutside
from halves import Result, on_screen

if TYPE_CHECKING:
    from ask import outside
    from plugin_windows import MENU, options
    from screen import Screen

pytestmark = pytest.mark.slow

ENGINE = "GPEN Engine"
ROWS = ["State", "Device", "Loaded models", "Memory", "Waiting jobs", "Version", "Log folder"]


@pytest.fixture(scope="module")
def setting(engine_on_request: EngineOutside, shared: Path) -> Setting:
    launch = engine_on_request.home.launch_file
    aside = launch.with_name("aside.json")

    def uninstall() -> None:
        engine_on_request.stop()
        launch.rename(aside)

    def install() -> None:
        aside.rename(launch)

    def runs() -> bool:
        return engine_on_request.runs

    photo = (shared / "photos" / "old_oval.jpg").read_bytes()
    return engine_on_request.setting(
        files={"oval.jpg": photo},
        calls={"uninstall": uninstall, "install": install, "runs": runs},
    )


@on_screen
def engine() -> object:
    outside("stop_engine")
    with Screen() as screen, screen.gimp() as gimp:
        seen = {"menu": [gimp.menu_item(item).sensitive for item in (MENU, "Engine…")]}
        gimp.unfold("Filters", "Enhance", "GPEN")
        screen.shot("no-image")
        gimp.keys("Escape", "Escape", "Escape")

        gimp.menu("Engine…")
        window = screen.dialog(ENGINE)
        screen.wait("a stopped engine", lambda: "Not running" in window.texts())
        window.shot("stopped")
        window.press("Start")
        screen.wait("a start", lambda: "Starting…" in window.texts())
        window.shot("starting", still=False)
        screen.wait("a running engine", lambda: "Ready" in window.texts(), 60)
        window.shot("ready")
        seen["ready"], seen["pid"] = window.texts(), outside("start_engine")
        seen["rows"] = {row: window.frame.value(row) for row in ROWS}
        seen["home"] = os.environ["GPEN_ENGINE_HOME"]
        window.press("Stop")
        screen.wait("a stopped engine", lambda: "Not running" in window.texts())
        screen.wait("the end of its process", lambda: not outside("runs"))
        window.press("Close")
        window.wait_gone()
        return seen


@on_screen
def missing() -> object:
    outside("uninstall")
    with Screen() as screen, screen.gimp("oval.jpg") as gimp:
        options(screen, gimp).press("Restore")
        seen = {"message": gimp.message()}
        screen.shot("not-installed")
        screen.dialog("GIMP Message").press("OK")
        screen.wait_gone("GIMP Message")
        seen["state"] = gimp.state()
        gimp.menu("Engine…")
        window = screen.dialog(ENGINE)
        screen.wait("a stopped engine", lambda: "Not running" in window.texts())
        window.press("Start")
        screen.wait("a hint", lambda: any("install.py" in text for text in window.texts()))
        window.shot("cannot-start")
        seen["texts"] = window.texts()
        window.press("Close")
        outside("install")
        return seen


def test_without_an_image_there_is_the_engine_only(engine: Result) -> None:
    assert engine["menu"] == [False, True]


def test_the_engine_is_started_described_and_stopped(engine: Result) -> None:
    assert {"Ready", "cpu", "GPEN-Mini-256", "0"} < set(engine["ready"])
    assert any(text.endswith(" GB") for text in engine["ready"])
    assert any(f"process {engine['pid']}" in text for text in engine["ready"])
    assert engine["home"] + "/logs" in engine["ready"]


def test_a_screen_reader_hears_each_value_after_its_name(engine: Result) -> None:
    rows = engine["rows"]
    assert (rows["State"], rows["Device"], rows["Waiting jobs"]) == ("Ready", "cpu", "0")
    assert [text for text in engine["ready"] if text] == [t for row in rows.items() for t in row]


def test_an_engine_that_is_not_installed(missing: Result) -> None:
    repair = (
        "The GPEN engine is not installed. Open a terminal in the folder that you downloaded and"
        " run: python3 install.py"
    )
    assert repair in missing["message"]
    assert repair in missing["texts"]
    assert missing["state"] == [False, "1 layer", ""]
