"""Picture files in and out, with depth, colours, notes and alpha."""

from .colour import from_srgb, is_srgb, to_srgb
from .depth import from_unit, to_unit
from .picture import Picture, Pixels
from .reading import read_picture, read_xmp
from .writing import write_picture

__all__ = [
    "Picture",
    "Pixels",
    "from_srgb",
    "from_unit",
    "is_srgb",
    "read_picture",
    "read_xmp",
    "to_srgb",
    "to_unit",
    "write_picture",
]
