"""DPX (SMPTE ST 268): scanned film in 8, 10, 12 or 16 bits, logarithmic, linear or as video."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from ..depth import white
from ..encoding import LINEAR, LOG, Encoding
from ..film import Film
from ..picture import Picture, Pixels
from .format import Decoded, Format, Unsupported, check_size
from .openimageio import encoded, need_openimageio, opened, read_all

if TYPE_CHECKING:
    from OpenImageIO import ImageInput, ImageSpec

NAME = "DPX"
_PLUGIN = "dpx"
_SIGNATURES = {b"SDPX": ">", b"XPDS": "<"}
_ENDIAN = {">": "big", "<": "little"}
_SIZE_AT = 772  # width and height
_FILE_NAME = slice(36, 136)
_CURVES: dict[str, Encoding | None] = {
    "Printing density": LOG,
    "Logarithmic": LOG,
    "Linear": LINEAR,
    "Unspecified video": None,
    "SMPTE 274M": None,
    "ITU-R 709-4": None,
    "ITU-R 601-5 system B or G": None,
    "ITU-R 601-5 system M": None,
    "NTSC composite video": None,
    "PAL composite video": None,
}
"""By the header's transfer characteristic. Video's curves are taken for sRGB's, which is what
screens do with them."""
_UNKNOWN = ("", "Undefined", "User defined")
_VIDEO = "ITU-R 709-4"
_CHANNELS = {"Luma": 1, "Luminance": 1, "RGB": 3, "RGBA": 4}
_USER = "dpx:UserData"
_USER_ID = b"XMP".ljust(32, b"\0")
_BEGIN, _END = b"<?xpacket begin", b'<?xpacket end="w"?>'


def size(file: BinaryIO) -> tuple[int, int]:
    """Width and height, from the first bytes."""
    head = file.read(_SIZE_AT + 8)
    width, height = struct.unpack_from(f"{_SIGNATURES[head[:4]]}II", head, _SIZE_AT)
    return width, height


def _decode(file: BinaryIO) -> Decoded:
    """10 and 12 bits become 16, and the same again in the file that is written."""
    need_openimageio()
    head = file.read(4)
    file.seek(0)
    check_size(*size(file))
    with opened(file, _PLUGIN) as source:
        spec = source.spec()
        bits = _bits(source, spec)
        encoding, notes = _encoding(spec)
        pixels = read_all(source, "unknown")
    spec.attribute("oiio:Endian", _ENDIAN[_SIGNATURES[head]])
    orientation = spec.get_int_attribute("Orientation", 1)
    spec.attribute("Orientation", 1)
    film = Film(NAME, bits, encoding, spec, notes=notes)
    return Decoded(Picture(pixels, xmp=_packet(spec), film=film), orientation)


def _bits(source: ImageInput, spec: ImageSpec) -> int:
    """Of a sample; raises `Unsupported` for what photographs are not stored as."""
    descriptor = spec.get_string_attribute("dpx:ImageDescriptor")
    if _CHANNELS.get(descriptor) != spec.nchannels or source.seek_subimage(1, 0):
        raise Unsupported(f"several elements, or one of the kind {descriptor or 'unknown'}")
    bits = spec.get_int_attribute("oiio:BitsPerSample", 8 * spec.channel_bytes())
    if str(spec.format) not in ("uint8", "uint16") or bits not in (8, 10, 12, 16):
        raise Unsupported(f"{bits}-bit samples of the type {spec.format}")
    return bits


def _encoding(spec: ImageSpec) -> tuple[Encoding | None, tuple[str, ...]]:
    """Of the colours, and what is to be said."""
    transfer = spec.get_string_attribute("dpx:Transfer")
    if transfer in _UNKNOWN:
        return None, ("The DPX file does not say how its colours are encoded: taken as video.",)
    if transfer not in _CURVES:
        raise Unsupported(f'colours of the kind "{transfer}"')
    return _CURVES[transfer], ()


def _user_data(spec: ImageSpec) -> bytes:
    data = spec.getattribute(_USER)
    return b"" if data is None else np.asarray(data, np.uint8).tobytes()


def _packet(spec: ImageSpec) -> bytes | None:
    """The XMP packet, wherever in the user's data it stands."""
    data = _user_data(spec)
    begin, end = data.find(_BEGIN), data.rfind(_END)
    return data[begin : end + len(_END)] if 0 <= begin < end else None


def _notes(file: BinaryIO) -> bytes | None:
    with opened(file, _PLUGIN) as source:
        return _packet(source.spec())


def _encode(picture: Picture, quality: int) -> bytes:
    """A picture from elsewhere becomes video in 8 or 16 bits."""
    pixels = picture.pixels
    if picture.is_grey and picture.has_alpha:
        pixels = pixels[:, :, [0, 0, 0, 1]]
    height, width, _ = pixels.shape
    spec = picture.film.spec.copy() if picture.film else _new_spec(pixels)
    spec.width = spec.full_width = width
    spec.height = spec.full_height = height
    before = _packet(spec)
    if picture.xmp:
        data = _user_data(spec) or _USER_ID
        data = data.replace(before, picture.xmp) if before else data + picture.xmp
        oiio = need_openimageio()
        kind = oiio.TypeDesc(f"uint8[{len(data)}]")
        spec.attribute(_USER, kind, np.frombuffer(data, np.uint8))
    whole = bytearray(encoded(spec, _rounded(pixels, picture.bits), _PLUGIN))
    name = whole[_FILE_NAME]
    whole[_FILE_NAME] = bytes(len(name))  # that of a temporary file
    return bytes(whole)


def _rounded(pixels: Pixels, bits: int) -> Pixels:
    """The nearest samples that have only so many bits, which the library would cut off."""
    if bits in (8, 16):
        return np.ascontiguousarray(pixels)
    top = (1 << bits) - 1
    levels = (pixels.astype(np.uint32) * top + white(pixels.dtype) // 2) // white(pixels.dtype)
    return ((levels << (16 - bits)) | (levels >> (2 * bits - 16))).astype(np.uint16)


def _new_spec(pixels: Pixels) -> ImageSpec:
    oiio = need_openimageio()
    height, width, channels = pixels.shape
    bits = 8 * pixels.dtype.itemsize
    spec: ImageSpec = oiio.ImageSpec(width, height, channels, f"uint{bits}")
    spec.attribute("oiio:BitsPerSample", bits)
    spec.attribute("dpx:Transfer", _VIDEO)
    spec.attribute("dpx:Colorimetric", _VIDEO)
    return spec


FORMAT = Format(
    name=NAME,
    suffixes=(".dpx",),
    signatures=tuple((0, signature) for signature in _SIGNATURES),
    depths=(np.uint8, np.uint16),
    grey=True,
    alpha=True,
    longest_side=2**31 - 1,
    decode=_decode,
    notes=_notes,
    encode=_encode,
    profile=False,
    need=need_openimageio,
)
