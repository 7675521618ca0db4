"""What an image program writes: restored rectangles in the picture's own depth and channels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..faces import Patch
from ..faces.patch import Island
from ..pixels import LUMA, Box, FloatImage, Pixels, add_change


def layer_pixels(pixels: Pixels, patch: Patch | Island) -> NDArray[Any]:
    """The content of a layer above the picture, of which a mask with the coverage shows a part.

    Where anything is covered the picture is moved fully to the restored colours; highlights
    beyond 1 keep their excess.

    Args:
        pixels: the picture.
        patch: what was restored, at full strength.

    Returns:
        (h, w, C) of the patch's box, as ``pixels.array``: its type, its channels, its alpha. Where
        nothing is covered the colours are the picture's own, bit for bit, and alpha, if there is
        one, is 0.
    """
    covered = patch.coverage > 0
    content = moved(pixels, patch.box, patch.rgb, covered)
    if content.shape[2] in (2, 4):
        np.copyto(content[:, :, -1], 0, where=~covered)
    return content


def in_channels(rgb: FloatImage, channels: int) -> FloatImage:
    """(h, w, 3) RGB as the colours of a picture with 1 to 4 channels: (h, w, 1) or (h, w, 3)."""
    return (rgb @ LUMA)[:, :, None] if channels <= 2 else rgb


def moved(
    pixels: Pixels, box: Box, rgb: FloatImage, coverage: NDArray[np.float32 | np.bool_]
) -> NDArray[Any]:
    """A copy of a box of the picture, (h, w, C), moved towards RGB (h, w, 3): ``add_change``."""
    x0, y0, x1, y1 = box
    content = pixels.array[y0:y1, x0:x1].copy()
    target = in_channels(rgb, content.shape[2])
    add_change(content, (0, 0, x1 - x0, y1 - y0), target, coverage)
    return content
