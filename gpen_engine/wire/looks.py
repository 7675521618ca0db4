"""What passes while a client looks at a picture before it has its faces restored."""

from __future__ import annotations

from dataclasses import dataclass

from .fields import integer, number
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
    similarity: float | None = None
    """See ``FaceInfo``."""

    @classmethod
    def parse(cls, header: Header) -> PreviewInfo:
        x, y = (integer(header, name, least=0) for name in ("x", "y"))
        width, height = (integer(header, name, least=1) for name in ("width", "height"))
        columns, rows = (
            integer(header, name, least=1, most=MOST_PREVIEW) for name in ("columns", "rows")
        )
        alike = None if header.get("similarity") is None else number(header, "similarity")
        return cls(x, y, width, height, columns, rows, alike)


@dataclass(frozen=True)
class Preview:
    """How a face is and how it would become, at full strength."""

    info: PreviewInfo
    before: bytearray
    after: bytearray
