from __future__ import annotations

import threading

import pytest
from background import Step, Task

from gpen_engine.errors import GpenError

PATIENCE = 5.0


def test_it_gives_what_came_of_it_and_its_latest_news() -> None:
    def work(tell, _cancelled) -> int:
        tell(Step("one"))
        tell(Step("two", 0.5))
        return 7

    task = Task(work)
    task.wait(PATIENCE)
    assert task.finished
    assert task.latest() == Step("two", 0.5)
    assert task.latest() is None
    assert task.result() == 7


def test_it_raises_what_went_wrong() -> None:
    def work(_tell, _cancelled) -> None:
        raise GpenError("gone", "It is gone.")

    task = Task(work)
    task.wait(PATIENCE)
    with pytest.raises(GpenError, match="It is gone"):
        task.result()


def test_who_cancels_gets_no_result_even_while_it_hangs() -> None:
    told, go = threading.Event(), threading.Event()

    def work(_tell, cancelled) -> None:
        while not cancelled():
            go.wait(0.001)
        told.set()
        go.wait(PATIENCE)

    task = Task(work)
    task.cancel()
    assert told.wait(PATIENCE)
    assert task.cancelled
    assert not task.finished
    with pytest.raises(GpenError) as cancelled:
        task.result()
    assert cancelled.value.code == "cancelled"
    go.set()
