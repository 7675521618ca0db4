"""The list of faces, and the conversation behind it, with an engine's stand-in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from choices import moved
from engine_stand_in import FACES, StandIn, serving
from face_list import FaceList
from look import Look
from talk import Picture

from gpen_engine.errors import GpenError
from gpen_engine.wire import EngineHome, FaceInfo, Request, connect

PATIENCE = 20.0
ORIGIN = (100, 50)
HERE = moved(FACES, *ORIGIN)
REQUEST = Request(8, 6, threshold=0.5)


@dataclass
class Dialog:
    """A list of faces with what surrounds it."""

    engine: StandIn
    look: Look
    faces: FaceList
    request: Request = REQUEST
    can_preview: bool = True

    def until(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end
            self.look.feed(0.002)
            self.faces.tick()

    def seen(self) -> list[str]:
        return [kind for kind, _ in self.engine.looks[0].orders]

    def all_seen(self) -> bool:
        return self.faces.is_found and all(entry.preview for entry in self.faces.entries)


@pytest.fixture
def opened(home: EngineHome) -> Iterator[Callable[..., Dialog]]:
    """Opens a list; the former faces may be given."""
    looks = []

    def begin(former: Any = None, **more: Any) -> Dialog:
        strips = iter([bytes([n]) * 32 for n in range(6)])
        look = Look(Picture(REQUEST, strips, (6, 0)), lambda _start, _stop: connect(home))
        looks.append(look)
        faces = FaceList(ORIGIN, lambda: (dialog.request, dialog.can_preview), former)
        dialog = Dialog(engine, look, faces, **more)
        faces.begin(look)
        return dialog

    with serving(home) as engine:
        yield begin
        for look in looks:
            look.cancel()
            look.wait(PATIENCE)


def test_faces_are_found_and_all_are_looked_at(opened: Callable[..., Dialog]) -> None:
    dialog = opened()
    changes: list[object] = []
    dialog.faces.changed = changes.append
    assert dialog.faces.chosen() is None
    dialog.until(dialog.all_seen)
    faces = dialog.faces
    assert [entry.face for entry in faces.entries] == list(HERE)
    assert changes == [None, *faces.entries]
    assert faces.selected is faces.entries[0]
    orders = dialog.engine.looks[0].orders
    assert [kind for kind, _ in orders] == ["find", "preview", "preview"]
    assert [request.faces for _, request in orders] == [None, FACES[:1], FACES[1:]]
    assert faces.entries[0].preview.info.similarity == 0.9
    assert faces.chosen() is None
    assert faces.text == ""


def test_the_end_is_the_restoration(opened: Callable[..., Dialog]) -> None:
    dialog = opened()
    dialog.until(dialog.all_seen)
    dialog.look.order("finish", replace(REQUEST, result="faces"))
    dialog.until(lambda: dialog.look.finished)
    reply, patches = dialog.look.result()
    assert (reply.model, len(patches)) == ("stand-in", 1)
    assert dialog.seen()[-1] == "finish"
    assert not dialog.look.was_lost


def test_what_is_chosen(opened: Callable[..., Dialog]) -> None:
    dialog = opened()
    faces = dialog.faces
    dialog.until(dialog.all_seen)
    first, second = faces.entries
    first.ticked = False
    second.strength = 0.5
    assert faces.chosen() == (replace(HERE[1], strength=0.5),)
    faces.tick_all(False)
    assert faces.chosen() == ()
    assert faces.is_empty
    faces.tick_all(True)
    faces.remove(second)
    assert faces.chosen() == HERE[:1]
    assert faces.selected is first
    faces.remove(first)
    assert faces.is_empty
    assert faces.selected is None


def test_from_face_to_face_and_their_ticks(opened: Callable[..., Dialog]) -> None:
    dialog = opened()
    faces = dialog.faces
    assert faces.beside(1) is None
    dialog.until(dialog.all_seen)
    first, second = faces.entries
    assert [faces.beside(steps) for steps in (-1, 0, 1, 2)] == [first, first, second, second]
    faces.selected = None
    assert faces.beside(1) is first
    changes: list[object] = []
    dialog.faces.changed = changes.append
    faces.toggle(second)
    assert (second.ticked, changes) == (False, [second])
    faces.toggle(second)
    assert second.ticked


def test_a_face_that_is_drawn_is_added_and_looked_at(opened: Callable[..., Dialog]) -> None:
    dialog = opened()
    faces = dialog.faces
    dialog.until(dialog.all_seen)
    faces.mark((102.0, 50.0, 106.0, 54.0))
    dialog.until(lambda: len(faces.entries) == 3 and dialog.all_seen())
    assert faces.selected is faces.entries[2]
    assert faces.entries[2].added
    orders = dialog.engine.looks[0].orders
    assert [kind for kind, _ in orders[3:]] == ["mark", "preview"]
    assert orders[3][1].faces[0].box == (2.0, 0.0, 6.0, 4.0)
    assert faces.chosen() is not None
    assert len(faces.chosen()) == 3
    faces.remove(faces.entries[2])
    assert faces.chosen() is None  # as it was


def test_the_selected_face_comes_first(opened: Callable[..., Dialog]) -> None:
    dialog = opened(can_preview=False)
    dialog.until(lambda: dialog.faces.is_found and dialog.faces.text)
    assert "not here yet" in dialog.faces.text
    dialog.faces.selected = dialog.faces.entries[1]
    dialog.can_preview = True
    dialog.until(dialog.all_seen)
    assert [request.faces for _, request in dialog.engine.looks[0].orders[1:]] == [
        FACES[1:],
        FACES[:1],
    ]


def test_a_model_that_is_chosen_no_more_is_not_spoken_of(opened: Callable[..., Dialog]) -> None:
    dialog = opened()
    dialog.until(dialog.all_seen)
    dialog.can_preview = False
    dialog.until(lambda: "not here yet" in dialog.faces.text)
    dialog.can_preview = True
    dialog.until(lambda: not dialog.faces.text)


def test_other_options_are_looked_at_again(opened: Callable[..., Dialog]) -> None:
    dialog = opened()
    faces = dialog.faces
    dialog.until(dialog.all_seen)
    faces.entries[0].ticked = False
    faces.remove(faces.entries[1])
    dialog.request = replace(REQUEST, seed=3)
    dialog.until(lambda: len(dialog.seen()) == 4 and not dialog.faces._busy)
    dialog.request = replace(REQUEST, threshold=0.3, seed=3)
    dialog.until(lambda: len(dialog.seen()) == 5 and not dialog.faces._busy)
    assert dialog.seen()[3:] == ["preview", "find"]
    assert [entry.ticked for entry in faces.entries] == [False]  # and the other is still removed


def test_what_is_refused_is_told_once(opened: Callable[..., Dialog]) -> None:
    dialog = opened()
    dialog.until(dialog.all_seen)
    dialog.request = replace(REQUEST, model="missing")
    dialog.until(lambda: len(dialog.seen()) == 5 and not dialog.faces._busy)
    for _ in range(20):
        dialog.faces.tick()
    assert dialog.seen()[3:] == ["preview", "preview"]
    assert dialog.faces.text == "There is no such model."


def test_a_former_choice_is_found_again(opened: Callable[..., Dialog]) -> None:
    weak = replace(HERE[1], box=(104.5, 51.0, 107.0, 55.0), strength=0.4)
    drawn = FaceInfo((190.0, 90.0, 199.0, 99.0), (3.0,) * 10, 0.0)
    dialog = opened((weak, drawn))
    assert dialog.faces.chosen() == (weak, drawn)  # should nobody wait for the search
    dialog.until(lambda: dialog.faces.is_found)
    assert [entry.ticked for entry in dialog.faces.entries] == [False, True, True]
    assert dialog.faces.chosen() == (weak, drawn)


def test_an_engine_that_is_lost(opened: Callable[..., Dialog]) -> None:
    dialog = opened()
    dialog.until(dialog.all_seen)
    dialog.request = replace(REQUEST, model="deadly")
    dialog.until(lambda: dialog.look.finished)
    assert dialog.look.was_lost
    dialog.faces.tick()
    assert "was lost" in dialog.faces.text
    with pytest.raises(GpenError, match="was lost"):
        dialog.look.result()
