"""``gpen serve``: the resident engine that GIMP speaks to."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import GpenError
from .console import guarded

if TYPE_CHECKING:
    from ..wire import EngineHome, Status

PATIENCE = 20.0
"""Seconds for an engine to leave."""


@guarded
def serve(
    status: Annotated[bool, typer.Option("--status", help="Say how the engine is.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Have the engine leave.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --status: as JSON.")] = False,
) -> None:
    """Runs the engine that GIMP speaks to. GIMP starts it by itself.

    It keeps its models in memory, restores one picture after the other, and leaves when nobody
    has asked for a quarter of an hour.
    """
    from ..wire import EngineHome

    if (status and stop) or (as_json and not status):
        raise GpenError("bad_option", "Give one of --status, --status --json and --stop.")
    home = EngineHome.of_user()
    if status:
        _show(_status(home), as_json=as_json)
    elif stop:
        _stop(home)
    else:
        _run(home)


def _run(home: EngineHome) -> None:
    from ..server import Service
    from ..server.listening import inherited

    # The current folder may be deleted, with which MKL does not load, or be on a disk that
    # somebody wants to take out.
    os.chdir(home.folder.anchor)
    service = Service(home, door=inherited())
    for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda number, _: service.stop(_name(number)))

    ready = "The GPEN engine is ready for GIMP. Ctrl+C ends it."
    if not service.run(lambda: print(ready, flush=True)):
        print("The GPEN engine is running already.")
        return
    # The worker may still be deep inside of a network. Python would wait for it, and PyTorch's
    # own threads do not like to see Python go.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _name(number: int) -> str:
    return signal.Signals(number).name


def _status(home: EngineHome) -> Status | None:
    """None when no engine runs."""
    from ..wire.launch import glance

    try:
        with glance(home) as engine:
            return engine.status()
    except GpenError as error:
        if error.code != "gone":
            raise
        _check_hanging(home)
        return None


def _show(status: Status | None, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"state": "stopped"} if status is None else asdict(status), indent=2))
    elif status is None:
        print("The GPEN engine is not running.")
    else:
        print("\n".join(_described(status)))
    if status is None:
        raise typer.Exit(1)


def _described(status: Status) -> list[str]:
    waiting = f", {status.waiting} waiting" if status.waiting else ""
    return [
        f"The GPEN engine {status.engine} is {status.state}{waiting}.",
        f"  Process: {status.pid}, for {_duration(status.uptime)}",
        f"  Device:  {status.device or 'not known yet'}",
        f"  Models:  {', '.join(status.models) or 'none loaded'}",
        f"  Memory:  {status.memory / 1e6:.0f} MB",
        f"  Log:     {status.log}",
    ]


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = int(seconds // 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _stop(home: EngineHome) -> None:
    from ..lock import held_by
    from ..wire.launch import glance

    try:
        with glance(home) as engine:
            pid = engine.hello.pid
            engine.stop()
    except GpenError as error:
        if error.code != "gone":
            raise
        _check_hanging(home)
        print("No GPEN engine is running.")
        return
    end = time.monotonic() + PATIENCE
    while (holder := held_by(home.lock)) == str(pid):
        if time.monotonic() > end:
            raise _stuck(holder)
        time.sleep(0.02)
    print("The GPEN engine was stopped.")


def _check_hanging(home: EngineHome) -> None:
    """Raises GpenError: ``engine_stuck`` when an engine runs that does not answer."""
    from ..lock import held_by

    holder = held_by(home.lock)
    if holder:
        raise _stuck(holder)


def _stuck(pid: str) -> GpenError:
    return GpenError(
        "engine_stuck",
        f"The GPEN engine (process {pid}) runs but does not answer.",
        "End that process; the next call from GIMP starts another one.",
    )
