"""Commands that are killed in mid-work, with all that they started: as a power cut ends them."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import psutil

PARTS = (1, 2, 3)
"""Quarters of the work after which a command is killed."""
PATIENCE = 600
"""Seconds in which it must have come so far."""


def killed_at_quarters(start: Callable[[], psutil.Popen], journal: Path, total: int) -> list[int]:
    """Starts a batch three times and kills it: after a quarter of its pictures, a half, and three.

    Args:
        start: starts the command, as the leader of a session of its own.
        journal: its file, which gets a line for each picture that is done.
        total: pictures.

    Returns:
        How many lines the journal had after each kill.
    """
    counts = []
    for part in PARTS:
        before = _lines(journal)
        goal = max(before + 1, total * part // 4)
        process, deadline = start(), time.monotonic() + PATIENCE
        try:
            while _lines(journal) < goal and process.poll() is None:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{_lines(journal)} of {goal} pictures are done")
                time.sleep(0.005)
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()  # or it would go on while all that it started is looked up
        finally:
            kill_all(process)
        counts.append(_lines(journal))
    return counts


def kill_all(process: psutil.Popen) -> None:
    """``kill -9`` of a session's leader and of all that came from it."""
    known: dict[int, psutil.Process] = {}
    for _ in range(100):  # what is killed may have started something just before
        known |= {one.pid: one for one in _children(process)}
        known |= {one.pid: one for one in psutil.process_iter() if _session(one) == process.pid}
        alive = [one for one in known.values() if _is_alive(one)]
        if not alive:
            return
        for one in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        process.poll()  # or it would stay as a zombie
        psutil.wait_procs(alive, timeout=0.2)
    raise TimeoutError(f"still there: {alive}")


def _children(process: psutil.Popen) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.Error:
        return []


def _session(process: psutil.Process) -> int:
    try:
        return os.getsid(process.pid)
    except OSError:
        return -1


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _lines(journal: Path) -> int:
    return journal.read_bytes().count(b"\n") if journal.exists() else 0
