"""What the installer shows, and the commands that it runs with their output in a log."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


class Screen:
    """Lines that stay and, on a terminal, one passing line below them: what goes on right now."""

    def __init__(self, verbose: bool) -> None:
        self.verbose = verbose
        self.passing = sys.stdout.isatty() and not verbose

    def say(self, line: str) -> None:
        self.show("")
        print(line, flush=True)

    def show(self, line: str) -> None:
        if self.passing:
            width = shutil.get_terminal_size().columns - 1
            print("\r" + line[:width].ljust(width), end="\r", flush=True)

    def output(self, line: str) -> None:
        """A line that a command printed."""
        if self.verbose:
            print("      " + line, end="", flush=True)
        elif re.match(r"\s*(Collecting|Downloading|Using cached|Building|Installing) ", line):
            self.show("      " + re.sub(r"\S*/", "", line.strip()))


def run_logged(command: Sequence[str], log: Path, screen: Screen) -> tuple[int, str]:
    """Runs the command with its output in the log; stops it too when the installer is stopped."""
    astray = {"PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"}
    process = subprocess.Popen(
        command,
        env={k: v for k, v in os.environ.items() if k not in astray} | {"PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    lines = []
    assert process.stdout is not None  # it was asked for
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
        if process.poll() is None:
            process.terminate()
            process.wait()
