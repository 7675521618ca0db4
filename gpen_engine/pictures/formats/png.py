"""PNG: 8 and 16 bits, every channel set, lossless."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import imagecodecs
import numpy as np

from ..picture import Picture
from . import exif
from .format import Decoded, Format, check_size

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_AFTER_HEADER = len(_SIGNATURE) + 12 + 13  # the IHDR chunk, always first, holds 13 bytes
_LEVEL = 3  # a quarter of the time of zlib's usual 6, and a few per cent larger
_INCH = 0.0254  # metres
_LARGEST_PROFILE = 1 << 26
_LARGEST_PACKET = 1 << 22
_XMP = b"XML:com.adobe.xmp\0"


def _decode(file: BinaryIO) -> Decoded:
    """Palettes become RGB, transparent colours alpha, and 1, 2 or 4 bits 8; of an animation, the
    first picture."""
    data = file.read()
    check_size(*struct.unpack_from(">II", data, len(_SIGNATURE) + 8))
    pixels = np.atleast_3d(imagecodecs.png_decode(data))
    profile = block = dpi = packet = None
    for kind, body in _chunks(data):
        if kind == b"iCCP":
            profile = _profile(body)
        elif kind == b"eXIf":
            block = body
        elif kind == b"iTXt":
            packet = packet or _packet(body)
        elif kind == b"pHYs" and len(body) == 9:
            across, down, unit = struct.unpack(">IIB", body)
            dpi = (round(across * _INCH, 2), round(down * _INCH, 2)) if unit == 1 else None
    orientation, block = exif.upright(block)
    return Decoded(Picture(pixels, profile, block, dpi, packet), orientation)


def _notes(file: BinaryIO) -> bytes | None:
    packets = (_packet(body) for kind, body in _chunks(file.read()) if kind == b"iTXt")
    return next((packet for packet in packets if packet), None)


def _encode(picture: Picture, quality: int) -> bytes:
    # The codec insists on regular strides, which numpy does not keep for sides of 1 pixel.
    pixels = picture.pixels.ravel().reshape(picture.pixels.shape)
    # Its own guess of the room forgets that each row takes a byte more.
    room = (pixels.nbytes + len(pixels)) * 101 // 100 + 1024
    png = imagecodecs.png_encode(pixels, level=_LEVEL, out=room)
    chunks = []
    if picture.profile:
        chunks.append(_chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(picture.profile)))
    if picture.dpi:
        across, down = (round(dots / _INCH) for dots in picture.dpi)
        chunks.append(_chunk(b"pHYs", struct.pack(">IIB", across, down, 1)))
    if picture.exif:
        chunks.append(_chunk(b"eXIf", picture.exif))
    if picture.xmp:
        chunks.append(_chunk(b"iTXt", _XMP + bytes(4) + picture.xmp))
    whole = memoryview(png)
    return b"".join((whole[:_AFTER_HEADER], *chunks, whole[_AFTER_HEADER:]))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and body of each chunk that is not picture data."""
    at = len(_SIGNATURE)
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind != b"IDAT":
            yield kind, data[at + 8 : at + 8 + length]
        at += 12 + length


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _packet(body: bytes) -> bytes | None:
    """The XMP packet, if this text is one."""
    if not body.startswith(_XMP):
        return None
    packed, rest = body[len(_XMP) : len(_XMP) + 1], body[len(_XMP) + 2 :]
    *_, text = rest.split(b"\0", 2)  # behind language and translated name
    return _unpacked(text, _LARGEST_PACKET) if packed == b"\1" else text


def _profile(body: bytes) -> bytes | None:
    _name, _, packed = body.partition(b"\0")
    return _unpacked(packed[1:], _LARGEST_PROFILE)


def _unpacked(data: bytes, limit: int) -> bytes | None:
    try:
        return zlib.decompressobj().decompress(data, limit) or None
    except zlib.error:  # viewers ignore a damaged profile, and so do we
        return None


FORMAT = Format(
    name="PNG",
    suffixes=(".png",),
    signatures=((0, _SIGNATURE),),
    depths=(np.uint8, np.uint16),
    grey=True,
    alpha=True,
    longest_side=2**31 - 1,
    decode=_decode,
    notes=_notes,
    encode=_encode,
)
