"""The notes that GIMP keeps on the layers of its own files (XCF).

Only names and parasites are read, no pixel. Written after GIMP's description of the format, which
its developers keep stable: https://developer.gimp.org/core/standards/xcf/
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple, cast

from ..errors import GpenError

SIGNATURE = b"gimp xcf "
_PACKED: dict[bytes, Callable[..., object]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ": lzma.open,
}
"""GIMP packs a file whole when its name ends so: .xcf.gz, .xcf.bz2 and .xcf.xz."""
_END, _PARASITES = 0, 21
_LONGEST = 1 << 24
"""Bytes of one property: a damaged length must not fill the memory."""


class Note(NamedTuple):
    """A parasite on a layer."""

    layer: str
    name: str
    data: bytes


def is_xcf(path: str | os.PathLike[str]) -> bool:
    """Whether a file begins as GIMP's do. Raises OSError."""
    with _opened(Path(path)) as file:
        try:
            return file.read(len(SIGNATURE)) == SIGNATURE
        except (OSError, EOFError, lzma.LZMAError):  # it is packed, but damaged
            return False


def layer_notes(path: str | os.PathLike[str]) -> list[Note]:
    """The parasites of all layers, from the top layer to the bottom one.

    Raises:
        GpenError: ``bad_image`` when it is no XCF file, or damaged.
        OSError: it cannot be opened.
    """
    path = Path(path)
    with _opened(path) as file:
        try:
            return list(_notes(file))
        except (ValueError, EOFError, OSError, struct.error, lzma.LZMAError) as error:
            raise GpenError(
                "bad_image",
                f"The GIMP file {path.name} is damaged or cut short.",
                "Open it in GIMP and save it again.",
            ) from error


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        head = file.read(6)
    for signature, open_packed in _PACKED.items():
        if head.startswith(signature):
            return cast("IO[bytes]", open_packed(path, "rb"))
    return path.open("rb")


def _notes(file: IO[bytes]) -> Iterator[Note]:
    if _bytes(file, len(SIGNATURE)) != SIGNATURE:
        raise ValueError("not an XCF file")
    version = _bytes(file, 5).rstrip(b"\0")  # "file" in the oldest, then "v001" and so on
    number = 0 if version == b"file" else int(version[1:])
    _bytes(file, 12 if number < 4 else 16)  # width, height, kind, and precision
    for _ in _properties(file):
        pass
    pointer = ">I" if number < 11 else ">Q"
    places = []
    while place := struct.unpack(pointer, _bytes(file, struct.calcsize(pointer)))[0]:
        places.append(place)
    for place in places:
        file.seek(place)
        _bytes(file, 12)  # width, height, kind
        layer = _text(file)
        for kind, payload in _properties(file):
            if kind == _PARASITES:
                yield from (Note(layer, name, data) for name, data in _parasites(payload))


def _properties(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    while True:
        kind, length = struct.unpack(">II", _bytes(file, 8))
        payload = _bytes(file, length)
        if kind == _END:
            return
        yield kind, payload


def _parasites(payload: bytes) -> Iterator[tuple[str, bytes]]:
    at = 0
    while at < len(payload):
        (length,) = struct.unpack_from(">I", payload, at)
        name = payload[at + 4 : at + 4 + length].rstrip(b"\0").decode("utf-8", "replace")
        _flags, size = struct.unpack_from(">II", payload, at + 4 + length)
        at += 4 + length + 8
        if at + size > len(payload):
            raise ValueError("a parasite is longer than its property")
        yield name, payload[at : at + size]
        at += size


def _text(file: IO[bytes]) -> str:
    (length,) = struct.unpack(">I", _bytes(file, 4))
    return _bytes(file, length).rstrip(b"\0").decode("utf-8", "replace")


def _bytes(file: IO[bytes], count: int) -> bytes:
    if count > _LONGEST:
        raise ValueError("a length that cannot be")
    data = file.read(count)
    if len(data) != count:
        raise EOFError
    return data
