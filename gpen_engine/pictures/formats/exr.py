"""OpenEXR: scene-linear light in 16 or 32 bits of floating point."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..encoding import LINEAR, Encoding
from ..film import Film
from ..picture import Picture, Pixels
from .format import Decoded, Format, Unsupported, check_size
from .openimageio import encoded, need_openimageio, opened, read_all

if TYPE_CHECKING:
    from OpenImageIO import ImageInput, ImageSpec

NAME = "OpenEXR"
_PLUGIN = "openexr"
_SIGNATURE = b"v/1\x01"
_XMP = "xmp"
"""The attribute that holds the packet."""
_COLOURS = (("R", "G", "B"), ("Y",))
_ALPHA = "A"
_LAYER = 65536  # bytes of the header that are looked through for the size
_WINDOW = b"dataWindow\0box2i\0\x10\0\0\0"
_MOST_CHANNELS = 64
_LOSSY = ("b44", "b44a", "dwaa", "dwab", "pxr24")
_LOSSLESS = "zip"


def window(file: BinaryIO) -> tuple[int, int]:
    """Width and height of the data window, from the first bytes, before anybody allocates it."""
    head = file.read(_LAYER)
    at = head.index(_WINDOW) + len(_WINDOW)
    x0, y0, x1, y1 = struct.unpack_from("<4i", head, at)
    if x1 < x0 or y1 < y0:
        raise ValueError("an empty window")
    return x1 - x0 + 1, y1 - y0 + 1


def _decode(file: BinaryIO) -> Decoded:
    """The pixels are those of the data window. Channels other than R, G, B (or Y) and A are kept
    for the file that is written, and colours stay multiplied by alpha."""
    need_openimageio()
    check_size(*window(file))
    with opened(file, _PLUGIN) as source:
        spec = source.spec()
        _check(source, spec)
        colours = _colours(spec)
        array = read_all(source, "float").astype(np.float32, copy=False)
    own = [spec.channelnames.index(name) for name in colours]
    others = [place for place in range(spec.nchannels) if place not in own]
    packet = spec.getattribute(_XMP)
    encoding, notes = _encoding(spec)
    film = Film(
        NAME,
        16 if all(kind == "half" for kind in _kinds(spec)) else 32,
        encoding,
        spec,
        array[:, :, others] if others else None,
        associated=_ALPHA in colours,
        notes=notes,
    )
    pixels = np.ascontiguousarray(array[:, :, own])
    xmp = packet.encode() if isinstance(packet, str) else None
    return Decoded(Picture(pixels, xmp=xmp, film=film), 1)


def _check(source: ImageInput, spec: ImageSpec) -> None:
    """Raises `Unsupported` for what is not one plain picture."""
    if spec.deep:
        raise Unsupported("deep pixels, with several samples each")
    if spec.nchannels > _MOST_CHANNELS:
        raise Unsupported(f"{spec.nchannels} channels; up to {_MOST_CHANNELS} are read")
    if source.seek_subimage(1, 0) or source.seek_subimage(0, 1):
        raise Unsupported("several pictures (parts, or levels of a texture)")
    source.seek_subimage(0, 0)
    if not set(_kinds(spec)) <= {"half", "float"}:
        raise Unsupported("channels of whole numbers")


def _kinds(spec: ImageSpec) -> list[str]:
    """The type of each channel's samples."""
    return [str(kind) for kind in spec.channelformats or [spec.format] * spec.nchannels]


def _colours(spec: ImageSpec) -> list[str]:
    """The channels that are the picture."""
    for names in _COLOURS:
        if set(names) <= set(spec.channelnames) and "RY" not in spec.channelnames:
            return [*names, *([_ALPHA] if _ALPHA in spec.channelnames else [])]
    shown = ", ".join(spec.channelnames[:8])
    raise Unsupported(f"the channels {shown}, but not R, G and B, or Y alone")


def _encoding(spec: ImageSpec) -> tuple[Encoding, tuple[str, ...]]:
    """Of the colours, and what is to be said."""
    notes = []
    if spec.getattribute("compression") in _LOSSY:
        notes.append(
            f"The compression {spec.getattribute('compression')} would change all pixels again;"
            f" an OpenEXR file is written with {_LOSSLESS}, which loses nothing."
        )
    chromaticities = spec.getattribute("chromaticities")
    if chromaticities is None:
        return LINEAR, tuple(notes)
    try:
        return Encoding("linear", tuple(map(float, chromaticities))), tuple(notes)
    except (TypeError, ValueError):
        notes.append("Its chromaticities are none, and it was taken for Rec. 709.")
        return LINEAR, tuple(notes)


def _notes(file: BinaryIO) -> bytes | None:
    with opened(file, _PLUGIN) as source:
        packet = source.spec().getattribute(_XMP)
    return packet.encode() if isinstance(packet, str) else None


def _encode(picture: Picture, quality: int) -> bytes:
    """A picture from elsewhere becomes linear light of Rec. 709, in 32 bits."""
    height, width = picture.pixels.shape[:2]
    film = picture.film
    if film is None:
        spec, pixels = _new_spec(picture), _light(picture)
    else:
        spec, pixels = film.spec.copy(), _in_order(picture, film)
    if (spec.width, spec.height) != (width, height):
        spec.x = spec.y = spec.full_x = spec.full_y = 0
        spec.width = spec.full_width = width
        spec.height = spec.full_height = height
    if spec.getattribute("compression") in _LOSSY:
        spec.attribute("compression", _LOSSLESS)
    if picture.xmp:
        spec.attribute(_XMP, picture.xmp.decode("utf-8", "replace"))
    else:
        spec.erase_attribute(_XMP)
    return encoded(spec, np.ascontiguousarray(pixels, np.float32), _PLUGIN)


def _in_order(picture: Picture, film: Film) -> NDArray[Any]:
    """All channels as the file had them."""
    spec, pixels = film.spec, picture.pixels
    names = list(spec.channelnames)
    own = [names.index(name) for name in _colours(spec)]
    if len(own) == len(names):
        array = np.empty_like(pixels)
    else:
        array = np.zeros((*pixels.shape[:2], len(names)), np.float32)
        if film.others is not None and film.others.shape[:2] == pixels.shape[:2]:
            array[:, :, [place for place in range(len(names)) if place not in own]] = film.others
    array[:, :, own] = pixels
    return array


def _new_spec(picture: Picture) -> ImageSpec:
    oiio = need_openimageio()
    height, width, channels = picture.pixels.shape
    spec: ImageSpec = oiio.ImageSpec(width, height, channels, "float")
    names = _COLOURS[picture.is_grey] + ((_ALPHA,) if picture.has_alpha else ())
    spec.channelnames = names
    spec.alpha_channel = channels - 1 if picture.has_alpha else -1
    spec.attribute("compression", _LOSSLESS)
    return spec


def _light(picture: Picture) -> Pixels:
    """sRGB as linear light, multiplied by alpha."""
    light = LINEAR.from_srgb(picture.colour, picture.colour.shape[2])
    if picture.alpha is None:
        return light
    alpha = picture.alpha[:, :, None]
    return np.concatenate((light * alpha, alpha), axis=2)


FORMAT = Format(
    name=NAME,
    suffixes=(".exr",),
    signatures=((0, _SIGNATURE),),
    depths=(np.float32,),
    grey=True,
    alpha=True,
    longest_side=2**31 - 1,
    decode=_decode,
    notes=_notes,
    encode=_encode,
    profile=False,
    need=need_openimageio,
)
