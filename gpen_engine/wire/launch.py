"""Finding the engine, or starting it."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import GpenError
from .client import Engine, connect, wait_until_gone
from .home import EngineHome, Launch
from .messages import PROTOCOL

PATIENCE = 60.0
"""Seconds that a start may take; a cold disk and an antivirus need some."""
STEP = 0.05
FLATPAK = Path("/.flatpak-info")
"""There inside of a Flatpak's sandbox."""
# Beginnings of the environment variables that the engine gets.
OURS = ("CUDA_", "GPEN_", "HOME", "LANG", "LC_", "LOGNAME", "OMP_", "PATH", "TEMP", "TMP", "USER")
# Windows cannot start a program without these.
OURS_ON_WINDOWS = ("SYSTEM", "WINDIR", "COMSPEC", "APPDATA", "LOCALAPPDATA", "PROGRAM", "NUMBER_OF")


def reach(
    home: EngineHome,
    *,
    starting: Callable[[], None] = lambda: None,
    cancelled: Callable[[], bool] = lambda: False,
    patience: float = PATIENCE,
) -> Engine:
    """A conversation with the engine; starts it where none runs, and replaces one of another
    version.

    Args:
        home: where to look.
        starting: called once, before the engine is started.
        cancelled: asked while waiting.
        patience: seconds.

    Raises:
        GpenError: ``engine_missing``, ``engine_broken``, ``engine_refused``, ``bad_home``,
            ``engine_outside`` when only a program outside of GIMP's sandbox can start it, or
            ``cancelled``.
    """
    launch, leaving = home.launch(), 0
    try:
        engine = glance(home)  # where connecting starts it, that is done below: the user is told
        if engine.hello.protocol == PROTOCOL and launch in (None, _same(launch, engine)):
            return engine
        leaving = engine.hello.pid
        with engine:
            engine.stop()
        if not home.autostart.exists():  # else asking would start the next one
            wait_until_gone(home)
    except GpenError as error:
        if error.code not in ("gone", "protocol"):
            raise
    if launch is None:
        raise GpenError(
            "engine_missing",
            "The GPEN engine is not installed.",
            "Open a terminal in the folder that you downloaded and run: python3 install.py",
        )
    starting()
    return _start(home, launch, leaving, cancelled, patience)


def glance(home: EngineHome) -> Engine:
    """A conversation with the engine if it runs; unlike ``connect`` this never starts it, not even
    where the system does so whenever somebody connects.

    Raises:
        GpenError: as ``connect``.
    """
    if home.autostart.exists() and not home.lock.exists():
        raise GpenError("gone", "The GPEN engine is not running.")
    return connect(home)


def stop_running(home: EngineHome) -> None:
    """Ends an engine that runs, so that the next call starts another one."""
    try:
        with glance(home) as engine:
            engine.stop()
    except GpenError:
        pass  # none runs, which is the usual case


def is_listened_to(home: EngineHome) -> bool:
    """Whether somebody holds the engine's socket open: the engine, or the system for it."""
    if os.name != "posix":
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(home.address)
        except OSError:
            return False
    return True


def _same(launch: Launch | None, engine: Engine) -> Launch | None:
    return launch if launch and launch.version == engine.hello.engine else None


def _start(
    home: EngineHome,
    launch: Launch,
    leaving: int,
    cancelled: Callable[[], bool],
    patience: float,
) -> Engine:
    """Starts the engine, or lets the system do it, and waits until it answers.

    One whose process id is ``leaving`` may still do so, but was told to stop.
    """
    home.make()
    output, process = home.logs / "engine.out", None
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if cancelled():
            raise GpenError("cancelled", "The restoration was cancelled.")
        if process is None and not (home.autostart.exists() and is_listened_to(home)):
            process = _spawn_engine(launch, output)
        try:
            engine = connect(home)
            if engine.hello.pid != leaving:
                return engine
            engine.close()
        except GpenError as error:
            if error.code not in ("gone", "engine_refused"):  # the key is just being changed
                raise
        if process and process.poll():  # 0 is an engine that found another one running
            raise _broken(launch, _last_line(output) or f"it ended with {process.returncode}")
        time.sleep(STEP)
    raise _broken(launch, f"it did not answer within {patience:.0f} seconds")


def _spawn_engine(launch: Launch, output: Path) -> subprocess.Popen[bytes]:
    if FLATPAK.exists() and not launch.standalone:
        raise GpenError(
            "engine_outside",
            "The GPEN engine is not running, and GIMP's Flatpak cannot start it.",
            f"Open a terminal and run, once and for all: {launch.repair} --autostart\n"
            f"Or run this while you work: {shlex.join(launch.command)}",
        )
    try:
        return spawn(launch.command, output)
    except OSError as error:
        raise _broken(launch, f"{launch.command[0]}: {error.strerror or error}") from error


def spawn(command: tuple[str, ...], output: Path) -> subprocess.Popen[bytes]:
    """Starts a process that lives on when GIMP ends, with what it prints in a file.

    It gets no more of GIMP's environment than it needs: GIMP's own Python and libraries, which
    bundled versions of GIMP name there, are not the engine's.
    """
    names = OURS + (OURS_ON_WINDOWS if os.name == "nt" else ())
    environment = {k: v for k, v in os.environ.items() if k.upper().startswith(names)}
    apart: dict[str, Any] = {"start_new_session": True}
    if os.name == "nt":
        apart = {"creationflags": 0x00000008 | 0x00000200}  # detached, a process group of its own
    with output.open("wb") as file:
        return subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            close_fds=True,
            **apart,
        )


def _broken(launch: Launch, why: str) -> GpenError:
    return GpenError(
        "engine_broken",
        f"The GPEN engine does not start ({why}).",
        f"To repair it, open a terminal and run: {launch.repair}",
    )


def _last_line(output: Path) -> str:
    try:
        lines = output.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
