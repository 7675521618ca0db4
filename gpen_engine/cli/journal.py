"""What a batch has done so far: one JSON line a finished file, in the output folder."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

NAME = "gpen-report.jsonl"

Stamp = tuple[int, int]
"""Size in bytes and time of the last change in nanoseconds; when they are the same, so is the
file."""


def stamp(path: Path) -> Stamp | None:
    """None when there is no such file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


@dataclass(frozen=True)
class Line:
    """One finished file."""

    path: str
    """Of the picture below the input folder and of the result below the output folder, with
    slashes."""
    source: str
    """The whole path of the picture."""
    source_stamp: Stamp | None
    options: str
    """Digest of the options and the networks."""
    status: str
    """``done``, ``no_face`` or ``error``."""
    seconds: float = 0.0
    output_stamp: Stamp | None = None
    """None when no file was written."""
    report: dict[str, Any] | None = None
    """A ``FileReport`` as JSON."""
    error: dict[str, str] | None = None
    """Code, sentence and hint."""


class Journal:
    """The lines of earlier runs, of which the last of a path counts, and a file that takes more.

    A line that a crash cut short is taken off the file's end; others that cannot be understood
    are left out.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.lines: dict[str, Line] = {}
        self._written: set[tuple[str, str, Stamp | None]] = set()
        self.path.touch()
        data = self.path.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            with self.path.open("r+b") as file:
                file.truncate(whole)
        for text in data[:whole].splitlines():
            line = _parsed(text)
            if line:
                self._remember(line)

    def append(self, line: Line) -> None:
        """Adds a line; it is on the disk when this returns."""
        with self.path.open("a", encoding="ascii", newline="\n") as file:
            file.write(json.dumps(asdict(line)) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self._remember(line)

    def is_ours(self, line: Line, output: Path) -> bool:
        """Whether a file is what some run made of the line's picture, not changed since."""
        return (line.path, line.source, stamp(output)) in self._written

    def _remember(self, line: Line) -> None:
        self.lines[line.path] = line
        if line.output_stamp:
            self._written.add((line.path, line.source, line.output_stamp))


def _parsed(text: bytes) -> Line | None:
    try:
        values = json.loads(text)
        known = {f.name: values[f.name] for f in fields(Line)}
        for name in ("source_stamp", "output_stamp"):
            if known[name] is not None:
                size, time = known[name]
                known[name] = (size, time)
        return Line(**known)
    except (ValueError, KeyError, TypeError):
        return None
