"""Reads a picture file, whatever its name says it is."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np

from ..errors import GpenError
from .formats import FORMATS, Format, Unsupported
from .picture import Picture, Pixels
from .xmp import carried

T = TypeVar("T")

_HEAD = 16  # bytes that tell the format
_HIGHEST_DPI = 65535  # what JPEG can state; no scanner comes near


def read_picture(path: str | os.PathLike[str]) -> Picture:
    """Reads a picture file of one of ``FORMATS``, recognised by its content, and turns it upright.

    Depth, colour profile, EXIF, alpha and resolution are kept as they are, with these exceptions:
    palettes become RGB (with alpha where they have transparency); 1, 2 and 4 bits become 8; CMYK
    becomes sRGB, by its profile or plainly, and loses the profile; of several pages or frames the
    first is read. What ``Film`` holds goes along, too. XMP loses what is not true any more, such as
    the orientation; old IPTC notes are not read. Up to 500 megapixels.

    Raises:
        GpenError: ``file_missing``; ``bad_image`` when it is no picture, damaged, cut short, too
            large or of a kind that is not read; ``film_missing`` for OpenEXR and DPX without
            OpenImageIO; ``out_of_memory``.
    """
    picture, orientation = _read(Path(path), lambda format, file: format.decode(file))
    return _upright(picture, orientation)


def read_xmp(path: str | os.PathLike[str]) -> bytes | None:
    """The XMP packet of a picture file as it stands there, without reading the picture.

    Raises:
        GpenError: as ``read_picture``.
    """
    return _read(Path(path), lambda format, file: format.notes(file))


def _read(path: Path, what: Callable[[Format, BinaryIO], T]) -> T:
    """What a format gets out of a file, with any failure explained."""
    format = _format(path)
    try:
        with path.open("rb") as file:
            return what(format, file)
    except GpenError:
        raise
    except Unsupported as error:
        raise GpenError(
            "bad_image",
            f"The {format.name} file {path.name} cannot be read: it holds {error}.",
            "Save it from an image editor as a plain RGB picture (or a smaller one).",
        ) from error
    except MemoryError as error:
        raise GpenError(
            "out_of_memory",
            f"The picture {path.name} does not fit in memory.",
            "Close other programs, or make the picture smaller.",
        ) from error
    except Exception as error:  # damaged files make decoders raise nearly anything
        raise GpenError(
            "bad_image",
            f"The {format.name} file {path.name} is damaged or cut short.",
            "Copy it again from where it came from, or save it anew from an image editor.",
        ) from error


def _format(path: Path) -> Format:
    try:
        if path.is_dir():
            raise GpenError(
                "bad_image", f"{path} is a folder, not a picture.", "Name a file in it."
            )
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except FileNotFoundError as error:
        raise GpenError(
            "file_missing", f"There is no file {path}.", "Check its name and its folder."
        ) from error
    except (OSError, ValueError) as error:
        raise GpenError(
            "bad_image", f"The file {path.name} cannot be opened.", f"The system says: {error}"
        ) from error
    for format in FORMATS:
        if any(head[at:].startswith(signature) for at, signature in format.signatures):
            return format
    raise GpenError(
        "bad_image",
        f"The file {path.name} is not a picture that can be read here.",
        "JPEG, PNG, TIFF, WebP, OpenEXR and DPX are read; save others, such as HEIC or RAW, as one"
        " of these.",
    )


def _upright(picture: Picture, orientation: int) -> Picture:
    """Undoes an EXIF orientation, makes the pixels contiguous and drops a nonsense resolution."""
    pixels: Pixels = picture.pixels
    dpi = picture.dpi
    if dpi and not all(1 <= dots <= _HIGHEST_DPI for dots in dpi):
        dpi = None
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
        dpi = dpi and (dpi[1], dpi[0])
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return replace(picture, pixels=np.ascontiguousarray(pixels), dpi=dpi, xmp=carried(picture.xmp))
