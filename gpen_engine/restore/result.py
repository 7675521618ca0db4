"""What a restoration gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..faces import Face, Patch
from ..faces.coverage import Mask
from ..faces.patch import Island, islands
from ..pixels import FloatImage, Pixels, add_change
from .layering import in_channels, moved
from .marks import Mark


@dataclass(frozen=True)
class RestoreResult:
    """The restored faces of one picture; the picture itself was not changed."""

    pixels: Pixels
    """The picture."""
    patches: list[Patch]
    """One for each restored face, from left to right."""
    strength: float
    """What the coverages are to be multiplied with."""
    seconds: Mapping[str, float]
    """Wall time of each stage."""
    notes: list[str]
    """Sentences for the user about what went otherwise than asked, such as a change of device."""
    marks: list[Mark] = field(default_factory=list)
    """What is to be said of each face, also of those that were left alone, from left to right."""

    @property
    def faces(self) -> list[Face]:
        """The restored ones."""
        return [patch.face for patch in self.patches]

    def composite(self) -> NDArray[Any]:
        """The picture with its faces restored, as a new array like the one that was given.

        Pixels that no face covers are bit-identical; the others are rounded once.
        """
        base = self.pixels.given.copy()
        self.paste(base)
        return base

    def paste(
        self,
        onto: NDArray[Any],
        convert: Callable[[FloatImage], FloatImage] | None = None,
        limits: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        """``composite`` in place, and onto the picture in any colour space or depth.

        Args:
            onto: (H, W) or (H, W, C) as in ``Pixels``.
            convert: takes patches (h, w, 3) in sRGB, 0..1, to the colour space of ``onto``:
                (h, w, 3), or (h, w, 1) when that is grey.
            limits: what sRGB's black and white are there; see ``pixels.add_change``.
        """
        view = onto[:, :, None] if onto.ndim == 2 else onto
        for island in islands(self.patches):
            rgb, share = self.change(island)
            rgb = convert(rgb) if convert else in_channels(rgb, view.shape[2])
            add_change(view, island.box, rgb, share, limits)

    def merged(self, island: Patch | Island) -> NDArray[Any]:
        """The finished picture in the box of an island of this result.

        Returns:
            (h, w, C) as ``pixels.array``: where nothing is covered the picture's own, bit for bit,
            and so is alpha everywhere.
        """
        rgb, share = self.change(island)
        return moved(self.pixels, island.box, rgb, share)

    def change(self, island: Patch | Island) -> tuple[FloatImage, Mask]:
        """What the pixels of an island are moved to, and by how much: (h, w, 3) sRGB and (h, w),
        both 0..1."""
        return island.rgb, island.coverage * np.float32(self.strength)
