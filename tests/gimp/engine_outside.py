"""The real engine for tests in GIMP. It runs outside of GIMP's root, which has no PyTorch.

Both sides see its home folder at the same path. A plug-in inside cannot start a program outside, so
where a test wants it to start the engine, the start command there only asks for it.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attendant import Attendant
from console import CHECKOUT, Setting, place_plugin

from gpen_engine import GpenError
from gpen_engine.version import version
from gpen_engine.wire import EngineHome, Launch, connect

PATIENCE = 60.0
REPAIR = "python3 install.py"


class EngineOutside:
    """An engine with a home of its own, not running yet.

    Args:
        starts_before_gimp: whether its ``setting`` has it running already when GIMP starts.
        program: arguments for Python.

    Attributes:
        home: its folder, with a short name, since a socket's path may not be long.
    """

    def __init__(
        self,
        *,
        starts_before_gimp: bool = False,
        program: Sequence[str] = ("-m", "gpen_engine", "serve"),
    ) -> None:
        self._program = program
        self._before = self.start if starts_before_gimp else None
        self.home = EngineHome(Path(tempfile.mkdtemp(prefix="gpen-", dir="/tmp")))
        self.home.models.mkdir()
        self._calls = self.home.folder / "calls"
        self._calls.mkdir()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> int:
        """Starts it and waits until it answers; returns its process id."""
        if self._process and self.runs and not self.answers():
            self._process.wait(PATIENCE)  # it is leaving
        if self._process is None or self._process.poll() is not None:
            printed = self.home.folder / "printed.txt"
            with printed.open("ab") as output:
                self._process = subprocess.Popen(
                    [sys.executable, *self._program],
                    cwd=CHECKOUT,
                    env={**os.environ, "GPEN_ENGINE_HOME": str(self.home.folder)},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
            end = time.monotonic() + PATIENCE
            while not self.answers():
                if self._process.poll() is not None or time.monotonic() > end:
                    raise AssertionError(f"the engine does not start:\n{printed.read_text()}")
                time.sleep(0.05)
        return self._process.pid

    def answers(self) -> bool:
        try:
            connect(self.home).close()
        except GpenError:
            return False
        return True

    @property
    def runs(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Ends it as the system would; it tidies up."""
        if self._process:
            self._process.terminate()
            self._process.wait(PATIENCE)

    def kill(self) -> None:
        """Ends it without notice."""
        if self._process:
            self._process.kill()
            self._process.wait(PATIENCE)

    def set_command(self, *command: str) -> None:
        """Tells the plug-in that the engine is started like this."""
        self.home.write_launch(Launch(command, version(), REPAIR))

    def on_request(self) -> Attendant:
        """Tells the plug-in a start command that works inside; starts the engine when it is run.

        To be used in a with statement.
        """
        call = shlex.quote('{"name": "start", "arguments": {}}')
        place = shlex.quote(str(self._calls))
        # It stays, as the engine's own process would; the end of the run ends it.
        ask = f"cd {place} && echo {call} > $$.new && mv $$.new $$.call && exec sleep 600"
        self.set_command("/bin/sh", "-c", ask)
        return Attendant(self._calls, {"start": self.start})

    def setting(
        self, *, calls: Mapping[str, Callable[..., Any]] | None = None, **more: Any
    ) -> Setting:
        """GIMP with the plug-in of this checkout, which finds this engine.

        The half inside may call ``start_engine``, ``stop_engine`` and ``kill_engine``, and besides
        what is in ``calls``; ``more`` are fields of ``Setting``.
        """
        own = {"start_engine": self.start, "stop_engine": self.stop, "kill_engine": self.kill}
        return Setting(
            before=self._before,
            plugin=place_plugin,
            environment={"GPEN_ENGINE_HOME": str(self.home.folder)},
            writable=[self.home.folder],
            calls={**own, **(calls or {})},
            **more,
        )

    def remove(self) -> None:
        """Ends it and removes its home."""
        self.kill()
        shutil.rmtree(self.home.folder)
