"""Where a restored film goes: a film file, or a folder of pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import GpenError
from ..files import replacing
from ..pictures import Picture, from_unit, is_srgb, to_srgb, write_picture
from ..pictures.formats import FORMATS
from ..provenance import Invention, marked
from .encoding import CONTAINERS, choose_encoder, choose_format
from .film import Film, converted, need_av
from .film_frame import FilmFrame, depth_of
from .film_writer import film_written
from .frames import Frame
from .sequence import PictureFrame, Sequence, folder_replacing, is_sequence, numbered

if TYPE_CHECKING:
    from av import VideoFrame

REC_709, LIMITED_RANGE = 1, 1
NOTE = "GPEN"
"""Name of a film's note about what was restored."""
NAME = "%06d.png"
"""Of a film's frames as pictures."""


@dataclass(eq=False)
class Target:
    """Takes finished frames."""

    write: Callable[[Frame], None]
    format: str
    """Of the written pixels: FFmpeg's name, or ``pictures``."""
    pixels: str | None = None
    """The format in which a film's frames are wanted."""
    copy: Callable[[Any], None] | None = None
    """Takes the packets of a film's other streams."""
    note: str | None = None
    """For the user, about what is lost."""


def check_film_target(source: Path, target: Path, *, force: bool = False) -> None:
    """What would fail after a long time, found before.

    Raises:
        GpenError: ``output_exists``, ``bad_output``, ``cannot_write`` or ``film_missing``.
    """
    if is_film_name(target):
        if target.exists() and not force:
            raise GpenError(
                "output_exists",
                f"The file {target} already exists.",
                "Choose another name, or allow overwriting (--force).",
            )
        folder = target
    else:
        folder, name = _folder_and_name(target)
        if name and Path(name).suffix.lower() not in [s for f in FORMATS for s in f.suffixes]:
            raise GpenError(
                "bad_output",
                f"The name {target.name} is neither a film's nor a picture's.",
                f"End it in one of {', '.join(CONTAINERS)}; or name a folder, or name_%05d.png.",
            )
        for format in FORMATS:
            if name and Path(name).suffix.lower() in format.suffixes:
                format.need()
        if is_sequence(source) and folder.exists():
            own = source if source.is_dir() else source.parent
            if own.exists() and folder.samefile(own):
                raise GpenError(
                    "output_exists",
                    "The pictures would lie among those that they are made of.",
                    "Choose another folder.",
                )
    if not folder.absolute().parent.is_dir():
        raise GpenError(
            "cannot_write",
            f"There is no folder {folder.parent} to write to.",
            "Make the folder first, or choose another.",
        )


def is_film_name(path: Path) -> bool:
    """Whether a target is a film file by its name."""
    return path.suffix.lower() in CONTAINERS and not path.is_dir()


@contextmanager
def film_target(
    origin: Film | Sequence, path: Path, codec: str | None, crf: int | None, told: Invention
) -> Iterator[Target]:
    """A film file, whole or not there; if ``told`` has faces, its notes say so, and by what.

    Raises:
        GpenError: ``bad_option``, ``encoder_missing``, ``bad_output``, ``cannot_write``.
    """
    encoder = choose_encoder(path, codec)
    with replacing(path) as temporary:
        if isinstance(origin, Film):
            format, note = choose_format(encoder, origin.format)
            size, time_base = (origin.width, origin.height), origin.time_base
        else:
            picture = next(origin.frames()).picture
            deep = picture.pixels.dtype != np.uint8
            format, note = choose_format(encoder, "yuv420p10le" if deep else "yuv420p")
            size, time_base = (picture.pixels.shape[1], picture.pixels.shape[0]), 1 / origin.rate
        with film_written(
            temporary, encoder, format, crf, size=size, rate=origin.rate, time_base=time_base
        ) as writer:
            if told.strength and told.faces:
                writer.container.metadata[NOTE] = (
                    f"Faces restored by gpen {told.engine} with {told.model}, SHA-256"
                    f" {told.sha256 or 'unknown'}, strength {told.strength:g} ({told.source_type})"
                )
            if isinstance(origin, Film):
                writer.take_after(origin)
            else:
                context = writer.stream.codec_context
                context.colorspace = context.color_primaries = REC_709
                context.color_trc, context.color_range = REC_709, LIMITED_RANGE
                writer.start()
            count = 0

            def write(frame: Frame) -> None:
                nonlocal count
                if isinstance(frame, FilmFrame):
                    writer.write(frame.frame)
                elif isinstance(frame, PictureFrame):
                    video = _as_video(frame.picture, format)
                    video.pts, video.time_base, video.duration = count, time_base, 1
                    writer.write(video)
                count += 1

            yield Target(write, format, format, writer.copy, note)


@contextmanager
def picture_target(
    origin: Film | Sequence, path: Path, told: Invention, *, quality: int, force: bool
) -> Iterator[Target]:
    """A folder of pictures, whole or not there; sound and time stamps of a film are not in it.

    A picture with restored faces says so; see ``provenance``.

    Raises:
        GpenError: ``output_exists``; those of ``write_picture``.
    """
    place, name = _folder_and_name(path)
    with folder_replacing(place, force=force) as folder:
        count = 0

        def write(frame: Frame) -> None:
            nonlocal count
            count += 1
            if isinstance(frame, PictureFrame):
                own, picture = numbered(name, count) if name else frame.name, frame.picture
            elif isinstance(frame, FilmFrame):
                own, picture = numbered(name or NAME, count), _as_picture(frame)
            else:
                raise TypeError("frames come from the source")
            if frame.faces and told.strength:
                xmp = marked(picture.xmp, replace(told, faces=frame.faces))
                picture = replace(picture, xmp=xmp)
            write_picture(folder / own, picture, quality=quality)

        note = (
            "The pictures have no sound and no time stamps." if isinstance(origin, Film) else None
        )
        yield Target(write, "pictures", note=note)


def _folder_and_name(path: Path) -> tuple[Path, str | None]:
    """The folder that is written, and the pattern of its files' names if one is given."""
    if path.is_dir() or not path.suffix:
        return path, None
    return path.parent, path.name


def _as_picture(frame: FilmFrame) -> Picture:
    """Upright, in 8 bits, or in 16 where the film has more than 8."""
    pixels = frame.pixels
    rgb = pixels.rgb((0, 0, pixels.width, pixels.height))
    depth = np.uint8 if depth_of(frame.frame.format.name) == 8 else np.uint16
    return Picture(frame.shown(from_unit(rgb, np.dtype(depth))))


def _as_video(picture: Picture, format: str) -> VideoFrame:
    """In Rec. 709's colours, which are nearly sRGB's; alpha is left out."""
    colour = picture.colour if is_srgb(picture) else to_srgb(picture)
    if colour.dtype == np.float32:
        colour = from_unit(colour, np.dtype(np.uint16))
    colour = np.ascontiguousarray(np.broadcast_to(colour, (*colour.shape[:2], 3)))
    kind = "rgb24" if colour.dtype == np.uint8 else "rgb48le"
    frame = need_av().VideoFrame.from_ndarray(colour, kind)
    return converted(frame, format, matrix=REC_709)
