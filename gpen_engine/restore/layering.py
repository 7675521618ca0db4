"""What an image program writes: restored rectangles in the picture's own depth and channels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..faces import Patch
from ..faces.patch import Island
from ..pixels import LUMA, FloatImage, Pixels, add_change


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
    content = _moved(pixels, patch, covered)
    if content.shape[2] in (2, 4):
        np.copyto(content[:, :, -1], 0, where=~covered)
    return content


def merged_pixels(pixels: Pixels, patch: Patch | Island, strength: float) -> NDArray[Any]:
    """The finished picture in the patch's box.

    Args:
        pixels: the picture.
        patch: what was restored; where others lie on the same pixels, an island of them all.
        strength: 0..1, what its coverage is multiplied with.

    Returns:
        (h, w, C) as ``pixels.array``: where nothing is covered the picture's own, bit for bit, and
        so is alpha everywhere.
    """
    return _moved(pixels, patch, patch.coverage * np.float32(strength))


def in_channels(rgb: FloatImage, channels: int) -> FloatImage:
    """(h, w, 3) RGB as the colours of a picture with 1 to 4 channels: (h, w, 1) or (h, w, 3)."""
    return (rgb @ LUMA)[:, :, None] if channels <= 2 else rgb


def _moved(
    pixels: Pixels, patch: Patch | Island, coverage: NDArray[np.float32 | np.bool_]
) -> NDArray[Any]:
    x0, y0, x1, y1 = patch.box
    content = pixels.array[y0:y1, x0:x1].copy()
    target = in_channels(patch.rgb, content.shape[2])
    add_change(content, (0, 0, x1 - x0, y1 - y0), target, coverage)
    return content
