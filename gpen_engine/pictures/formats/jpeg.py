"""JPEG: 8-bit grey or colour, lossy."""

from __future__ import annotations

import io
from typing import BinaryIO

import numpy as np
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from .. import xmp
from ..cmyk import cmyk_to_srgb
from ..picture import Picture
from . import exif
from .format import Decoded, Format, check_size

_LONGEST_EXIF = 65533 - 6  # a JPEG segment, less the name "Exif"
_LONGEST_XMP = 65533 - 29


def _decode(file: BinaryIO) -> Decoded:
    """CMYK becomes sRGB. Of a file with several pictures (MPO, gain maps), the first."""
    # Pillow's own opener would bring its process-wide limit on the size, and other formats.
    image = JpegImageFile(file)
    check_size(*image.size)
    pixels = np.atleast_3d(np.asarray(image))
    profile = image.info.get("icc_profile")
    if image.mode == "CMYK":
        pixels, profile = cmyk_to_srgb(pixels, profile), None
    orientation, block = exif.upright(image.info.get("exif"))
    dpi = image.info.get("dpi")
    return Decoded(Picture(pixels, profile, block, dpi, image.info.get("xmp")), orientation)


def _notes(file: BinaryIO) -> bytes | None:
    packet: bytes | None = JpegImageFile(file).info.get("xmp")
    return packet


def _encode(picture: Picture, quality: int) -> bytes:
    """Full resolution of colour (4:4:4). An EXIF block over 64 KB, which no JPEG can hold, is
    left out, and an XMP packet over 64 KB is reduced to what was invented."""
    block, packet = picture.exif or b"", picture.xmp or b""
    if len(packet) > _LONGEST_XMP:
        packet = xmp.only(packet, xmp.PREFIXES)
    file = io.BytesIO()
    Image.fromarray(picture.pixels[..., 0] if picture.is_grey else picture.pixels).save(
        file,
        "JPEG",
        quality=quality,
        subsampling=0,
        icc_profile=picture.profile,
        exif=b"Exif\0\0" + block if 0 < len(block) <= _LONGEST_EXIF else b"",
        dpi=picture.dpi or (0, 0),
        xmp=packet,
    )
    return file.getvalue()


FORMAT = Format(
    name="JPEG",
    suffixes=(".jpg", ".jpeg"),
    signatures=((0, b"\xff\xd8\xff"),),
    depths=(np.uint8,),
    grey=True,
    alpha=False,
    longest_side=65500,  # libjpeg's own limit
    decode=_decode,
    notes=_notes,
    encode=_encode,
)
