"""What ``--json`` asks for."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import GpenError
from ..files import replacing
from .console import explained

Entries = list[dict[str, Any]]


def error_as_json(error: GpenError) -> dict[str, str]:
    return {"code": error.code, "sentence": error.sentence, "hint": error.hint}


@contextmanager
def reported(target: str | None) -> Iterator[Entries]:
    """Gives a list to fill, and writes it when the block ends, however that ends.

    Args:
        target: a file, "-" for stdout, or None for nowhere. An error that ends the block becomes
            one more entry, ``{"error": {"code", "sentence", "hint"}}``, and goes on.

    Raises:
        GpenError: ``bad_option`` when the target has a picture's name, for it may be one;
            ``cannot_write`` when its folder does not exist.
    """
    from ..pictures.formats import FORMATS

    if target and Path(target).suffix.lower() in (s for f in FORMATS for s in f.suffixes):
        raise GpenError(
            "bad_option",
            f"The report would be written over the picture {target}.",
            "Name another file after --json, such as report.json.",
        )
    if target and not Path(target).parent.is_dir():
        raise GpenError(
            "cannot_write",
            f"There is no folder {Path(target).parent} for the report.",
            "Make the folder first, or choose another.",
        )
    entries: Entries = []
    try:
        yield entries
    except Exception as error:
        fault = explained(error)
        entries.append({"error": error_as_json(fault)})
        raise fault from error
    finally:
        if target is not None:
            _write(target, json.dumps(entries, indent=2) + "\n")


def _write(target: str, text: str) -> None:
    if target == "-":
        sys.stdout.write(text)
    else:
        with replacing(Path(target)) as temporary:
            temporary.write_text(text, encoding="ascii")
