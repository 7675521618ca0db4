"""How GIMP starts the engine, and whether one that runs answers."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from ..errors import GpenError
from ..lock import held_by
from ..version import version
from ..wire import PROTOCOL, Hello, Status, connect
from .finding import Case, Finding, command

START, ENGINE = "Start", "Engine"
PATIENCE = 3.0
"""Seconds for an engine to answer."""


def start(case: Case) -> Iterator[Finding]:
    """The file that tells GIMP how to start the engine."""
    home = case.home
    try:
        launch = home.launch()
    except GpenError as error:
        yield Finding("fault", START, error.sentence, case.placed_anew())
        return
    if launch is None:
        sentence = f"GIMP cannot start the engine: {home.launch_file} is missing."
        yield Finding("fault", START, sentence, case.repair())
        return
    program = launch.command[0]
    ours = Path(program).parent == Path(sys.executable).parent  # an environment has several names
    if shutil.which(program) is None:
        sentence = f"GIMP is to start {program}, which is not there."
        yield Finding("fault", START, sentence, case.repair())
    elif ours and launch.version != version():
        sentence = f"GIMP expects the engine {launch.version}, but this one is {version()}."
        yield Finding("fault", START, sentence, case.placed_anew())
    elif not ours:
        look = command([program, "-m", "gpen_engine", "doctor"])
        yield Finding("note", START, f"GIMP starts another engine, {program}.", look)
    else:
        yield Finding("ok", START, f"GIMP knows how to start the engine ({launch.version}).")


def engine(case: Case) -> Iterator[Finding]:
    """The engine that runs, if one does. One that hangs is given up after ``PATIENCE``."""
    holder = held_by(case.home.lock)
    if not holder:
        yield Finding("ok", ENGINE, "It is not running; GIMP starts it when it is needed.")
        return
    answer = _asked(case)
    if isinstance(answer, tuple):
        yield _described(case, *answer)
        return
    if answer is None or answer.code == "gone":
        sentence = f"It runs (process {holder}) but does not answer."
    else:
        sentence = answer.sentence
    yield Finding("fault", ENGINE, sentence, _end(holder))


def _asked(case: Case) -> tuple[Hello, Status] | GpenError | None:
    """How the engine is, or why it does not say so; None when it says nothing at all."""
    answers: list[tuple[Hello, Status] | GpenError] = []

    def ask() -> None:
        try:
            with connect(case.home) as engine:
                answers.append((engine.hello, engine.status()))
        except GpenError as error:
            answers.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(PATIENCE)
    return answers[0] if answers else None


def _described(case: Case, hello: Hello, status: Status) -> Finding:
    expected = case.launch.version if case.launch else version()
    if (hello.engine, hello.protocol) != (expected, PROTOCOL):
        sentence = f"{hello.engine} runs, but {expected} is installed; GIMP will replace it."
        return Finding("warning", ENGINE, sentence, case.gpen("serve", "--stop"))
    where = f" on {status.device}" if status.device else ""
    sentence = f"It answers: {status.engine}, {status.state}{where}, {status.memory / 1e6:.0f} MB."
    return Finding("ok", ENGINE, sentence)


def _end(process: str) -> str:
    """Ends a process that hears nothing; GIMP starts another engine."""
    if sys.platform == "win32":
        return command(["taskkill", "/F", "/PID", process])
    return command(["kill", "-9", process])
