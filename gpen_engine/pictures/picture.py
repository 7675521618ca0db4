"""A picture as its file holds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .film import Film

Pixels: TypeAlias = NDArray[Any]
"""(H, W, C) samples: uint8 0..255, uint16 0..65535, or float32 with white at 1."""


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels in their file's own depth and colour space, and what the file says about them."""

    pixels: Pixels
    """(H, W, C), upright; C is 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.

    Colours are encoded as ``profile`` or ``film`` says. Alpha is straight: colours are not
    multiplied by it, unless ``film`` says so.
    """

    profile: bytes | None = None
    """The ICC profile of the colours, byte for byte; None means sRGB."""

    exif: bytes | None = None
    """The EXIF block (it starts with ``II*`` or ``MM``); its orientation, if it has one, is 1."""

    dpi: tuple[float, float] | None = None
    """Horizontal and vertical resolution in pixels per inch, when the file states one."""

    xmp: bytes | None = None
    """The XMP packet, see ``xmp.py``."""

    film: Film | None = None
    """What else there is to say where it comes from OpenEXR or DPX; it has no profile then."""

    def __post_init__(self) -> None:
        pixels = self.pixels
        if pixels.ndim != 3 or pixels.shape[2] not in (1, 2, 3, 4) or 0 in pixels.shape:
            raise ValueError(f"pixels must be (H, W, 1 to 4), not {pixels.shape}")
        if pixels.dtype not in (np.uint8, np.uint16, np.float32):
            raise ValueError(f"pixels must be uint8, uint16 or float32, not {pixels.dtype}")

    @property
    def bits(self) -> int:
        """Of a sample in the file."""
        return self.film.bits if self.film else 8 * int(self.pixels.dtype.itemsize)

    @property
    def limits(self) -> tuple[float, float]:
        """sRGB's black and white in the picture's own encoding, with its largest number at 1."""
        return self.film.encoding.limits if self.film and self.film.encoding else (0.0, 1.0)

    @property
    def has_alpha(self) -> bool:
        return self.pixels.shape[2] in (2, 4)

    @property
    def is_grey(self) -> bool:
        return self.pixels.shape[2] in (1, 2)

    @property
    def colour(self) -> Pixels:
        """A view of the colour channels, (H, W, 1) or (H, W, 3)."""
        return self.pixels[:, :, : 1 if self.is_grey else 3]

    @property
    def alpha(self) -> Pixels | None:
        """A view of the alpha channel, (H, W), or None."""
        return self.pixels[:, :, -1] if self.has_alpha else None
