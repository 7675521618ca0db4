"""A picture that the engine holds while the user chooses among its faces."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from typing import Any, NamedTuple

from talk import Outcome, Picture, Reach, Talk

from gpen_engine.errors import GpenError
from gpen_engine.wire import Engine, Progress, Request


class Answer(NamedTuple):
    """What came of an order."""

    kind: str
    result: Any
    """As the method of ``Engine`` of this name gives it; a GpenError where it was refused."""


class Look(Talk):
    """The conversation that stays open; begins at once.

    Attributes:
        answers: to the orders, in their order; ``look`` comes first, when the picture is there.
    """

    def __init__(self, picture: Picture, reach: Reach) -> None:
        self.answers: queue.Queue[Answer] = queue.Queue()
        self._orders: queue.Queue[tuple[str, Request]] = queue.Queue()
        self._finishing = self._begun = False
        super().__init__(picture, reach)

    def order(self, kind: str, request: Request) -> None:
        """Has something done: ``find``, ``mark``, ``preview``, or ``finish``, which ends it and
        whose outcome is the result."""
        self._orders.put((kind, request))

    @property
    def was_lost(self) -> bool:
        """Whether it failed before the engine began with the restoration."""
        return self.finished and not self._begun and isinstance(self._outcome, BaseException)

    def _talk(self, engine: Engine, pixels: Iterator[bytes], selection: Iterator[bytes]) -> Outcome:
        hooks: dict[str, Any] = {"progress": self._tell, "cancelled": self._cancelled.is_set}
        engine.look(self._picture.request, pixels, selection, **hooks)
        self.answers.put(Answer("look", None))
        while True:
            kind, request = self._next(self._orders)
            if kind == "finish":
                self._finishing = True
                return engine.finish(request, **hooks)
            try:
                result = getattr(engine, kind)(request, **hooks)
            except GpenError as error:
                if error.code == "gone":
                    raise
                result = error
            self.answers.put(Answer(kind, result))

    def _tell(self, step: Progress) -> None:
        self._begun = self._finishing
        self.news.put(step)
