"""What passes while a client looks at a picture before it has its faces restored."""

from __future__ import annotations

from dataclasses import dataclass

from .fields import integer
from .messages import FaceInfo, Header, faces_in

MOST_PREVIEW = 1536
"""Pixels of a preview's longer side."""


@dataclass(frozen=True)
class Found:
    """Faces, from left to right; there may be none."""

    faces: tuple[FaceInfo, ...]

    @classmethod
    def parse(cls, header: Header) -> Found:
        return cls(faces_in(header))


@dataclass(frozen=True)
class PreviewInfo:
    """The part of the picture that a preview shows, in pixels of what was sent, and how large it
    comes. Its rows follow, 8 bit RGB, sRGB-encoded: first as the picture is, then restored."""

    x: int
    y: int
    width: int
    height: int
    columns: int
    rows: int

    @classmethod
    def parse(cls, header: Header) -> PreviewInfo:
        places = (integer(header, name, least=0) for name in ("x", "y"))
        sizes = (integer(header, name, least=1) for name in ("width", "height"))
        shown = (integer(header, name, least=1, most=MOST_PREVIEW) for name in ("columns", "rows"))
        return cls(*places, *sizes, *shown)


@dataclass(frozen=True)
class Preview:
    """How a face is and how it would become, at full strength."""

    info: PreviewInfo
    before: bytearray
    after: bytearray
