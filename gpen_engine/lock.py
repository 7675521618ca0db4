"""A lock that one process at a time holds, such as the engine of a user."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_FAR = 1 << 20
"""Where Windows locks a byte: nobody can read what is locked, and the process id stays readable."""


class Lock:
    """A file that one process at a time holds. The system takes it from a process that dies.

    Args:
        path: in a folder that exists; the file is made, holds the process id of who has the lock,
            and is removed in the end.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: int | None = None

    def take(self) -> bool:
        """Takes the lock unless somebody holds it."""
        while True:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            if not _lock(handle):
                os.close(handle)
                return False
            if self._is_at_its_place(handle):
                break
            os.close(handle)  # its last holder removed it in between
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        self._handle = handle
        return True

    def holder(self) -> str:
        """Process id of who has or had it; "unknown" when the file does not say."""
        try:
            return self.path.read_text(encoding="ascii", errors="replace").strip() or "unknown"
        except OSError:
            return "unknown"

    def is_ours(self) -> bool:
        """False without the lock, and when somebody removed its file: another engine may have
        taken this one's place since."""
        return self._handle is not None and self._is_at_its_place(self._handle)

    @property
    def handle(self) -> int:
        """Of the open file, for a child that is to hold the lock too; the lock must be ours."""
        assert self._handle is not None
        return self._handle

    def release(self) -> None:
        if self._handle is None:
            return
        # Windows cannot remove an open file; it may as well stay.
        if sys.platform != "win32" and self.is_ours():
            self.path.unlink()
        os.close(self._handle)
        self._handle = None

    def _is_at_its_place(self, handle: int) -> bool:
        try:
            return os.path.samestat(os.fstat(handle), self.path.stat())
        except FileNotFoundError:
            return False


def held_by(path: Path) -> str:
    """The process id of who holds the lock at ``path``; empty when nobody does."""
    lock = Lock(path)
    if not path.exists() or lock.take():
        lock.release()
        return ""
    return lock.holder()


def _lock(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            os.lseek(handle, _FAR, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            os.lseek(handle, 0, os.SEEK_SET)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
