"""The engine's folder: whether it can be written to, and by this user alone."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from ..errors import GpenError
from .finding import Case, Finding, command

FOLDER, DISK = "Folder", "Disk"
NONE_LEFT, LITTLE = 20e6, 1e9
"""Bytes: with less the engine may not start; with less a model may not fit."""


def folder(case: Case) -> Iterator[Finding]:
    """Mode, owner and length of name."""
    home = case.home
    found = [*_path(case), *_private(case), *_key(case)]
    state = "its private part is closed to others" if home.private.exists() else "not used so far"
    yield from found or [Finding("ok", FOLDER, f"{home.folder}; {state}.")]


def disk(case: Case) -> Iterator[Finding]:
    """What is free where logs and models go."""
    folder = case.home.folder
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free
    cure = f"Make room on the disk of {there}."
    if free < NONE_LEFT:
        yield Finding("fault", DISK, f"It is full: {free / 1e6:.0f} MB are free.", cure)
    elif free < LITTLE:
        yield Finding("warning", DISK, f"Only {free / 1e6:.0f} MB are free.", cure)
    else:
        yield Finding("ok", DISK, f"{free / 1e9:.0f} GB are free.")


def _path(case: Case) -> Iterator[Finding]:
    home = case.home
    try:
        _ = home.address
    except GpenError as error:
        yield Finding("fault", FOLDER, error.sentence, error.hint)
    for path in (home.folder, home.logs, home.private):
        if path.is_dir() and not os.access(path, os.W_OK | os.X_OK):
            cure = command(["chmod", "u+rwx", path]) if os.name == "posix" else ""
            yield Finding("fault", FOLDER, f"The folder {path} cannot be written to.", cure)


def _private(case: Case) -> Iterator[Finding]:
    path = case.home.private
    if os.name != "posix" or not os.path.lexists(path):
        return  # the engine makes it when it starts
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        sentence = f"{path} is not a folder of yours; the engine makes it anew."
        yield Finding("fault", FOLDER, sentence, command(["rm", "-rf", path]))
    elif stat.S_IMODE(found.st_mode) & 0o077:
        sentence = f"The folder {path} is open to other users, so the engine does not use it."
        yield Finding("fault", FOLDER, sentence, command(["chmod", "700", path]))


def _key(case: Case) -> Iterator[Finding]:
    path: Path = case.home.private / "key"
    if os.name == "posix" and path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077:
        sentence = "The engine's key may be read by other users."
        yield Finding("fault", FOLDER, sentence, command(["chmod", "600", path]))
