"""What is freed is kept for the next array, and given back when asked."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import pytest

from gpen_engine.memory import KEPT

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"),
    reason="only glibc can be told",
)
ROUNDS = """
import resource, sys, threading
import numpy as np, psutil
from gpen_engine.memory import KEPT, give_back, keep_freed

if "kept" in sys.argv:
    keep_freed()

def rounds(size):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        one, other = np.ones(size, np.uint8), np.ones(size, np.uint8)
        del one, other
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)

def work():
    for size in (KEPT + 4096, KEPT - 4096):
        rounds(size)

thread = threading.Thread(target=work)  # as the engine does
thread.start()
thread.join()
held = psutil.Process().memory_info().rss
give_back()
print(held - psutil.Process().memory_info().rss)
"""


def figures(*words: str) -> list[int]:
    """Pages cleared for arrays that are just too large and just small enough, and bytes that were
    given back at the end."""
    command = [sys.executable, "-c", ROUNDS, *words]
    small_pages = {**os.environ, "NUMPY_MADVISE_HUGEPAGE": "0"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=120, env=small_pages
    )
    return [int(line) for line in done.stdout.split()]


def test_arrays_get_the_memory_of_earlier_ones_again() -> None:
    pages = 20 * 2 * KEPT // 4096
    large, small, given_back = figures("kept")
    assert small < pages / 5, "two of twenty rounds at most"
    assert large > pages / 2, "what is larger goes back at once"
    assert given_back > KEPT


def test_otherwise_each_gets_fresh_memory() -> None:
    large, small, _ = figures()
    assert min(small, large) > 20 * 2 * KEPT // 4096 / 2
