"""What a process of ours does with memory that it needs no more."""

from __future__ import annotations

import ctypes
import sys

KEPT = 48 << 20
"""Bytes of the largest block that is kept: the feature maps of the search for faces, and those of
most models. Larger ones go back at once, so that a model for 2048 pixels takes no more than it
needs."""
TOGETHER = 1 << 30
"""Bytes that may be kept in all."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # of glibc's malloc.h


def keep_freed() -> None:
    """Has the C library keep what is freed for the next array, until ``give_back``.

    Left alone it gets fresh memory for each large array, which the system first has to clear, page
    by page: a fifth of the time of a search for faces. It concerns the whole process and has to be
    called before there are threads, since all of them are to share one heap. Only glibc can do it;
    with others nothing happens.
    """
    if library := _glibc():
        library.mallopt(_ARENA_MAX, 1)
        library.mallopt(_MMAP_THRESHOLD, KEPT)
        library.mallopt(_TRIM_THRESHOLD, TOGETHER)


def give_back() -> None:
    """Returns all freed memory to the system."""
    if library := _glibc():
        library.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    """The C library of this process, if it is glibc."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "gnu_get_libc_version") else None
