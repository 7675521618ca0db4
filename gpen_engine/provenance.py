"""Tells what was invented: a note in the file that a machine and a person can read.

IPTC's property Digital Source Type says so in the way that agencies, archives and the European
transparency rules for generated content expect; properties of our own say by which model, and how
strongly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .pictures.xmp import IPTC, OURS, PREFIXES, Property, properties, with_properties
from .wire.source_types import COMPOSITE, GENERATED, SOURCE_TYPES, stays

__all__ = [
    "COMPOSITE",
    "GENERATED",
    "SOURCE_TYPES",
    "Invention",
    "invention",
    "marked",
    "source_type",
]

_TYPE = Property(IPTC, PREFIXES[IPTC], "DigitalSourceType")


@dataclass(frozen=True)
class Invention:
    """What a file says about the faces that were restored in it."""

    model: str
    sha256: str
    """Of the model's file; empty when it is not known."""
    strength: float
    """0..1."""
    faces: int
    """How many were restored; over several runs, in the last."""
    engine: str
    """Our version."""
    source_type: str = COMPOSITE
    """The last part of the address of IPTC's term."""
    task: str = "restore"
    """What was done, as the command line calls it."""


def marked(packet: bytes | None, invention: Invention) -> bytes:
    """The XMP packet of a picture with the note in it.

    Args:
        packet: the picture's own; None when it has none.
        invention: what was done; its ``source_type`` gives way to "all generated".
    """
    return with_properties(
        packet,
        {
            _TYPE: stays(_read(properties(packet)), invention.source_type),
            _own("Model"): invention.model,
            _own("ModelSHA256"): invention.sha256,
            _own("Strength"): f"{invention.strength:g}",
            _own("Faces"): str(invention.faces),
            _own("Version"): invention.engine,
            _own("Task"): invention.task,
        },
    )


def invention(packet: bytes | None) -> Invention | None:
    """What a packet tells; None when it has no note of ours."""
    known = properties(packet)
    model = known.get((OURS, "Model"))
    if model is None:
        return None
    try:
        return Invention(
            model,
            known.get((OURS, "ModelSHA256"), ""),
            float(known[OURS, "Strength"]),
            int(known[OURS, "Faces"]),
            known.get((OURS, "Version"), ""),
            _read(known),
            known.get((OURS, "Task"), "restore"),
        )
    except (KeyError, ValueError):
        return None


def source_type(packet: bytes | None) -> str:
    """The last part of IPTC's term that a packet names, whoever wrote it; empty when none."""
    return _read(properties(packet))


def _read(known: Mapping[tuple[str, str], str]) -> str:
    return known.get((_TYPE.namespace, _TYPE.name), "").rpartition("/")[2]


def _own(name: str) -> Property:
    return Property(OURS, PREFIXES[OURS], name)
