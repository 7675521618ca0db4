"""The command ``gpen``. Importing it is light: commands import what they need when they run."""

from __future__ import annotations

import io
import sys

from .app import app

__all__ = ["app", "main"]


def main() -> None:
    """Runs the command line of this process."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a file's name may hold what cannot be printed
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="gpen")
