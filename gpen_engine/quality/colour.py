"""Differences of colour as people see them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..pixels import FloatImage

Lab = NDArray[np.float64]

BLOCKS = 32
"""Pixels across the face that are left of it to compare colours: skin, lips and hair, no lashes."""
SRGB_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
"""Linear sRGB to CIE XYZ (IEC 61966-2-1)."""


def colour_error(image: FloatImage, truth: FloatImage) -> float:
    """Mean CIEDE2000 of the low frequencies: of averages over squares of 1/32 of the side.

    About 1 is the least that can be seen, 2.5 what goes unnoticed in two pictures side by side.

    Args:
        image, truth: (side, side, 3) float32 RGB in 0..1, sRGB-encoded.
    """
    return float(ciede2000(_low(image), _low(truth)).mean())


def _low(image: FloatImage) -> Lab:
    small = cv2.resize(image, (BLOCKS, BLOCKS), interpolation=cv2.INTER_AREA)
    return lab(small.astype(np.float64))


def lab(rgb: NDArray[np.float64]) -> Lab:
    """CIE L*a*b* of sRGB-encoded colours (..., 3) in 0..1, against their white (D65).

    OpenCV's goes through a table and is off by up to 0.3.
    """
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((np.maximum(rgb, 0) + 0.055) / 1.055) ** 2.4)
    xyz = linear @ (SRGB_TO_XYZ / SRGB_TO_XYZ.sum(axis=1, keepdims=True)).T
    root = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def ciede2000(one: Lab, other: Lab) -> NDArray[np.float64]:
    """The CIE's colour difference of 2000, in the formulation of Sharma, Wu and Dalal (2005).

    Args:
        one, other: (..., 3) CIE L*a*b*, L in 0..100.

    Returns:
        (...) differences, 0 for equal colours.
    """
    l1, a1, b1 = np.moveaxis(one, -1, 0)
    l2, a2, b2 = np.moveaxis(other, -1, 0)
    # Equations 2 to 7: greyish colours count for more along red and green.
    mean7 = ((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2) ** 7
    g = 1.5 - 0.5 * np.sqrt(mean7 / (mean7 + 25.0**7))
    a1, a2 = a1 * g, a2 * g
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = (np.degrees(np.arctan2(b, a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    coloured = c1 * c2 > 0
    # 8 to 11: the shorter way round.
    far = np.abs(h2 - h1) > 180
    turned = h2 - h1 - np.where(far, 360 * np.sign(h2 - h1), 0)
    dl, dc = l2 - l1, c2 - c1
    dh = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turned) / 2)
    # 12 to 14: the mean hue lies on that way.
    total = h1 + h2
    mean_h = np.where(far, np.where(total < 360, total + 360, total - 360), total) / 2
    mean_h = np.where(coloured, mean_h, total)
    mean_l, mean_c = (l1 + l2) / 2, (c1 + c2) / 2
    # 15 to 21.
    t = (
        1
        - 0.17 * np.cos(np.radians(mean_h - 30))
        + 0.24 * np.cos(np.radians(2 * mean_h))
        + 0.32 * np.cos(np.radians(3 * mean_h + 6))
        - 0.20 * np.cos(np.radians(4 * mean_h - 63))
    )
    turn = 30 * np.exp(-(((mean_h - 275) / 25) ** 2))
    weight = 2 * np.sqrt(mean_c**7 / (mean_c**7 + 25.0**7))
    sl = 1 + 0.015 * (mean_l - 50) ** 2 / np.sqrt(20 + (mean_l - 50) ** 2)
    sc, sh = 1 + 0.045 * mean_c, 1 + 0.015 * mean_c * t
    rotation = -np.sin(np.radians(2 * turn)) * weight
    light, chroma, hue = dl / sl, dc / sc, dh / sh
    squared = light**2 + chroma**2 + hue**2 + rotation * chroma * hue
    return np.asarray(np.sqrt(np.maximum(squared, 0)))
