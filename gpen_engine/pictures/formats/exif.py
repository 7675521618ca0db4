"""EXIF blocks, which are small TIFF files without a picture.

A block is edited in place, never written anew: camera makers' notes hold positions within the
block and break when their bytes move. Only the way into and out of a TIFF has to move them.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from mmap import mmap
from typing import Literal, NamedTuple, TypeAlias

ORIENTATION = 0x0112
_POINTERS = {0x8769: "Exif", 0x8825: "GPS", 0xA005: "Interoperability"}
_DESCRIPTIVE = {
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x0132: "DateTime",
    0x013B: "Artist",
    0x013C: "HostComputer",
    0x4746: "Rating",
    0x8298: "Copyright",
    **{0x9C9B + index: "title, comment, author, keywords, subject" for index in range(5)},
}
"""Tags of a TIFF's first directory that tell of the photograph and not of the file."""
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
"""Bytes that one value of each field type takes."""
_WHOLE = {1: "B", 3: "H", 4: "I"}
_LARGEST_DIRECTORY = 1 << 26
_LEVELS = 3

_Value: TypeAlias = "tuple[int, int, bytes] | _Directory"  # (field type, count, bytes)
ByteOrder: TypeAlias = Literal["<", ">"]
_Directory: TypeAlias = dict[int, _Value]


class _Entry(NamedTuple):
    tag: int
    kind: int
    number: int
    field: int  # where its own four bytes stand: the value, or its position
    at: int  # where its value stands
    size: int  # bytes of the value


def upright(block: bytes | None) -> tuple[int, bytes | None]:
    """The orientation (1..8) that a block states, and the block with orientation 1.

    The link to the small preview is cut too, since it would show the picture as it was. A block
    that cannot be understood counts as none.
    """
    if block is None:
        return 1, None
    block = block.removeprefix(b"Exif\0\0")
    try:
        order = byte_order(block)
        entries, link = _entries(block, order, _first(block, order))
        edited = bytearray(block)
        orientation = 1
        for entry in entries:
            if entry.tag == ORIENTATION and entry.kind in _WHOLE and entry.number == 1:
                code = order + _WHOLE[entry.kind]
                (orientation,) = struct.unpack_from(code, block, entry.at)
                struct.pack_into(code, edited, entry.at, 1)
        if link + 4 <= len(edited):
            struct.pack_into("I", edited, link, 0)
    except (ValueError, struct.error):
        return 1, None
    return (orientation if 1 <= orientation <= 8 else 1), bytes(edited)


def byte_order(data: bytes | mmap) -> ByteOrder:
    """``<`` or ``>``, as `struct` writes them; ValueError when this is no (classic) TIFF."""
    if data[:4] == b"II*\0":
        return "<"
    if data[:4] == b"MM\0*":
        return ">"
    raise ValueError("not a TIFF structure")


def from_tiff(data: bytes | mmap) -> bytes | None:
    """An EXIF block with what a TIFF file tells of its photograph; None when that is nothing."""
    try:
        order = byte_order(data)
        directory = _photographic(_tree(data, order, _first(data, order), _LEVELS))
    except (ValueError, struct.error):  # BigTIFF, or damaged
        return None
    if not directory:
        return None
    signature = b"II*\0" if order == "<" else b"MM\0*"
    return signature + struct.pack(order + "I", 8) + _packed(directory, order, 8)


def into_tiff(tiff: bytes, block: bytes) -> bytes:
    """The TIFF file with a block's tags, in a new first directory at its end.

    Both must have one byte order. ValueError when either cannot be understood.
    """
    order = byte_order(tiff)
    if byte_order(block) != order:
        raise ValueError("the byte orders differ")
    try:
        entries, link = _entries(tiff, order, _first(tiff, order))
        directory = _photographic(_tree(block, order, _first(block, order), _LEVELS))
        following = struct.unpack_from(order + "I", tiff, link)[0]
    except struct.error as error:
        raise ValueError("the directory is damaged") from error
    for entry in entries:  # values stay where they are; a field of 4 bytes moves as it is
        directory[entry.tag] = (entry.kind, entry.number, tiff[entry.field : entry.field + 4])
    start = len(tiff) + len(tiff) % 2
    header = tiff[:4] + struct.pack(order + "I", start)
    padding = b"\0" * (start - len(tiff))
    last = _packed(directory, order, start, following)
    return b"".join((header, memoryview(tiff)[8:], padding, last))


def _first(data: bytes | mmap, order: str) -> int:
    """Where the first directory stands."""
    start = int(struct.unpack_from(order + "I", data, 4)[0])
    if start < 8:
        raise ValueError("the first directory would lie in the header")
    return start


def _entries(data: bytes | mmap, order: str, start: int) -> tuple[list[_Entry], int]:
    """A directory's entries, and where the position of the next directory stands."""
    (length,) = struct.unpack_from(order + "H", data, start)
    entries = []
    for index in range(length):
        field = start + 2 + 12 * index + 8
        tag, kind, count, position = struct.unpack_from(order + "HHII", data, field - 8)
        size = _SIZES.get(kind, 0) * count
        entries.append(_Entry(tag, kind, count, field, position if size > 4 else field, size))
    return entries, start + 2 + 12 * length


def _tree(data: bytes | mmap, order: str, start: int, levels: int) -> _Directory:
    """A directory with the directories that it points to; damaged ones are left out."""
    room = _LARGEST_DIRECTORY
    if levels == 0:
        raise ValueError("directories within directories without end")
    directory: _Directory = {}
    for entry in _entries(data, order, start)[0]:
        if entry.tag in _POINTERS:
            with suppress(ValueError, struct.error):  # a damaged branch is left out
                (below,) = struct.unpack_from(order + "I", data, entry.at)
                directory[entry.tag] = _tree(data, order, below, levels - 1)
        elif 0 < entry.size <= min(room, len(data) - entry.at):
            room -= entry.size
            value = data[entry.at : entry.at + entry.size]
            directory[entry.tag] = (entry.kind, entry.number, value)
    return directory


def _photographic(directory: _Directory) -> _Directory:
    return {
        tag: value
        for tag, value in directory.items()
        if tag in _DESCRIPTIVE or (tag in _POINTERS and value)
    }


def _packed(directory: _Directory, order: str, start: int, following: int = 0) -> bytes:
    """The bytes of a directory that stands at ``start``, with all that it points to after it."""
    table = struct.pack(order + "H", len(directory))
    behind = start + 2 + 12 * len(directory) + 4
    values = b""
    for tag in sorted(directory):
        value = directory[tag]
        at = behind + len(values)
        if isinstance(value, dict):
            values += _packed(value, order, at)
            kind, count, field = 4, 1, struct.pack(order + "I", at)
        else:
            kind, count, field = value
            if len(field) > 4:
                values += field + b"\0" * (len(field) % 2)
                field = struct.pack(order + "I", at)
        table += struct.pack(order + "HHI", tag, kind, count) + field.ljust(4, b"\0")
    return table + struct.pack(order + "I", following) + values
