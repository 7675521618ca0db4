"""Which Python GIMP starts the plug-in with.

GIMP looks a plug-in's first line up in its interpreter files. Everywhere but on Windows
``#!/usr/bin/env python3`` leads to the right one: a package's GIMP uses the system's Python, and
those in Flatpak and on macOS bring their own and have it first on their PATH. On Windows that name
may lead to any Python that is installed, which lacks GIMP's modules. So there the plug-in asks for
a name of its own, and an interpreter file in the profile says that GIMP's own Python is meant.

A line of such a file is ``name=program``, with forward slashes on Windows too. There GIMP's own
come in pairs: one for a GIMP in a console, and one with ``_win`` whose Python opens no console.
"""

from __future__ import annotations

import os
from pathlib import Path

ALIAS = "gpen-gimp-python"
FOLDER = "interpreters"
"""In the profile."""


def alias_files(profile: Path) -> list[Path]:
    """The interpreter files that ``write_alias`` may write."""
    return [profile / FOLDER / f"{ALIAS}{end}.interp" for end in ("", "_win")]


def write_alias(profile: Path, python: Path) -> None:
    """Has GIMP start what asks for ``ALIAS`` with this Python.

    Raises:
        OSError: the profile cannot be written.
    """
    silent = python.with_name(python.name.replace("python", "pythonw"))
    plain, windowed = alias_files(profile)
    plain.parent.mkdir(parents=True, exist_ok=True)
    plain.write_text(f"{ALIAS}={python.as_posix()}\n", encoding="utf-8")
    chosen = silent if silent.is_file() else python
    windowed.write_text(f"{ALIAS}={chosen.as_posix()}\n", encoding="utf-8")


def remove_alias(profile: Path) -> bool:
    """Removes the interpreter files; False when there were none."""
    there = [file for file in alias_files(profile) if os.path.lexists(file)]
    for file in there:
        file.unlink()
    return bool(there)


def use_alias(script: Path) -> None:
    """Makes a plug-in, which begins with ``#!``, ask for ``ALIAS``."""
    rest = script.read_bytes().split(b"\n", 1)[1]
    script.write_bytes(b"#!" + ALIAS.encode() + b"\n" + rest)
