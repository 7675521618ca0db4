"""The memory that pictures in flight may take."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest

from gpen_engine.batch.budget import CONVERTED, COPIES, Budget, bytes_needed
from gpen_engine.errors import GpenError
from gpen_engine.pictures import Picture, write_picture


@contextmanager
def running(budget: Budget, size: int) -> Iterator[tuple[threading.Event, threading.Event]]:
    """A thread that asks for so much: whether it got it, and what makes it give it back."""
    got, done = threading.Event(), threading.Event()

    def take() -> None:
        with budget.held(size):
            got.set()
            done.wait(30)

    thread = threading.Thread(target=take)
    thread.start()
    try:
        yield got, done
    finally:
        done.set()
        thread.join()


def test_who_finds_no_room_waits_for_it() -> None:
    budget = Budget(100)
    with running(budget, 60) as (first, done), running(budget, 60) as (second, _):
        assert first.wait(30) != second.is_set()
        done.set()
        assert second.wait(30)
    assert budget.used == 0


def test_the_largest_goes_alone_and_is_not_passed_for_ever() -> None:
    budget = Budget(100)
    with ExitStack() as stack, ExitStack() as first:
        first.enter_context(budget.held(40))
        large, large_done = stack.enter_context(running(budget, 500))
        assert not large.wait(0.3)
        small, _ = stack.enter_context(running(budget, 10))
        assert not small.wait(0.3)  # though there is room: the large one came before
        first.close()
        assert large.wait(30)
        assert not small.wait(0.3)
        large_done.set()
        assert small.wait(30)
    assert budget.used == 0


def test_waiting_can_be_cancelled() -> None:
    budget = Budget(100)
    with budget.held(100), pytest.raises(GpenError) as caught, budget.held(1, lambda: True):
        pass
    assert caught.value.code == "cancelled"
    with budget.held(100):
        assert budget.used == 100


@pytest.mark.parametrize(
    ("name", "dtype", "stored"),
    [
        ("a.png", np.uint8, 3),
        ("a.png", np.uint16, 6),
        ("a.tif", np.uint16, 6),
        ("a.tif", np.float32, 12),
        ("a.jpg", np.uint8, 3),
        ("a.webp", np.uint8, 3),
    ],
)
def test_the_first_bytes_tell_what_it_takes(
    tmp_path: Path, name: str, dtype: type, stored: int
) -> None:
    write_picture(tmp_path / name, Picture(np.zeros((20, 30, 3), dtype)))
    assert bytes_needed(tmp_path / name) == 600 * (COPIES * stored + CONVERTED)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:14])
    assert bytes_needed(tmp_path / name) == 0
