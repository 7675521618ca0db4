"""Reading the fields of a header that anybody may have written."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..errors import GpenError


def bad_message(what: str) -> GpenError:
    """The error ``protocol``: the other side said something that is not understood."""
    return GpenError(
        "protocol",
        f"The plug-in and the engine do not understand each other: {what}.",
        "Run the installer again (python3 install.py), so that both are of one version.",
    )


def integer(
    header: Mapping[str, Any], name: str, *, least: int | None = None, most: int | None = None
) -> int:
    value = header.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 1 << 63:
        raise bad_message(f'"{name}" is not a whole number')
    if least is not None and value < least:
        raise bad_message(f'"{name}" is below {least}')
    if most is not None and value > most:
        raise bad_message(f'"{name}" is above {most}')
    return value


def number(header: Mapping[str, Any], name: str) -> float:
    return _number(header.get(name), name)


def numbers(header: Mapping[str, Any], name: str, count: int | None = None) -> tuple[float, ...]:
    values = header.get(name)
    if not isinstance(values, (list, tuple)) or count not in (None, len(values)):
        raise bad_message(f'"{name}" is not a list of {count or "some"} numbers')
    return tuple(_number(value, name) for value in values)


def boolean(header: Mapping[str, Any], name: str) -> bool:
    value = header.get(name)
    if not isinstance(value, bool):
        raise bad_message(f'"{name}" is neither true nor false')
    return value


def text(header: Mapping[str, Any], name: str, *, among: tuple[str, ...] = ()) -> str:
    value = header.get(name)
    if not isinstance(value, str):
        raise bad_message(f'"{name}" is not a text')
    if among and value not in among:
        raise bad_message(f'"{name}" is none of {", ".join(among)}')
    return value


def optional_text(header: Mapping[str, Any], name: str) -> str | None:
    return None if header.get(name) is None else text(header, name)


def items(header: Mapping[str, Any], name: str, kind: type) -> list[Any]:
    """A list of which every item is of one type."""
    values = header.get(name)
    if not isinstance(values, (list, tuple)) or not all(isinstance(v, kind) for v in values):
        raise bad_message(f'"{name}" is not a list of its kind')
    return list(values)


def _number(value: object, name: str) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise bad_message(f'"{name}" is not a number')
    try:
        value = float(value)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise bad_message(f'"{name}" is not a finite number')
    return value
