"""Writes a picture file, whole or not at all."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import GpenError
from ..files import replacing
from .colour import to_srgb
from .depth import from_unit, to_unit
from .formats import FORMATS, Format
from .picture import Picture

_STRIP_PIXELS = 1 << 20


def write_picture(
    path: str | os.PathLike[str], picture: Picture, *, force: bool = False, quality: int = 95
) -> None:
    """Writes a picture in the format that the file's name ends with.

    PNG and TIFF are lossless and keep 8 and 16 bits, TIFF also float. JPEG has full resolution of
    colour; WebP is lossy below quality 100. What a format cannot hold is converted plainly:

    * depth: float to 16 bits in PNG, everything to 8 bits in JPEG and WebP; rounded once, without
      dither;
    * alpha in JPEG: the picture is laid on white;
    * grey in WebP: becomes RGB, in sRGB when it had a grey profile, which could not be kept;
    * profiles in OpenEXR and DPX, and their own encodings elsewhere: become sRGB, which OpenEXR
      keeps as linear light, and DPX as video; what lies beyond white stays where there is float.

    Profile, EXIF, XMP and resolution go along, but for: EXIF over 64 KB in JPEG and in a TIFF over
    3 GB; XMP over 64 KB in JPEG, of which only the note about restored faces is left. Camera
    makers' notes in EXIF may become unreadable when the format is TIFF, where they have to move;
    WebP states no resolution.

    The file is written under a temporary name and renamed.

    Args:
        path: ends in one of the suffixes of ``FORMATS``, in any case.
        picture: what to write.
        force: an existing file is replaced.
        quality: 1..100, for JPEG and WebP.

    Raises:
        GpenError: ``bad_output`` (no such format, or too large a side for it), ``output_exists``,
            ``cannot_write`` (no folder, no right, disk full), ``film_missing`` for OpenEXR and DPX
            without OpenImageIO, ``out_of_memory``.
    """
    path = Path(path)
    format = _format(path)
    if path.exists() and not force:
        raise GpenError(
            "output_exists",
            f"The file {path} already exists.",
            "Choose another name, or allow overwriting (--force).",
        )
    if max(picture.pixels.shape[:2]) > format.longest_side:
        raise GpenError(
            "bad_output",
            f"A {format.name} file cannot have sides over {format.longest_side} pixels.",
            "Choose PNG or TIFF.",
        )
    try:
        data = format.encode(_fitting(picture, format), quality)
    except OSError as error:  # of a library that writes to a file of its own
        raise GpenError(
            "cannot_write", f"The picture {path.name} cannot be written.", f"The reason: {error}"
        ) from error
    except MemoryError as error:
        raise GpenError(
            "out_of_memory",
            f"There is not enough memory to write {path.name}.",
            "Close other programs.",
        ) from error
    try:
        with replacing(path) as temporary:
            temporary.write_bytes(data)
    except OSError as error:
        raise GpenError(
            "cannot_write",
            f"The file {path} cannot be written: {error.strerror or error}.",
            "Check that the folder exists, that it may be written to, and that the disk has room.",
        ) from error


def _format(path: Path) -> Format:
    for format in FORMATS:
        if path.suffix.lower() in format.suffixes:
            return format
    suffixes = ", ".join(suffix for format in FORMATS for suffix in format.suffixes)
    raise GpenError(
        "bad_output",
        f"The name {path.name} does not end as a picture's that can be written.",
        f"End it in one of {suffixes}.",
    )


def _fitting(picture: Picture, format: Format) -> Picture:
    """The picture itself when the format can hold it, else the nearest that it can."""
    pixels = picture.pixels
    depth = pixels.dtype if pixels.dtype in format.depths else format.depths[-1]
    flatten = picture.has_alpha and not format.alpha
    spread = picture.is_grey and not format.grey
    foreign = picture.film is not None and picture.film.format != format.name
    as_srgb = spread or foreign or (picture.profile is not None and not format.profile)
    if depth == pixels.dtype and not flatten and not as_srgb:
        return picture
    rows = max(1, _STRIP_PIXELS // pixels.shape[1])  # strips, to hold little of it in float
    strips = (
        dataclasses.replace(picture, pixels=pixels[top : top + rows])
        for top in range(0, len(pixels), rows)
    )
    fitting = np.concatenate(
        [from_unit(_converted(strip, flatten, spread, as_srgb), depth) for strip in strips]
    )
    if as_srgb:
        return dataclasses.replace(picture, pixels=fitting, profile=None, film=None)
    return dataclasses.replace(picture, pixels=fitting)


def _converted(picture: Picture, flatten: bool, spread: bool, as_srgb: bool) -> NDArray[np.float32]:
    """The picture in 0..1: ``flatten`` lays it on white, ``spread`` makes grey colours, ``as_srgb``
    converts to sRGB, with straight alpha."""
    if picture.alpha is None:
        colour = to_srgb(picture) if as_srgb else to_unit(picture.colour)
        return colour.repeat(3, axis=2) if spread else colour
    alpha = to_unit(picture.alpha)[..., None]
    if as_srgb and picture.film and picture.film.associated:
        shown = np.divide(picture.colour, alpha, out=picture.colour.copy(), where=alpha > 0)
        picture = dataclasses.replace(picture, pixels=np.concatenate((shown, alpha), axis=2))
    colour = to_srgb(picture) if as_srgb else to_unit(picture.colour)
    if spread:
        colour = colour.repeat(3, axis=2)
    if flatten:
        return colour * alpha + (1 - alpha)
    return np.concatenate((colour, alpha), axis=2)
