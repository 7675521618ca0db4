"""Jobs in a queue: first come, first served."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Place:
    """One job's place in the queue."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    def ahead(self) -> int:
        """How many jobs are before this one; at 0 it is its turn."""
        return self._turns.ahead_of(self)


class Turns:
    """The queue. A job keeps its turn until it leaves, be it done or given up."""

    def __init__(self) -> None:
        self._line: list[Place] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Jobs that wait or work."""
        return len(self._line)

    @contextmanager
    def line_up(self) -> Iterator[Place]:
        """Takes the last place, for as long as the block lasts."""
        place = Place(self)
        with self._lock:
            self._line.append(place)
        try:
            yield place
        finally:
            with self._lock:
                self._line.remove(place)

    def ahead_of(self, place: Place) -> int:
        with self._lock:
            return self._line.index(place)
