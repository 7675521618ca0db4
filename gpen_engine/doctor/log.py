"""What went wrong lately, as the logs tell it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from .finding import Case, Finding
from .privacy import private_line

NAME = "Log"
LOGS = ("engine.log", "plug-in.log")
TAIL = 64 << 10
"""Bytes at the end of a log that are looked at."""
LINES = 3
"""How many are shown of each."""
BEGINNING = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
TROUBLE = re.compile(r"^[\d :,-]+\b(WARNING|ERROR|CRITICAL)\b")


def log(case: Case) -> Iterator[Finding]:
    """The last troubles of engine and plug-in, without anything private."""
    told = False
    for name in LOGS:
        for line in last_troubles(case.home.logs / name):
            told = True
            yield Finding("note", NAME, f"{name}: {private_line(line)}")
    if not told:
        yield Finding("ok", NAME, "Neither the engine nor the plug-in noted any trouble.")


def last_troubles(path: Path) -> list[str]:
    """The last warnings and errors of a log; an error ends with the line that names its cause."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return []
    entries: list[list[str]] = []
    for line in text.splitlines():
        if BEGINNING.match(line):
            entries.append([line])
        elif entries and line.strip():
            entries[-1].append(line.strip())
    troubles = [entry for entry in entries if TROUBLE.match(entry[0])]
    return [
        entry[0] if len(entry) == 1 else f"{entry[0]} ({entry[-1]})" for entry in troubles[-LINES:]
    ]
