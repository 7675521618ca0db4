"""The ``args`` of a sectioned checkpoint: what its authors wrote down beside the tensors."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import GpenError

SPELLINGS = {
    "in_size": (
        *("in_size", "input_size", "in_resolution", "input_resolution", "in_res", "input_res"),
    ),
    "out_size": (
        *("out_size", "output_size", "out_resolution", "output_resolution", "out_res"),
        *("output_res", "resolution", "size"),
    ),
    "version": ("version", "model_version", "model_name", "name"),
}
"""The field names under which each value is looked for, the first that is there counts."""


@dataclass(frozen=True)
class Arguments:
    """What ``args`` says; None where it says nothing. Sizes are sides in pixels."""

    in_size: int | None = None
    out_size: int | None = None
    version: str | None = None
    """Such as ``GPEN-BFR-v2.0-2048``."""


def parse_arguments(raw: object) -> Arguments:
    """Reads ``args``: None, a dict or an ``argparse.Namespace``, with any of ``SPELLINGS``.

    A size may be a number, digits, or a pair of equal numbers.

    Raises:
        GpenError: ``bad_checkpoint`` for another type or a size that is not one.
    """
    if raw is None:
        return Arguments()
    fields = vars(raw) if isinstance(raw, argparse.Namespace) else raw
    if not isinstance(fields, Mapping):
        raise _unreadable(type(raw).__name__)
    found = {
        name: next((fields[s] for s in spellings if fields.get(s) is not None), None)
        for name, spellings in SPELLINGS.items()
    }
    version = found["version"]
    return Arguments(
        _size(found["in_size"]),
        _size(found["out_size"]),
        None if version is None else str(version),
    )


def _size(value: object) -> int | None:
    match value:
        case None:
            return None
        case bool():
            raise _unreadable(str(value))
        case int():
            return value
        case str() if value.isdecimal() and len(value) < 9:
            return int(value)
        case [int(height), int(width)] if height == width:
            return height
        case _:
            raise _unreadable(str(value)[:40])


def _unreadable(what: str) -> GpenError:
    return GpenError(
        "bad_checkpoint",
        f'The "args" of this checkpoint cannot be understood ("{what}").',
        "They must name the input and the output size in pixels, such as 512.",
    )
