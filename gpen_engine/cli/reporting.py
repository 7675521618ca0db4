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
    """
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
