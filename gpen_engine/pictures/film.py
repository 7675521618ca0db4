"""What only the formats of film, OpenEXR and DPX, say about a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from .encoding import Encoding

if TYPE_CHECKING:
    from OpenImageIO import ImageSpec


@dataclass(frozen=True, eq=False)
class Film:
    """Goes along into a file of the same format, and is lost in others."""

    format: str
    """Its name: only a file of the same one can hold this."""
    bits: int
    """Of a sample in the file."""
    encoding: Encoding | None
    """Of the colours; None means that they are taken as sRGB's."""
    spec: ImageSpec
    """The file's header as OpenImageIO knows it: windows, channels, packing, attributes."""
    others: NDArray[Any] | None = None
    """(H, W, n) channels that are neither colours nor alpha."""
    associated: bool = False
    """Whether colours are multiplied by alpha; they stay so as long as this goes along."""
    notes: tuple[str, ...] = ()
    """Sentences for the user about what cannot be kept."""
