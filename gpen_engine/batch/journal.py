"""What a batch has done so far: one JSON line a finished file, in the output folder."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from .storage import Stamp

NAME = "gpen-report.jsonl"


@dataclass(frozen=True, slots=True)
class Line:
    """One finished file."""

    path: str
    """Of the result below the output folder, with slashes."""
    source: str
    """The whole path of the picture, or its address."""
    source_stamp: Stamp | None
    options: str
    """Digest of the options and the networks."""
    status: str
    """``done``, ``no_face`` or ``error``."""
    seconds: float = 0.0
    output_stamp: Stamp | None = None
    """None when no file was written; where storage changes it with the name, until it has one."""
    report: dict[str, Any] | None = None
    """A ``FileReport`` as JSON."""
    error: dict[str, str] | None = None
    """Code, sentence and hint."""


class Journal:
    """The lines of earlier runs, of which the last of a path counts, and a file that takes more.

    A line that a crash cut short is taken off the file's end; others that cannot be understood
    are left out. In memory they are kept without their reports.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.lines: dict[str, Line] = {}
        self._written: set[tuple[str, str, Stamp | None]] = set()
        self._begun: set[tuple[str, str]] = set()
        if not self.path.exists():
            self.path.touch()
            _keep_names(folder)
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

    def is_ours(self, path: str, source: str, output: Stamp | None) -> bool:
        """Whether what has this stamp is what some run made of the picture, not changed since."""
        return (path, source, output) in self._written or (path, source) in self._begun

    def _remember(self, line: Line) -> None:
        # A million lines are to fit in memory, which their reports would not.
        line = replace(line, report=None, options=sys.intern(str(line.options)))
        self.lines[line.path] = line
        key = line.path, line.source
        if line.output_stamp:
            self._written.add((*key, line.output_stamp))
            self._begun.discard(key)
        elif line.status == "done":
            self._begun.add(key)


def _keep_names(folder: Path) -> None:
    """A power cut does not take back the names of new files in this folder."""
    if os.name == "nt":
        return  # it opens no folders, and needs none of this
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


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
