"""The socket at which clients knock: the engine's own, or one that the system keeps for it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import socket
import sys
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Protocol

from ..errors import GpenError
from ..wire.home import LAUNCHD_VARIABLE

BACKLOG = 32
"""Clients that may knock at once."""
FIRST = 3
"""The first descriptor that systemd hands over."""


class Door(Protocol):
    """Where clients come in."""

    def accept(self) -> Connection:
        """The next client, whoever it is.

        Raises:
            OSError, EOFError: there is none; for good once ``close`` was called.
        """
        ...

    def close(self) -> None:
        """Wakes who waits in ``accept``, and listens no more. From another thread."""
        ...


class OwnDoor:
    """A socket that the engine makes and removes, on Windows a named pipe."""

    def __init__(self, address: str) -> None:
        if os.name == "posix":
            Path(address).unlink(missing_ok=True)  # of an engine that was killed
        self._address = address
        self._listener = Listener(address, backlog=BACKLOG)

    def accept(self) -> Connection:
        return self._listener.accept()

    def close(self) -> None:
        with contextlib.suppress(OSError, EOFError):
            Client(self._address).close()  # wakes the thread that waits
        self._listener.close()


class InheritedDoor:
    """A socket of the system's, which goes on listening when the engine has left.

    Who comes too late for this engine waits in it for the next one.
    """

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._listener.setblocking(False)
        self._woken, self._waker = os.pipe()

    def accept(self) -> Connection:
        doors: list[socket.socket | int] = [self._listener, self._woken]
        ready, _, _ = select.select(doors, [], [])
        if self._woken in ready:
            self._listener.close()
            os.close(self._woken)
            raise EOFError("the door was closed")
        client, _ = self._listener.accept()
        client.setblocking(True)
        return Connection(client.detach())

    def close(self) -> None:
        os.close(self._waker)


def inherited() -> InheritedDoor | None:
    """The door that the system handed to this process; None when it handed none.

    systemd says in ``LISTEN_FDS`` how many descriptors there are from 3 on, and in ``LISTEN_PID``
    for whom (sd_listen_fds(3)). launchd has to be asked (launch(3)).

    Raises:
        GpenError: ``bad_socket`` when what was handed over is no single socket.
    """
    name = os.environ.pop(LAUNCHD_VARIABLE, "")
    count, process = os.environ.pop("LISTEN_FDS", ""), os.environ.pop("LISTEN_PID", "")
    if name and sys.platform == "darwin":
        descriptors = _from_launchd(name)
    elif process == str(os.getpid()) and count:
        descriptors = list(range(FIRST, FIRST + int(count)))
    else:
        return None
    if len(descriptors) != 1:
        raise GpenError("bad_socket", f"The system handed {len(descriptors)} sockets over, not 1.")
    os.set_inheritable(descriptors[0], False)
    return InheritedDoor(socket.socket(fileno=descriptors[0]))


def _from_launchd(name: str) -> list[int]:
    library = ctypes.CDLL(None)
    descriptors, count = ctypes.POINTER(ctypes.c_int)(), ctypes.c_size_t()
    failure = library.launch_activate_socket(
        name.encode(), ctypes.byref(descriptors), ctypes.byref(count)
    )
    if failure:
        raise GpenError("bad_socket", f"launchd gave no socket: {os.strerror(failure)}.")
    try:
        return [descriptors[number] for number in range(count.value)]
    finally:
        library.free(descriptors)
