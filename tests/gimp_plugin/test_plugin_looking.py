"""Whether the end of the dialog goes on with what the dialog began."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import fake_gi
import pytest
from engine_stand_in import StandIn, serving
from look import Look
from looking import Looked, look_at, restoration
from rectangle import Rectangle
from settings import Settings
from target import Target, find_target

from gpen_engine.wire import EngineHome

PATIENCE = 20.0


class Scene:
    """A layer that is looked at."""

    def __init__(self) -> None:
        self.image = fake_gi.Image(8, 6)
        self.layer = self.image.layer()
        self.layer.plane[:] = bytes(n % 251 for n in range(len(self.layer.plane)))
        self.target: Target = find_target(self.image, [self.layer])
        self.area, selected = self.target.area()
        self.looked: Looked = look_at(
            self.target, self.layer, self.area, selected, Settings(threshold=0.5)
        )
        self.until(lambda: not self.looked.look.answers.empty())

    def until(self, condition: Callable[[], object], talk: Any = None) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end
            (talk or self.looked.look).feed(0.002)

    def finished(self, **more: Any) -> Any:
        """The restoration, when it is over."""
        area = more.pop("area", self.area)
        request = replace(self.looked.request, **more)
        steps: list[None] = []
        talk = restoration(
            self.looked, self.target, self.layer, area, request, lambda: steps.append(None)
        )
        self.until(lambda: talk.finished, talk)
        assert talk.result()[0].model == "stand-in"
        return talk


@pytest.fixture
def engine(home: EngineHome, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.setenv("GPEN_ENGINE_HOME", str(home.folder))
    monkeypatch.setattr("looking.reach", lambda home, **_: _connected(home))
    with serving(home) as running:
        yield running


def _connected(home: EngineHome) -> Any:
    from gpen_engine.wire import connect

    return connect(home)


def test_the_same_picture_is_not_sent_again(engine: StandIn) -> None:
    scene = Scene()
    assert scene.finished(threshold=0.7, result="faces", model="x") is scene.looked.look
    (order,) = engine.looks[0].orders
    assert (order[0], order[1].threshold, order[1].result) == ("finish", 0.7, "faces")
    assert engine.looks[0].pixels == scene.layer.plane


def test_a_picture_that_was_changed_is(engine: StandIn) -> None:
    scene = Scene()
    scene.layer.plane[17] ^= 1
    talk = scene.finished()
    assert not isinstance(talk, Look)
    assert scene.looked.look.cancelled
    scene.looked.look.wait(PATIENCE)
    assert engine.looks[0].orders == []


def test_so_is_another_part_of_it(engine: StandIn) -> None:
    assert not isinstance(Scene().finished(area=Rectangle(0, 1, 8, 5), height=5), Look)


def test_so_is_one_of_which_a_part_is_selected_now(engine: StandIn) -> None:
    scene = Scene()
    scene.image.select(0, 0, 8, 6)
    assert not isinstance(scene.finished(selected=True), Look)


def test_what_ended_by_itself_begins_anew(engine: StandIn) -> None:
    scene = Scene()
    scene.looked.look.order("find", replace(scene.looked.request, model="deadly"))
    scene.until(lambda: scene.looked.look.finished)
    assert scene.looked.look.was_lost
    assert not isinstance(scene.finished(), Look)
