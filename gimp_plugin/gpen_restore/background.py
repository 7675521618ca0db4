"""Work that a thread does while GIMP's windows stay alive."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from translate import _

from gpen_engine.errors import GpenError

T = TypeVar("T")


class Step(NamedTuple):
    """What is being done."""

    text: str
    done: float | None = None
    """How much of it, 0..1; None while that cannot be said."""


class Task(Generic[T]):
    """One piece of work; begins at once. It touches bytes and connections only, never GIMP.

    Args:
        work: gets a function that takes its news, and one that tells whether the user cancelled.
    """

    def __init__(self, work: Callable[[Callable[[Step], None], Callable[[], bool]], T]) -> None:
        self._work = work
        self._news: queue.Queue[Step] = queue.Queue()
        self._cancelled = threading.Event()
        self._result: list[T] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="gpen task", daemon=True)
        self._thread.start()

    @property
    def finished(self) -> bool:
        return not self._thread.is_alive()

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Asks the thread to stop. Should it hang in a connection, it ends with the process."""
        self._cancelled.set()

    def wait(self, seconds: float) -> None:
        """Until it is finished, but no longer than that."""
        self._thread.join(seconds)

    def latest(self) -> Step | None:
        """Its last news since this was asked before; for one thread only."""
        step = None
        while not self._news.empty():
            step = self._news.get_nowait()
        return step

    def result(self) -> T:
        """What came of it. Raises what went wrong."""
        if self.cancelled:
            raise GpenError("cancelled", _("It was cancelled."))
        if self._error:
            raise self._error
        return self._result[0]

    def _run(self) -> None:
        try:
            self._result.append(self._work(self._news.put, self._cancelled.is_set))
        except BaseException as error:  # whoever asks for the result gets it
            self._error = error
