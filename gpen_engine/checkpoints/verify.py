"""Tells whether a weights file on this machine is what it should be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import GpenError
from .catalogue import display_name, known
from .identify import network_of
from .records import Records, sha256_of


@dataclass(frozen=True)
class Verdict:
    """What was found about a file."""

    name: str
    path: Path
    sound: bool
    sentence: str
    sha256: str | None
    """None when the file could not be read."""


def verify(path: Path) -> Verdict:
    """Compares a weights file with its published sum, else with the one that it had when it came.

    A file without either is opened and checked whole, and its sum is remembered from then on.

    Args:
        path: of the engine's folder ``models``, or one that comes along.

    Raises:
        GpenError: ``bad_records``, ``cannot_write`` or ``disk_full`` from remembering.
    """
    name, entry = display_name(path), known(path.stem)
    records = Records(path.parent)
    remembered = records.sum_of(path)
    try:
        sha256 = sha256_of(path)
    except GpenError as error:
        return Verdict(name, path, False, error.sentence, None)
    if entry and entry.sha256 == sha256:
        return Verdict(name, path, True, "It is the published file.", sha256)
    if remembered == sha256:
        return Verdict(name, path, True, "It is as it was when it came here.", sha256)
    if remembered:
        sentence = f"It changed since it came here, when its SHA-256 was {remembered}."
        return Verdict(name, path, False, sentence, sha256)
    if entry and entry.sha256:
        sentence = f"It is not the published file, whose SHA-256 is {entry.sha256}."
        return Verdict(name, path, False, sentence, sha256)
    try:
        network = network_of(path)
    except GpenError as error:
        return Verdict(name, path, False, error.sentence, sha256)
    if entry and network != entry.network:
        return Verdict(name, path, False, f"It holds another network than {name}.", sha256)
    records.keep_sum(path, sha256, "put here by hand")
    sentence = "It is complete and all its numbers are finite; its sum is remembered from now on."
    return Verdict(name, path, True, sentence, sha256)
