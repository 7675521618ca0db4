"""A soft selection, as GIMP has them: which faces are restored, and how much of each shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import GpenError
from ..faces import Face, Patch
from ..faces.geometry import inside
from ..faces.patch import limited
from ..pixels import Box, Pixels

STRIP = 256
"""Rows that are looked at at once, so that a huge selection is never copied whole."""
REACH = 0.6
"""How far hair and chin, which are restored too, reach beyond the detector's box, in its sides."""


class Selection:
    """A selection of a picture's size, read in place.

    Args:
        array: (H, W) uint8, uint16 or floating; 0 is not selected, white (the highest number of an
            integer type, 1 in floating point) is fully selected, more counts as white and NaN as 0.
        picture: what it belongs to.

    Raises:
        GpenError: ``bad_image`` when it has another size, form or type.
    """

    def __init__(self, array: NDArray[Any], picture: Pixels) -> None:
        if array.shape != (picture.height, picture.width):
            raise GpenError(
                "bad_image",
                f"A selection of shape {array.shape} does not fit a picture of"
                f" {picture.width} by {picture.height} pixels.",
                "Give an array of the picture's height and width.",
            )
        self.pixels = Pixels(array)

    def box(self) -> Box | None:
        """The bounding box of what is more than half selected; where nothing is, of what is
        selected at all; None for an empty selection."""
        return self._box_above(self.pixels.white / 2) or self._box_above(0)

    def touches(self, face: Face) -> bool:
        """Whether anything is selected where the restored face may reach."""
        x0, y0, x1, y1 = face.box
        dx, dy = face.size[0] * REACH, face.size[1] * REACH
        around = (round(x0 - dx), round(y0 - dy), round(x1 + dx) + 1, round(y1 + dy) + 1)
        known = inside(around, self.pixels.width, self.pixels.height)
        x0, y0, x1, y1 = known
        return bool((self.pixels.array[y0:y1, x0:x1] > 0).any())

    def limit(self, patches: list[Patch]) -> Iterator[Patch]:
        """The patches with their coverages multiplied by the selection, trimmed, without those of
        which nothing is left."""
        for patch in patches:
            part = limited(patch, self.pixels.rgb(patch.box)[:, :, 0])
            if part:
                yield part

    def _box_above(self, level: float) -> Box | None:
        """The bounding box of the pixels above a level."""
        columns = np.zeros(self.pixels.width, bool)
        rows = []
        for y in range(0, self.pixels.height, STRIP):
            above = self.pixels.array[y : y + STRIP, :, 0] > level
            columns |= above.any(axis=0)
            rows.append(above.any(axis=1))
        across, down = np.flatnonzero(columns), np.flatnonzero(np.concatenate(rows))
        if not len(across):
            return None
        return int(across[0]), int(down[0]), int(across[-1]) + 1, int(down[-1]) + 1
