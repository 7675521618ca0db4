"""CIE lightness: colours that change, light that does not.

Luminance is CIE Y of the linear light, adapted to D50 as ICC profiles and GIMP's Lab and LCh do, so
that lightness (L*) here is GIMP's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..pixels import FloatImage

Light = NDArray[np.float32]
"""Linear light, 0..1: (h, w) luminance, or (h, w, 3) RGB of sRGB's primaries."""

# sRGB to XYZ, adapted to D50 by Bradford; each row divided by its white, so that it sums to 1.
_XYZ = np.array(
    [
        [0.4360747, 0.3850649, 0.1430804],
        [0.2225045, 0.7168786, 0.0606169],
        [0.0139322, 0.0971045, 0.7141733],
    ]
)
TO_XYZ = (_XYZ / _XYZ.sum(axis=1, keepdims=True)).astype(np.float32)
FROM_XYZ = np.linalg.inv(_XYZ / _XYZ.sum(axis=1, keepdims=True)).astype(np.float32)
_EDGE = 6 / 29


def linear(encoded: FloatImage) -> Light:
    """Light of sRGB-encoded values in 0..1."""
    bright = ((encoded + 0.055) / 1.055) ** 2.4
    return np.where(encoded <= 0.04045, encoded / 12.92, bright).astype(np.float32)


def encoded(light: Light) -> FloatImage:
    """sRGB-encoded values of light in 0..1."""
    bright = 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, light * 12.92, bright).astype(np.float32)


def luminance(light: Light) -> Light:
    """(h, w) luminance of linear RGB (h, w, 3)."""
    y: Light = light @ TO_XYZ[1]
    return y


def grey(rgb: FloatImage) -> FloatImage:
    """(h, w, 3) the grey of the same luminance; grey pixels keep every bit."""
    coloured = np.ptp(rgb, axis=2) > 0
    result = rgb.copy()
    result[coloured] = encoded(luminance(linear(rgb[coloured])))[:, None]
    return result


def with_chroma_of(colours: FloatImage, light: Light) -> FloatImage:
    """Colours with the a* and b* of the given ones and another luminance: what GIMP's layer mode
    *LCh Color* shows.

    Where sRGB cannot show one, it is made paler until it can: luminance comes first.

    Args:
        colours: (h, w, 3) sRGB-encoded, 0..1.
        light: (h, w) luminance.

    Returns:
        (h, w, 3) sRGB-encoded, 0..1, not rounded.
    """
    x, y, z = np.moveaxis(_root(linear(colours) @ TO_XYZ.T), 2, 0)
    own = _root(light)
    # a* = 500 (x - y) and b* = 200 (y - z) stay if x and z move as y does.
    xyz = np.stack([_cube(x - y + own), light, _cube(z - y + own)], axis=2)
    return with_luminance(xyz @ FROM_XYZ.T, light)


def with_luminance(colours: Light, light: Light) -> FloatImage:
    """Linear RGB, of any range, moved to a luminance and made paler until sRGB can show it.

    Args:
        colours: (h, w, 3).
        light: (h, w), 0..1.

    Returns:
        (h, w, 3) sRGB-encoded, 0..1, not rounded.
    """
    change = colours - luminance(colours)[:, :, None]
    up, down = change.max(axis=2), -change.min(axis=2)
    room = np.ones_like(light)
    np.divide(1 - light, up, out=room, where=up > 1 - light)
    lower = np.ones_like(light)
    np.divide(light, down, out=lower, where=down > light)
    shown = light[:, :, None] + change * np.minimum(room, lower)[:, :, None]
    return encoded(np.clip(shown, 0, 1))


def _root(t: Light) -> Light:
    """Lab's f: a cube root, and a line near black."""
    return np.where(t > _EDGE**3, np.cbrt(t), t / (3 * _EDGE**2) + 4 / 29).astype(np.float32)


def _cube(f: Light) -> Light:
    """The inverse of ``_root``."""
    return np.where(f > _EDGE, f**3, 3 * _EDGE**2 * (f - 4 / 29)).astype(np.float32)
