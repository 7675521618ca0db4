"""Asking the engine once a second, in a thread, so that the window with the answers stays alive
whatever the engine does. Asking never starts it, even where the system would."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass

from gpen_engine.errors import GpenError
from gpen_engine.wire import EngineHome, Status, glance, reach

EVERY = 1.0
"""Seconds between two questions."""


@dataclass(frozen=True)
class News:
    """How the engine is."""

    state: str
    """``asking`` while nothing is known, ``stopped``, ``starting`` or ``running``."""
    status: Status | None = None
    trouble: str = ""
    """What went wrong, in a sentence."""


class EngineWatch:
    """The thread that asks.

    Args:
        home: of the engine.
        every: seconds between two questions.
    """

    def __init__(self, home: EngineHome, every: float = EVERY) -> None:
        self._home = home
        self._every = every
        self._news: queue.Queue[News] = queue.Queue()
        self._orders: queue.Queue[str] = queue.Queue()
        self._trouble = ""
        self._thread = threading.Thread(target=self._run, name="gpen watch", daemon=True)

    def begin(self) -> None:
        self._thread.start()

    def news(self) -> News | None:
        """The latest, or None when there is nothing new."""
        news = None
        while not self._news.empty():  # this is the only reader
            news = self._news.get_nowait()
        return news

    def order(self, what: str) -> None:
        """``start`` or ``stop``; comes back as news."""
        self._orders.put(what)

    def end(self) -> None:
        """Ends the thread; it is not waited for, because the engine may hang."""
        self._orders.put("end")

    def _run(self) -> None:
        order = ""
        while order != "end":
            self._obey(order)
            self._news.put(self._ask())
            try:
                order = self._orders.get(timeout=self._every)
            except queue.Empty:
                order = ""

    def _obey(self, order: str) -> None:
        if not order:
            return
        self._trouble = ""
        try:
            if order == "start":
                self._news.put(News("starting"))
                reach(self._home).close()
            else:
                with glance(self._home) as engine:
                    engine.stop()
        except GpenError as error:
            if error.code != "gone":
                self._trouble = str(error)

    def _ask(self) -> News:
        try:
            with glance(self._home) as engine:
                return News("running", engine.status(), self._trouble)
        except GpenError as error:
            trouble = self._trouble if error.code == "gone" else str(error)
            return News("stopped", trouble=trouble)
