"""A model is fetched before faces are restored with it: the engine's stand-in, and a user."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from background import Step, Task
from engine_stand_in import MISSING, serving
from getting import get_model

from gpen_engine.errors import GpenError
from gpen_engine.wire import EngineHome, Fetch, ModelInfo

PATIENCE = 5.0


class User:
    """Answers as told, and remembers what the window showed."""

    def __init__(self, *answers: bool, cancels: int = 0) -> None:
        self._answers = list(answers)
        self._cancels = cancels
        self.opened = 0
        self.offered: list[ModelInfo] = []
        self.troubles: list[str] = []
        self.news: list[Step] = []

    @contextlib.contextmanager
    def window(self) -> Iterator[User]:
        self.opened += 1
        yield self

    def wait(self, task: Task[Any]) -> Any:
        if self._cancels and len(self.offered) == self._cancels:
            task.cancel()
        task.wait(PATIENCE)
        news = task.latest()
        if news:
            self.news.append(news)
        return task.result()

    def agrees(self, model: ModelInfo, trouble: str) -> bool:
        self.offered.append(model)
        self.troubles.append(trouble)
        return self._answers.pop(0)


@pytest.mark.parametrize("name", ["", "here"])
def test_nobody_is_asked_for_what_is_here(home: EngineHome, name: str) -> None:
    home.models.mkdir()
    (home.models / "here.pth").touch()
    user = User()
    get_model(name, home, user.window)
    assert user.opened == 0


@pytest.mark.parametrize("name", ["nobody", "small-256", "own"])
def test_nothing_is_offered_that_the_engine_has_or_does_not_know(
    home: EngineHome, name: str
) -> None:
    user = User()
    with serving(home) as engine:
        get_model(name, home, user.window)
    assert user.offered == []
    assert engine.fetches == []


def test_who_agrees_gets_it(home: EngineHome) -> None:
    user = User(True)
    with serving(home) as engine:
        get_model("big-512", home, user.window)
    assert user.offered == [MISSING]
    assert engine.fetches == [Fetch("Big-512", True)]
    assert user.news[-1].text == "50 of 284 MB, 2.0 MB/s, 2 minutes left"


def test_nothing_is_fetched_for_who_does_not(home: EngineHome) -> None:
    user = User(False)
    with serving(home) as engine, pytest.raises(GpenError) as cancelled:
        get_model("Big-512", home, user.window)
    assert cancelled.value.code == "cancelled"
    assert engine.fetches == []


def test_what_goes_wrong_is_shown_and_may_be_tried_again(home: EngineHome) -> None:
    user = User(True, True)
    with serving(home) as engine:
        engine.fault = GpenError("download_failed", "It broke off.", "Look at the network.")
        get_model("Big-512", home, user.window)
    assert user.troubles == ["", "It broke off. Look at the network."]
    assert len(engine.fetches) == 2


def test_who_cancels_is_not_asked_again(home: EngineHome) -> None:
    user = User(True, cancels=1)
    with serving(home), pytest.raises(GpenError) as cancelled:
        get_model("Big-512", home, user.window)
    assert cancelled.value.code == "cancelled"
    assert len(user.offered) == 1


def test_an_engine_that_is_not_installed_is_told_of(home: EngineHome) -> None:
    with pytest.raises(GpenError) as missing:
        get_model("Big-512", home, User().window)
    assert missing.value.code == "engine_missing"
