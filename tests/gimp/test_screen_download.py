"""A model that is not here, chosen in the dialog: offered, downloaded, cancelled, resumed, used."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from console import HERE, Gimp, Setting
from engine_outside import EngineOutside
from halves import Result, on_screen

if TYPE_CHECKING:
    from plugin_windows import options
    from screen import Dialog, Screen

pytestmark = pytest.mark.slow

TITLE = "Download a Model (GPEN)"
NAME = "GPEN-BFR-512"
MISSING = "GPEN-BFR-512 (not here yet, 16 MB)"
UNTOUCHED = [False, "1 layer", ""]


@pytest.fixture(scope="module")
def lending_engine(gimp: Gimp) -> Iterator[EngineOutside]:
    """For each GIMP one without any models."""
    engine = EngineOutside(program=[str(HERE / "lending_engine.py")])
    try:
        with engine.on_request():
            yield engine
    finally:
        engine.remove()


@pytest.fixture(scope="module")
def setting(lending_engine: EngineOutside, shared: Path) -> Setting:
    photo = (shared / "photos" / "old_oval.jpg").read_bytes()
    return lending_engine.setting(files={"oval.jpg": photo})


@on_screen
def _models() -> list[str]:
    folder = Path(os.environ["GPEN_ENGINE_HOME"], "models")
    return sorted(path.name for path in folder.iterdir())


@on_screen
def _megabytes(window: Dialog) -> float:
    """How much is downloaded, as the window says."""
    texts = [text for text in window.texts() if " of 16 MB" in text]
    return float(texts[0].split()[0]) if texts else 0.0


@on_screen
def _offered(screen: Screen, gimp: Any) -> Dialog:
    """The window with the offer, after the model was chosen."""
    dialog = options(screen, gimp)
    look = lambda: dialog.frame.find(MISSING, "menu item")  # noqa: E731
    screen.wait("the missing model", look, 60).press()
    dialog.press("Restore")
    window = screen.dialog(TITLE)
    window.find("Download", "button")
    return window


@on_screen
def offered() -> object:
    with Screen() as screen, screen.gimp("oval.jpg") as gimp:
        dialog = options(screen, gimp)  # the engine is only just being started
        seen = {"at once": dialog.get("Model")}
        look = lambda: dialog.frame.find(MISSING, "menu item")  # noqa: E731
        choice = screen.wait("the missing model", look, 60)
        seen["listed"] = [w.name for w in dialog.frame.walk() if w.role == "menu item"]
        choice.press()
        seen["chosen"] = dialog.get("Model")
        dialog.shot("options")
        dialog.press("Cancel")
        dialog.wait_gone()

        window = _offered(screen, gimp)
        window.shot("offer")
        screen.shot("offer-on-screen")
        seen["texts"] = window.texts()
        fields = ("Size", "Faces", "From", "Terms")
        seen["labelled"] = {field: window.frame.value(field) for field in fields}
        window.keys("Escape")
        window.wait_gone()
        seen["declined"] = [gimp.state(), _models()]
        return seen


@on_screen
def downloaded() -> object:
    with Screen() as screen, screen.gimp("oval.jpg") as gimp:
        window = _offered(screen, gimp)
        window.press("Download")
        screen.wait("a third of it", lambda: _megabytes(window) > 5)
        window.shot("progress", still=False)
        seen = {"progress": window.texts()}
        seen["bar"] = window.find("Download", "progress bar").name
        window.press("Cancel")
        window.wait_gone()
        screen.wait("its end", lambda: not any(name.endswith(".lock") for name in _models()))
        seen["cancelled"] = [gimp.state(), _models()]

        window = _offered(screen, gimp)
        seen["offered again"] = window.frame.value("Size")
        window.press("Download")
        screen.wait("an error", lambda: any("404" in text for text in window.texts()))
        window.shot("trouble")
        seen["trouble"] = window.texts()
        window.press("Download")
        screen.wait("progress", lambda: _megabytes(window))
        seen["resumed at"] = _megabytes(window)
        window.wait_gone(60)
        gimp.wait_title("2 layers", 60)
        screen.shot("restored")
        seen["restored"] = [gimp.state(), _models()]
        seen["asked"] = Path(os.environ["GPEN_ENGINE_HOME"], "asked.txt").read_text().split("\n")
        gimp.keys("ctrl+z")
        gimp.wait_title("1 layer)")

        dialog = options(screen, gimp)
        seen["afterwards"] = dialog.get("Model")
        dialog.press("Cancel")
        dialog.wait_gone()
        return seen


def test_the_dialog_opens_before_the_engine_runs_and_is_filled_then(offered: Result) -> None:
    assert offered["at once"] == "Default"
    assert offered["listed"][:3] == ["Default", "GPEN-BFR-256 (not here yet, 76 MB)", MISSING]
    assert not [name for name in offered["listed"] if "Colorization" in name or "Net" in name]
    assert offered["chosen"] == MISSING


def test_what_a_model_is_and_its_terms_are_told_before_anything_is_fetched(offered: Result) -> None:
    told = {field: text or "" for field, text in offered["labelled"].items()}
    assert told["Size"] == "16 MB"
    assert told["Faces"] == "restored at 256 × 256 pixels"
    assert told["From"] == "127.0.0.1"
    assert told["Terms"].startswith("Copyright Alibaba 2021")
    names = [text for text in offered["texts"] if text in told]
    assert names == list(told)  # in the order in which they are read
    assert offered["declined"] == [UNTOUCHED, []]


def test_a_download_is_shown_and_cancelled(downloaded: Result) -> None:
    (text,) = [text for text in downloaded["progress"] if " of 16 MB" in text]
    assert text.endswith(" MB/s, less than a minute left")
    assert downloaded["bar"] == "Download"
    state, models = downloaded["cancelled"]
    assert state == UNTOUCHED
    assert models == [f"{NAME}.safetensors.part", f"{NAME}.safetensors.part.json", "terms.json"]


def test_what_goes_wrong_is_told_and_can_be_tried_again(downloaded: Result) -> None:
    (text,) = [text for text in downloaded["trouble"] if "404" in text]
    assert text.startswith("The file could not be downloaded: 127.0.0.1 has no such file")


def test_a_download_goes_on_and_the_restoration_after_it(downloaded: Result) -> None:
    assert downloaded["offered again"].startswith("16 MB, of which ")
    assert downloaded["resumed at"] > 5
    first, failed, resumed, _ = downloaded["asked"]
    assert first == "None"
    assert int(resumed.removeprefix("bytes=").removesuffix("-")) > 5e6
    assert failed == resumed
    state, models = downloaded["restored"]
    assert state == [True, "2 layers", "Undo Restore Faces (GPEN)"]
    assert models == [f"{NAME}.safetensors", "sums.json", "terms.json"]


def test_what_was_downloaded_is_listed_as_here(downloaded: Result) -> None:
    assert downloaded["afterwards"] == NAME
