"""A conversation with the engine that goes on while GIMP stays alive.

A thread speaks with the engine and touches bytes and the connection only. The main thread, the
only one that may call GIMP, reads the picture strip by strip as the thread sends it.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple, TypeVar

from translate import _

from gpen_engine.errors import GpenError
from gpen_engine.wire import Engine, PatchRows, Progress, Reply, Request

AHEAD = 3
"""Strips that wait for the engine to take them; one more is being read."""
STEP = 0.05
"""Seconds between two looks at whether the user cancelled."""
CHECK = 0.25
"""Seconds between two looks at whether the picture is still there, while nothing is read."""

Reach = Callable[[Callable[[], None], Callable[[], bool]], Engine]
"""Gives a conversation with the engine; gets a function to call when the engine has to be started,
and one that tells whether the user cancelled."""
Outcome = tuple[Reply, list[PatchRows]]
T = TypeVar("T")


class Picture(NamedTuple):
    """What is sent: strips that are read from GIMP when they are asked for."""

    request: Request
    strips: Iterator[bytes]
    """Of the pixels, then of the selection."""
    counts: tuple[int, int]
    """How many of either there are."""
    check: Callable[[], None] = lambda: None
    """Raises when the picture is gone. To read from it then would end the plug-in."""


class Talk(ABC):
    """One conversation about a picture; begins at once.

    Args:
        picture: read in the main thread by :meth:`feed`.
        reach: called in the thread.

    Attributes:
        news: what the thread reports, the stages of the wire and ``start`` and ``send`` of its own.
        reading: seconds that reading from GIMP took.
        checksum: of the strips that the engine took.
    """

    def __init__(self, picture: Picture, reach: Reach) -> None:
        self.news: queue.Queue[Progress] = queue.Queue()
        self._picture = picture
        self._reach = reach
        self._strips: queue.Queue[bytes] = queue.Queue(AHEAD)
        self._left = sum(picture.counts)
        self._strip: bytes | None = None
        self.reading = 0.0
        self.checksum = 0
        self._check_again = 0.0
        self._cancelled = threading.Event()
        self._outcome: Outcome | BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="gpen talk", daemon=True)
        self._thread.start()

    @abstractmethod
    def _talk(self, engine: Engine, pixels: Iterator[bytes], selection: Iterator[bytes]) -> Outcome:
        """What the thread does. The strips come from the main thread."""

    def feed(self, patience: float = 0.0) -> bool:
        """Reads a strip in the thread that calls, and hands it over. False when none is wanted
        within so many seconds. Raises when the picture is gone."""
        reads = self._strip is None and self._left > 0
        if reads or time.monotonic() > self._check_again:
            self._picture.check()
            self._check_again = time.monotonic() + CHECK
        if reads:
            began = time.monotonic()
            self._strip = next(self._picture.strips)
            self._left -= 1
            self.reading += time.monotonic() - began
        if self._strip is None:
            self.wait(patience)
            return False
        try:
            self._strips.put(self._strip, timeout=patience or None, block=patience > 0)
        except queue.Full:
            return False
        self._strip = None
        return True

    @property
    def is_read(self) -> bool:
        """Whether nothing is to be read from GIMP any more."""
        return self._left == 0

    @property
    def finished(self) -> bool:
        return not self._thread.is_alive()

    def wait(self, seconds: float) -> None:
        """Until it is finished, but no longer than that."""
        self._thread.join(seconds)

    def cancel(self) -> None:
        """Asks the thread to stop. Should it hang in the connection, it ends with the process,
        which closes the connection as well."""
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def result(self) -> Outcome:
        """What came of it. Raises what went wrong."""
        if self.cancelled:
            raise _cancelled()
        if self._outcome is None or isinstance(self._outcome, BaseException):
            raise self._outcome or RuntimeError("the conversation has not finished")
        return self._outcome

    def _run(self) -> None:
        try:
            started = Progress("start", 0, 0)
            with self._reach(lambda: self.news.put(started), self._cancelled.is_set) as engine:
                strips = self._arriving()
                pixels, selection = self._picture.counts
                self._outcome = self._talk(
                    engine, islice(strips, pixels), islice(strips, selection)
                )
        except BaseException as error:  # the main thread raises it
            self._outcome = error

    def _arriving(self) -> Iterator[bytes]:
        total = sum(self._picture.counts)
        for number in range(total):
            self.news.put(Progress("send", number, total))
            strip = self._next(self._strips)
            self.checksum = zlib.crc32(strip, self.checksum)
            yield strip

    def _next(self, things: queue.Queue[T]) -> T:
        """What the main thread hands over next."""
        while not self._cancelled.is_set():
            with contextlib.suppress(queue.Empty):
                return things.get(timeout=STEP)
        raise _cancelled()


def _cancelled() -> GpenError:
    return GpenError("cancelled", _("The restoration was cancelled."))
