"""WebP: 8-bit colour with or without alpha; lossy, or lossless at quality 100."""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

import imagecodecs
import numpy as np
from PIL import Image

from ..picture import Picture
from . import exif
from .format import Decoded, Format


def _decode(file: BinaryIO) -> Decoded:
    """Of an animation, the first picture. A WebP cannot be larger than 16383 x 16383."""
    data = file.read()
    pixels = np.atleast_3d(imagecodecs.webp_decode(data, 0))
    chunks = _chunks(data)
    orientation, block = exif.upright(chunks.get(b"EXIF"))
    picture = Picture(pixels, chunks.get(b"ICCP"), block, xmp=chunks.get(b"XMP "))
    return Decoded(picture, orientation)


def _notes(file: BinaryIO) -> bytes | None:
    return _chunks(file.read()).get(b"XMP ")


def _encode(picture: Picture, quality: int) -> bytes:
    """Lossy WebP always halves the resolution of colour; sharp conversion keeps edges clean."""
    file = io.BytesIO()
    Image.fromarray(picture.pixels).save(
        file,
        "WEBP",
        quality=quality,
        lossless=quality == 100,
        exact=True,  # colours below transparent pixels are kept
        use_sharp_yuv=True,
        icc_profile=picture.profile or b"",
        exif=picture.exif or b"",
        xmp=picture.xmp or b"",
    )
    return file.getvalue()


def _chunks(data: bytes) -> dict[bytes, bytes]:
    """The bodies of the RIFF chunks by name."""
    chunks = {}
    at = 12  # behind "RIFF", the length and "WEBP"
    while at + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, at)
        chunks[name] = data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    return chunks


FORMAT = Format(
    name="WebP",
    suffixes=(".webp",),
    signatures=((8, b"WEBP"),),
    depths=(np.uint8,),
    grey=False,
    alpha=True,
    longest_side=16383,
    decode=_decode,
    notes=_notes,
    encode=_encode,
)
