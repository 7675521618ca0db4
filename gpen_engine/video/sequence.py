"""Numbered pictures as a film: read in order, written as a folder that is whole or not there."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import GpenError
from ..faces.coverage import Mask
from ..pictures import Picture, from_srgb, read_picture
from ..pictures.formats import FORMATS
from ..pixels import Box, FloatImage, Pixels, add_change
from ..restore.files import srgb_pixels
from .frames import small_copy

NUMBER = re.compile(r"%0?(\d*)d")
"""The place of the number in a name such as ``scan_%05d.png``."""


@dataclass(eq=False)
class PictureFrame:
    """A picture as a frame; see ``frames.Frame``."""

    name: str
    """Of its file."""
    picture: Picture
    time: float
    faces: int = 0

    upright = np.eye(3)

    def __post_init__(self) -> None:
        self.pixels = Pixels(srgb_pixels(self.picture))

    def copy(self, limit: int) -> NDArray[np.uint8]:
        return small_copy(self.pixels, limit)

    def add(self, box: Box, rgb: FloatImage, coverage: Mask) -> None:
        picture = self.picture
        add_change(picture.pixels, box, from_srgb(rgb, picture), coverage, picture.limits)


class Sequence:
    """The pictures of a folder, or those whose names fit ``folder/name_%05d.png``, by number.

    Args:
        path: such a name.
        rate: frames a second.

    Raises:
        GpenError: ``no_pictures`` when there are none.
    """

    def __init__(self, path: Path, rate: Fraction) -> None:
        self.rate = rate
        suffixes = {suffix for format in FORMATS for suffix in format.suffixes}
        folder, fits = path, re.compile(".*")
        if not path.is_dir():
            folder = path.parent
            before, after = (re.escape(part) for part in NUMBER.split(path.name)[::2])
            fits = re.compile(rf"{before}\d+{after}")
        names = [file.name for file in folder.iterdir()] if folder.is_dir() else []
        self.files = sorted(
            (folder / name for name in names
             if Path(name).suffix.lower() in suffixes and fits.fullmatch(name)
             and not name.startswith(".")),
            key=lambda file: _natural(file.name),
        )  # fmt: skip
        if not self.files:
            raise GpenError(
                "no_pictures",
                f"There are no pictures {path}.",
                "Name a folder, or the numbered pictures as folder/name_%05d.png.",
            )

    def frames(self) -> Iterator[PictureFrame]:
        """Raises GpenError: those of ``read_picture``; ``bad_video`` when sizes differ."""
        size: tuple[int, ...] = ()
        for number, file in enumerate(self.files):
            picture = read_picture(file)
            size = size or picture.pixels.shape[:2]
            if picture.pixels.shape[:2] != size:
                raise GpenError(
                    "bad_video",
                    f"The picture {file.name} is not as large as those before it.",
                    "Frames of one film have one size; restore others by gpen batch.",
                )
            yield PictureFrame(file.name, picture, float(number / self.rate))


def is_sequence(path: Path) -> bool:
    """Whether a name means pictures, not a film file."""
    return path.is_dir() or bool(NUMBER.search(path.name))


def numbered(pattern: str, number: int) -> str:
    """A name with its number in place; ``%05d`` is five digits."""
    return NUMBER.sub(lambda found: str(number).zfill(int(found[1] or 1)), pattern)


@contextmanager
def folder_replacing(target: Path, *, force: bool = False) -> Iterator[Path]:
    """Gives a temporary folder that becomes ``target`` when the block succeeds.

    Where the target holds files already, those of the same names are replaced one by one.

    Raises:
        GpenError: ``output_exists`` when it is not empty and ``force`` does not allow that.
    """
    if target.is_dir() and any(target.iterdir()) and not force:
        raise GpenError(
            "output_exists",
            f"The folder {target} is not empty.",
            "Choose another, or allow overwriting (--force).",
        )
    temporary = target.with_name(f".{target.name}-{secrets.token_hex(4)}")
    try:
        temporary.mkdir()
        yield temporary
        if target.is_dir():
            for file in sorted(temporary.iterdir()):
                file.replace(target / file.name)
        else:
            temporary.replace(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _natural(name: str) -> list[tuple[int, str]]:
    """So that frame10 comes after frame9."""
    return [(int(part or 0), text) for text, part in re.findall(r"(\D*)(\d*)", name)]
