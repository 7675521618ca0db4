"""The whole procedure, with an engine's stand-in and GIMP's."""

from __future__ import annotations

from typing import Any

import fake_gi
import pytest
from engine_stand_in import Visit, restore, serving
from run import run
from settings import Settings

from gpen_engine.errors import GpenError
from gpen_engine.wire import EngineHome


@pytest.fixture(autouse=True)
def _own_home(home: EngineHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPEN_ENGINE_HOME", str(home.folder))


def call(image: fake_gi.Image, *drawables: Any, **chosen: Any) -> list[Any]:
    config = fake_gi.Config()
    Settings(**chosen).apply(config)
    answer = run(fake_gi.Procedure(), fake_gi.NONINTERACTIVE, image, drawables, config, None)
    return list(answer)


@pytest.mark.parametrize("result", ["layer", "faces", "merged"])
def test_the_new_layer_is_returned(home: EngineHome, result: str) -> None:
    image = fake_gi.Image(8, 8)
    source = image.layer()
    with serving(home):
        status, value = call(image, source, result=result)
    assert status == "success"
    assert value.held is image.stack[0]
    assert value.held is not source


def test_a_selection_is_sent_along(home: EngineHome) -> None:
    seen: list[Visit] = []

    def behave(visit: Visit) -> None:
        seen.append(visit)
        restore(visit)

    image = fake_gi.Image(8, 8)
    image.select(2, 2, 4, 4)
    with serving(home, behave):
        assert call(image, image.layer())[0] == "success"
    assert seen[0].request.selected
    assert seen[0].selection.count(255) == 4


def refuses(visit: Visit) -> None:
    visit.take()
    raise GpenError("no_face", "No face was found in the picture.", "Use --threshold.")


def dies(visit: Visit) -> None:
    visit.take()


def test_no_face(home: EngineHome) -> None:
    image = fake_gi.Image()
    with serving(home, refuses):
        status, text = call(image, image.layer())
    assert status == "execution error"
    assert text.startswith("No face was found in the picture. Lower")
    assert (len(image.stack), image.steps) == (1, [])


def test_an_engine_that_dies(home: EngineHome) -> None:
    image = fake_gi.Image()
    with serving(home, dies):
        status, text = call(image, image.layer())
    assert status == "execution error"
    assert "was lost" in text
    assert (len(image.stack), image.steps) == (1, [])


def test_no_engine_says_how_to_install_it() -> None:
    image = fake_gi.Image()
    status, text = call(image, image.layer())
    assert status == "execution error"
    assert text.endswith("python3 install.py")


def test_an_image_that_is_closed_meanwhile(home: EngineHome) -> None:
    image = fake_gi.Image()

    def behave(visit: Visit) -> None:
        visit.take()
        image.valid = False
        visit.answer()

    with serving(home, behave):
        status, text = call(image, image.layer())
    assert status == "execution error"
    assert "was closed" in text
    assert image.steps == []


def test_nobody_is_asked_when_no_layer_is_selected() -> None:
    status, text = call(fake_gi.Image())
    assert status == "execution error"
    assert text.startswith("No layer is selected. Select one layer")


def test_what_nobody_foresaw_is_told_with_the_log(home: EngineHome) -> None:
    image = fake_gi.Image()
    image.refuses = "Restored faces (stand-in)"
    with serving(home):
        status, text = call(image, image.layer())
    assert status == "execution error"
    assert text.startswith("Something unexpected went wrong")


def test_who_cancels_is_told_nothing(home: EngineHome) -> None:
    def behave(_: Visit) -> None:
        raise GpenError("cancelled", "The restoration was cancelled.")

    image = fake_gi.Image()
    with serving(home, behave):
        assert call(image, image.layer())[0] == "cancel"
