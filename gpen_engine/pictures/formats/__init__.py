"""The file formats, each in its own module, and the table of them."""

from . import dpx, exr, jpeg, png, tiff, webp
from .format import Decoded, Format, Unsupported

FORMATS: tuple[Format, ...] = (
    jpeg.FORMAT,
    png.FORMAT,
    tiff.FORMAT,
    webp.FORMAT,
    exr.FORMAT,
    dpx.FORMAT,
)

__all__ = ["FORMATS", "Decoded", "Format", "Unsupported"]
