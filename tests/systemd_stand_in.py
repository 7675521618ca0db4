"""Does for tests what systemd does with a socket unit: starts the engine when somebody connects."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import threading

from gpen_engine.wire import EngineHome
from gpen_engine.wire.home import VARIABLE

# systemd's way of handing a socket over: descriptor 3, and for whom it is.
HAND_OVER = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); "
    "os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid())); "
    "os.execv(sys.argv[2], sys.argv[2:])"
)
STEP = 0.02


class SystemdStandIn:
    """Listens at the engine's address, and runs the engine while somebody waits there.

    Args:
        home: the engine's.
        command: what it starts.

    Attributes:
        command: may be changed.
        starts: how often it started something.
    """

    def __init__(self, home: EngineHome, command: tuple[str, ...]) -> None:
        self.command = command
        self.starts = 0
        self._environment = {**os.environ, VARIABLE: str(home.folder), "OMP_NUM_THREADS": "1"}
        self._listener = listener(home)
        self._over = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name="systemd stand-in")
        self._thread.start()

    def _run(self) -> None:
        number = self._listener.fileno()
        while not self._over.is_set():
            if self._process and self._process.poll() is None:
                self._over.wait(STEP)
            elif select.select([number], [], [], STEP)[0]:
                self.starts += 1
                words = [sys.executable, "-c", HAND_OVER, str(number), *self.command]
                self._process = subprocess.Popen(words, pass_fds=[number], env=self._environment)

    def end(self) -> None:
        """Listens no more, and ends what runs."""
        self._over.set()
        self._thread.join()
        if self._process:
            self._process.kill()
            self._process.wait()
        self._listener.close()


def listener(home: EngineHome) -> socket.socket:
    """A socket at the engine's address, as the system makes it."""
    home.make()
    home.kept_key()
    home.autostart.touch()
    made = socket.socket(socket.AF_UNIX)
    made.bind(home.address)
    made.listen(16)
    return made
