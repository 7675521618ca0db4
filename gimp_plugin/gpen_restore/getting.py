"""Getting a model that is known but not here, before faces are restored with it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

import downloads
import sentences
import stages
from background import Step, Task
from log import LOG
from models_here import is_here
from translate import _

from gpen_engine.errors import GpenError
from gpen_engine.wire import Engine, EngineHome, Fetch, Fetched, ModelInfo, Progress, reach

T = TypeVar("T")


class Window(Protocol):
    """What the user sees of it."""

    def wait(self, task: Task[T]) -> T:
        """Shows a task's news until it is finished; gives what came of it.

        Raises:
            GpenError: ``cancelled`` when the user did so, else what the task raised.
        """

    def agrees(self, model: ModelInfo, trouble: str) -> bool:
        """Shows what a model is and its terms; whether the user wants it on these.

        Args:
            model: that is not here.
            trouble: what went wrong the last time, in a sentence; or empty.
        """


def get_model(
    name: str, home: EngineHome, window: Callable[[], AbstractContextManager[Window]]
) -> None:
    """Does nothing for a model that is here, and for one that nobody knows.

    Raises:
        GpenError: ``cancelled`` when the user does not want it, and those of ``reach``.
    """
    if is_here(name, home):
        return
    with window() as shown:
        model = shown.wait(Task(lambda tell, stop: _look_up(name, home, tell, stop)))
        if model is None or model.here or not model.source:
            return  # the restoration says so
        trouble = ""
        while shown.agrees(model, trouble):
            trouble = _try_to_fetch(model, home, shown)
            if not trouble:
                return
        raise GpenError("cancelled", _("The model was not downloaded."))


def _try_to_fetch(model: ModelInfo, home: EngineHome, window: Window) -> str:
    """What went wrong, in a sentence; empty when the model is here now."""
    try:
        fetched = window.wait(Task(lambda tell, stop: _fetch(model, home, tell, stop)))
    except GpenError as error:
        if error.code == "cancelled":
            raise
        LOG.info("%s: %s", error.code, error)
        return sentences.sentence(error)
    LOG.info("downloaded %s", fetched)
    return ""


def _look_up(
    name: str, home: EngineHome, tell: Callable[[Step], None], stop: Callable[[], bool]
) -> ModelInfo | None:
    tell(Step(_("Asking the engine…")))
    with _reach(home, tell, stop) as engine:
        return engine.models().named(name)


def _fetch(
    model: ModelInfo, home: EngineHome, tell: Callable[[Step], None], stop: Callable[[], bool]
) -> Fetched:
    tell(Step(_("Connecting…")))
    with _reach(home, tell, stop) as engine:
        wanted = Fetch(model.name, accepted=True)
        return engine.fetch(wanted, progress=lambda d: tell(downloads.step(d)), cancelled=stop)


def _reach(home: EngineHome, tell: Callable[[Step], None], stop: Callable[[], bool]) -> Engine:
    starting = Step(stages.sentence(Progress("start", 0, 0)))
    return reach(home, starting=lambda: tell(starting), cancelled=stop)
