"""What a file format is to the rest of the package."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple, TypeAlias

import numpy as np

from ..picture import Picture

MAX_PIXELS = 500_000_000
"""Larger pictures are refused: a small file may claim any size and fill the memory."""

Depth: TypeAlias = type[np.uint8] | type[np.uint16] | type[np.float32]


class Unsupported(Exception):
    """The file is sound but holds something we do not read; the text completes "It holds ..."."""


class Decoded(NamedTuple):
    picture: Picture  # as it lies in the file
    orientation: int  # 1..8 as in EXIF: what turns it upright


@dataclass(frozen=True)
class Format:
    """One file format: how it is recognised, what it can hold, how it is read and written."""

    name: str
    suffixes: tuple[str, ...]
    signatures: tuple[tuple[int, bytes], ...]
    """(position, bytes) pairs of which one is found in every such file."""
    depths: tuple[Depth, ...]
    """The depths it holds, the deepest last."""
    grey: bool
    """Holds grey pictures as such."""
    alpha: bool
    longest_side: int
    """The most pixels that a side may have."""
    decode: Callable[[BinaryIO], Decoded]
    notes: Callable[[BinaryIO], bytes | None]
    """The XMP packet alone, without a pixel."""
    encode: Callable[[Picture, int], bytes]
    """From a picture that the format can hold and a quality of 1..100 to a whole file."""
    profile: bool = True
    """Holds ICC profiles; one that does not gets its colours in sRGB, or as it had them itself."""
    need: Callable[[], object] = lambda: None
    """Raises GpenError where what it needs is not installed."""


def check_size(width: int, height: int) -> None:
    """Refuses what would not fit in memory, before it is decoded."""
    if width * height > MAX_PIXELS:
        raise Unsupported(
            f"{width} x {height} pixels; up to {MAX_PIXELS // 10**6} million are read"
        )
