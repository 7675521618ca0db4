"""How film formats encode colours, and the way from there to sRGB and back.

* ``linear``: proportional to light, 1 is white, as scenes are kept in OpenEXR;
* ``log``: Cineon's printing density, in which film is scanned: 0.002 of density for one code of 10
  bits, black at 95 and white at 685 (SMPTE ST 268; Kodak's Cineon documents).

Both are read as a display shows them that knows sRGB only, without a look or tone mapping.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..pixels import LUMA

Chromaticities = tuple[float, ...]
"""x and y of red, green, blue and white: eight numbers, as OpenEXR keeps them."""
REC_709: Chromaticities = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
SAME = 0.001
"""Chromaticities as near as this are one."""

_CODES = 1023
_BLACK, _WHITE = 95, 685
_DECADE = 0.6 / 0.002  # codes for ten times the light: the negative's gamma, density of a code
_OFFSET = 10 ** ((_BLACK - _WHITE) / _DECADE)
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)


@dataclass(frozen=True)
class Encoding:
    """A curve, and the primaries of the light behind it.

    Raises:
        ValueError: for chromaticities that are those of no colours.
    """

    curve: Literal["linear", "log"]
    chromaticities: Chromaticities = REC_709

    def __post_init__(self) -> None:
        if len(self.chromaticities) != 8 or not np.isfinite(self._to_rec_709).all():
            raise ValueError(f"no primaries: {self.chromaticities}")

    @property
    def limits(self) -> tuple[float, float]:
        """How sRGB's black and white are encoded. Light beyond them can be kept, not restored."""
        return (0.0, 1.0) if self.curve == "linear" else (_BLACK / _CODES, _WHITE / _CODES)

    @property
    def is_rec_709(self) -> bool:
        return bool(np.abs(np.subtract(self.chromaticities, REC_709)).max() <= SAME)

    def to_srgb(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Encoded colours (h, w, 1 or 3) in sRGB, of the same shape, a new array.

        Not clipped: light above white goes on along sRGB's curve, negative light along the curve
        turned around. NaN is black, infinite light white.
        """
        known = np.nan_to_num(values, nan=self.limits[0], posinf=self.limits[1], neginf=0.0)
        light = known if self.curve == "linear" else _light_of_log(known)
        if light.shape[2] == 3 and not self.is_rec_709:
            light = light @ self._to_rec_709.T
        return _srgb_of_light(light)

    def from_srgb(self, rgb: NDArray[np.float32], channels: int = 3) -> NDArray[np.float32]:
        """sRGB colours (h, w, 1 or 3) as they are encoded, (h, w, channels), a new array.

        Args:
            rgb: as `to_srgb` gives them.
            channels: 3, or 1 for the luminance.
        """
        light = _light_of_srgb(np.broadcast_to(rgb, (*rgb.shape[:2], 3)))
        if channels == 1:
            light = (light @ LUMA)[:, :, None]
        elif not self.is_rec_709:
            light = light @ np.linalg.inv(self._to_rec_709).T.astype(np.float32)
        return np.array(light if self.curve == "linear" else _log_of_light(light), np.float32)

    @cached_property
    def _to_rec_709(self) -> NDArray[np.float32]:
        """(3, 3): light of these primaries to that of Rec. 709's, white to white (Bradford)."""
        try:
            own, rec_709 = (_to_xyz(c) for c in (self.chromaticities, REC_709))
            cones, there = _BRADFORD @ own.sum(axis=1), _BRADFORD @ rec_709.sum(axis=1)
            adapted = np.linalg.inv(_BRADFORD) @ np.diag(there / cones) @ _BRADFORD
            matrix = np.linalg.inv(rec_709) @ adapted @ own
            np.linalg.inv(matrix)
        except (np.linalg.LinAlgError, ZeroDivisionError, ValueError):
            return np.full((3, 3), np.nan, np.float32)
        return np.asarray(matrix, np.float32)


def _to_xyz(chromaticities: Chromaticities) -> NDArray[np.float64]:
    """(3, 3): RGB to XYZ, whose columns are the primaries and add up to white."""
    columns = [
        (x / y, 1.0, (1 - x - y) / y)
        for x, y in zip(chromaticities[::2], chromaticities[1::2], strict=True)
    ]
    primaries, white = np.array(columns[:3]).T, np.array(columns[3])
    return primaries * np.linalg.solve(primaries, white)


def _srgb_of_light(light: NDArray[np.float32]) -> NDArray[np.float32]:
    size = np.abs(light)
    curved = np.float32(1.055) * size ** np.float32(1 / 2.4) - np.float32(0.055)
    return np.copysign(np.where(size <= 0.0031308, size * np.float32(12.92), curved), light)


def _light_of_srgb(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    size = np.abs(rgb)
    curved = ((size + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    return np.copysign(np.where(size <= 0.04045, size / np.float32(12.92), curved), rgb)


def _light_of_log(values: NDArray[np.float32]) -> NDArray[np.float32]:
    codes = values * np.float32(_CODES) - np.float32(_WHITE)
    light = (np.float32(10) ** (codes / np.float32(_DECADE)) - _OFFSET) / (1 - _OFFSET)
    return np.asarray(light, np.float32)


def _log_of_light(light: NDArray[np.float32]) -> NDArray[np.float32]:
    exposed = np.maximum(light * np.float32(1 - _OFFSET) + np.float32(_OFFSET), 1e-6)
    codes = np.float32(_DECADE) * np.log10(exposed) + np.float32(_WHITE)
    return np.asarray(codes / np.float32(_CODES), np.float32)


LINEAR = Encoding("linear")
LOG = Encoding("log")
