"""The weights files of this machine: whether they are whole."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from ..errors import GpenError
from ..lock import held_by
from .finding import Case, Finding, command

NAME = "Models"
ENOUGH = 2.0
"""Seconds after which no further file is read."""


def models(case: Case) -> Iterator[Finding]:
    """Compares the files with the sums that are published or were kept when they came."""
    from ..checkpoints.catalogue import ENTRIES, display_name, own_models

    end = time.monotonic() + ENOUGH
    embedded = {entry.name: entry.path for entry in ENTRIES if entry.embedded}
    bad = [
        Finding("fault", NAME, f"{name} is missing.", case.environment_anew())
        for name, path in embedded.items()
        if path is None
    ]
    sound, unread = [], []
    for path in [*filter(None, embedded.values()), *own_models()]:
        if time.monotonic() > end:
            unread.append(display_name(path))
        elif finding := _examined(case, path):
            bad.append(finding)
        else:
            sound.append(display_name(path))
    yield from dict.fromkeys(bad)  # damaged records are one fault, however many files they tell of
    if sound:
        yield Finding("ok", NAME, f"{_names(sound)} {'is' if len(sound) == 1 else 'are'} whole.")
    if unread:
        sentence = f"There was no time to check {_names(unread)}."
        yield Finding("note", NAME, sentence, case.gpen("models", "verify"))
    yield from _unfinished(case)


def _examined(case: Case, path: Path) -> Finding | None:
    """What is wrong with a file; None when nothing is."""
    from ..checkpoints.catalogue import display_name, known
    from ..checkpoints.records import SUMS, Records, sha256_of

    entry, name = known(path.stem), display_name(path)
    try:
        sums = {Records(path.parent).sum_of(path), entry.sha256 if entry else None} - {None}
    except GpenError as error:
        return Finding("fault", NAME, error.sentence, command(["rm", path.with_name(SUMS)]))
    if not sums:
        sentence = f"{name} was put there by hand and was never checked."
        return Finding("note", NAME, sentence, case.gpen("models", "verify", name))
    try:
        if sha256_of(path) in sums:
            return None
        sentence = f"The file of {name} is damaged: it is not what it was."
    except GpenError as error:
        sentence = error.sentence
    if entry and entry.embedded:
        cure = case.environment_anew()
    elif entry:
        cure = f"{case.gpen('models', 'remove', name)} && {case.gpen('models', 'get', name)}"
    else:
        cure = f"Copy {path.name} again from where you have it, or: " + case.gpen(
            "models", "remove", name, "--yes"
        )
    return Finding("fault", NAME, sentence, cure)


def _unfinished(case: Case) -> Iterator[Finding]:
    """Downloads that were cut short."""
    from ..checkpoints.catalogue import ENTRIES

    for entry in ENTRIES:
        part = case.home.models / f"{entry.file}.part"
        if part.is_file() and not held_by(part.with_suffix(".lock")):
            size = f"{part.stat().st_size / 1e6:.0f} of {entry.megabytes:.0f} MB are here"
            sentence = f"The download of {entry.name} was cut short; {size}."
            yield Finding("warning", NAME, sentence, case.gpen("models", "get", entry.name))


def _names(names: list[str]) -> str:
    few = names if len(names) < 5 else [*names[:3], f"{len(names) - 3} others"]
    return " and ".join(filter(None, (", ".join(few[:-1]), few[-1])))
