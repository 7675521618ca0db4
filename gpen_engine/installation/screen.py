"""What the installer shows, and the commands that it runs with their output in a log."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

FOREVER = threading.TIMEOUT_MAX


class Run(Protocol):
    """Runs a command, for at most so many seconds; returns its exit status and what it printed."""

    def __call__(self, command: Sequence[str], patience: float = FOREVER, /) -> tuple[int, str]: ...


class Screen:
    """Lines that stay and, on a terminal, one passing line below them: what goes on right now."""

    def __init__(self, verbose: bool) -> None:
        self.verbose = verbose
        self.passing = sys.stdout.isatty() and not verbose

    def say(self, line: str) -> None:
        self.show("")
        self.print(line)

    def show(self, line: str) -> None:
        if self.passing:
            width = shutil.get_terminal_size().columns - 1
            self.print("\r" + line[:width].ljust(width), end="\r")

    def output(self, line: str) -> None:
        """A line that a command printed."""
        if self.verbose:
            self.print("      " + line, end="")
        elif re.match(r"\s*(Collecting|Downloading|Using cached|Building|Installing) ", line):
            self.show("      " + re.sub(r"\S*/", "", line.strip()))

    @staticmethod
    def print(text: str, end: str = "\n") -> None:
        """Where nobody looks any more, as after ``| head``, the work goes on all the same."""
        try:
            print(text, end=end, flush=True)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run_logged(
    command: Sequence[str],
    log: Path,
    screen: Screen,
    extra: Mapping[str, str] | None = None,
    patience: float = FOREVER,
    handles: Sequence[int] = (),
) -> tuple[int, str]:
    """Runs the command with its output in the log; stops it too when the installer is stopped.

    Args:
        extra: environment variables, above those of the installer.
        patience: seconds after which the command is stopped.
        handles: open files that it gets; not on Windows.
    """
    process = subprocess.Popen(
        command,
        env=surroundings(extra or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=handles if os.name == "posix" else (),
        encoding="utf-8",
        errors="replace",
    )
    lines = []
    assert process.stdout is not None  # it was asked for
    alarm = threading.Timer(patience, process.kill)
    alarm.daemon = True
    alarm.start()
    try:
        with log.open("a", encoding="utf-8") as file:
            file.write(f"$ {shlex.join(command)}\n")
            for line in process.stdout:
                lines.append(line)
                file.write(line)
                file.flush()
                screen.output(line)
        return process.wait(), "".join(lines)
    finally:
        alarm.cancel()
        if process.poll() is None:
            process.terminate()
            process.wait()


def surroundings(extra: Mapping[str, str]) -> dict[str, str]:
    """The environment variables for a command: those of the installer that lead nothing astray."""
    astray = {"PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"}
    ours = {name: value for name, value in os.environ.items() if name not in astray}
    return {**ours, "PYTHONUTF8": "1", **extra}
