"""How long a user waits: for the command's help, and for the engine from nothing to ready."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from ..errors import GpenError
from ..sample import damaged, portrait
from ..wire import EngineHome, Request, connect
from ..wire.channel import strips
from ..wire.home import VARIABLE
from .settings import Report, Settings, Watch
from .timings import spread

COMMAND = [sys.executable, "-m", "gpen_engine"]
STEP = 0.01
"""Seconds between two looks at whether the engine is ready."""
PATIENCE = 120.0
"""Seconds for a start."""


def measure_start(settings: Settings, report: Report, watch: Watch) -> None:
    """Adds to the report: the help, and the engine's way to its first answer, to ready (PyTorch,
    detector and default model loaded), and through its first two restorations of the sample.

    The engine runs in a home of its own; one that the user runs is left alone.
    """
    watch("gpen --help")
    report.start["help"] = spread([_help() for _ in range(settings.starts + 2)])
    runs: list[dict[str, float]] = []
    for number in range(settings.starts):
        watch(f"engine start {number + 1} of {settings.starts}")
        try:
            runs.append(_start())
        except GpenError as error:
            report.leave_out("engine start", error.sentence)
            break
    for name in runs[0] if runs else ():
        report.start[name] = spread([run[name] for run in runs])


def _help() -> float:
    started = time.perf_counter()
    subprocess.run([*COMMAND, "--help"], capture_output=True, check=True)
    return time.perf_counter() - started


def _start() -> dict[str, float]:
    """Seconds of one start and of two calls."""
    folder = Path(tempfile.mkdtemp(prefix="gpen-"))  # a socket's path must be short
    home = EngineHome(folder)
    started = time.perf_counter()
    process = subprocess.Popen(
        [*COMMAND, "serve"],
        env={**os.environ, VARIABLE: str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        seconds = {"answer": _until(home, process, started, ready=False)}
        seconds["ready"] = _until(home, process, started, ready=True)
        return seconds | {name: _call(home) for name in ("first_call", "second_call")}
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _until(
    home: EngineHome, process: subprocess.Popen[bytes], started: float, *, ready: bool
) -> float:
    """Seconds from the start until the engine answers, or has everything loaded.

    Raises:
        GpenError: ``engine_broken`` when it ends, or takes too long.
    """
    while time.perf_counter() - started < PATIENCE and process.poll() is None:
        try:
            with connect(home) as engine:
                if not ready or engine.status().state != "starting":
                    return time.perf_counter() - started
        except GpenError as error:
            if error.code not in ("gone", "engine_refused"):  # the key is just being written
                raise
        time.sleep(STEP)
    raise GpenError("engine_broken", "The engine did not become ready.")


def _call(home: EngineHome) -> float:
    """Seconds to restore the sample by the engine, as GIMP has it done."""
    rgb = damaged(portrait())
    rgba = np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])
    request = Request(rgb.shape[1], rgb.shape[0])
    started = time.perf_counter()
    with connect(home) as engine:
        engine.restore(request, strips(rgba.data, request.row_bytes))
    return time.perf_counter() - started
