"""From a picture's own colours to sRGB and back, in float precision.

The network knows sRGB only; the file keeps its own colours, as a profile or the encoding of a film
format says. A profile that describes another
colour model than the pixels have (an RGB profile in a grey file, often seen) is ignored here, as
viewers do, and still kept in the file.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from .depth import to_unit
from .encoding import Encoding
from .icc import differs_from_srgb, model_of, srgb, transform
from .picture import Picture, Pixels

_STRIP_PIXELS = 1 << 18
_RED, _BLUE = np.float32(0.2126), np.float32(0.0722)  # Rec. 709 luma; green has the rest


def to_srgb(picture: Picture, box: tuple[int, int, int, int] | None = None) -> NDArray[np.float32]:
    """The picture's colours, without alpha, as sRGB: a new float32 array with white at 1.

    Args:
        picture: of any depth, profile and encoding.
        box: (x0, y0, x1, y1) in pixels, x1 and y1 excluded; None takes the whole picture.

    Returns:
        (h, w, 3), sRGB-encoded; of a grey picture (h, w, 1), grey with sRGB's curve.
        In 0..1 for whole-number pictures: colours that sRGB cannot show are clipped. Float
        pictures and those of film formats are not clipped, neither their own values beyond 1 nor
        colours outside sRGB. Without a profile, or with sRGB's, values are the file's own, exactly
        (and NaN stays NaN); with another, NaN becomes black.
    """
    height, width = picture.pixels.shape[:2]
    x0, y0, x1, y1 = box or (0, 0, width, height)
    if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
        raise ValueError(f"box {box} does not lie within {width} x {height}")
    colour = picture.colour[y0:y1, x0:x1]
    encoding, profile = _encoding(picture), _profile(picture)
    if encoding:
        return _in_strips(lambda strip: encoding.to_srgb(to_unit(strip)), colour, colour.shape[2])
    if profile is None:
        return colour.copy() if colour.dtype == np.float32 else to_unit(colour)

    def convert(strip: Pixels) -> NDArray[np.float32]:
        values = np.nan_to_num(to_unit(strip), nan=0.0, posinf=1.0, neginf=0.0)
        rgb = _clipped(transform(values, profile, srgb()), picture)
        return rgb[..., :1] if picture.is_grey else rgb

    return _in_strips(convert, colour, colour.shape[2])


def from_srgb(rgb: NDArray[np.float32], picture: Picture) -> NDArray[np.float32]:
    """An sRGB patch in the colours of the picture it goes into; the inverse of `to_srgb`.

    Args:
        rgb: (h, w, 3) or (h, w, 1) float32, sRGB-encoded with white at 1.
        picture: says the profile, whether grey or colour, and whether to clip.

    Returns:
        A new float32 array in the picture's own encoding with white at 1, not rounded: (h, w, 3),
        or of a grey picture (h, w, 1): the luma of the patch. In 0..1 for whole-number pictures,
        unclipped for float ones. Without a profile, or with sRGB's, colours are exactly ``rgb``'s.
    """
    encoding, profile = _encoding(picture), _profile(picture)
    channels = picture.colour.shape[2]
    if encoding:
        return _in_strips(
            lambda strip: _clipped(encoding.from_srgb(strip, channels), picture), rgb, channels
        )
    if profile is None:
        if not picture.is_grey:
            return np.array(np.broadcast_to(rgb, (*rgb.shape[:2], 3)), np.float32)
        # Written as differences from green, so that neutral pixels keep their value exactly.
        red, green, blue = rgb[..., 0], rgb[..., 1 % rgb.shape[2]], rgb[..., -1]
        luma: NDArray[np.float32] = green + _RED * (red - green) + _BLUE * (blue - green)
        return luma[..., None]

    def convert(strip: Pixels) -> NDArray[np.float32]:
        values = np.nan_to_num(strip, nan=0.0, posinf=1.0, neginf=0.0)
        values = np.broadcast_to(values, (*values.shape[:2], 3))
        return _clipped(transform(values, srgb(), profile), picture)

    return _in_strips(convert, rgb, channels)


def is_srgb(picture: Picture) -> bool:
    """Whether the picture's own colours are sRGB's, or taken for it."""
    return not _encoding(picture) and (
        picture.profile is None or not differs_from_srgb(picture.profile)
    )


def _encoding(picture: Picture) -> Encoding | None:
    return picture.film.encoding if picture.film else None


def _profile(picture: Picture) -> bytes | None:
    """The profile when colours have to be converted by it."""
    profile = picture.profile
    if profile is None or model_of(profile) != ("gray" if picture.is_grey else "rgb"):
        return None
    return profile if differs_from_srgb(profile) else None


def _clipped(values: NDArray[np.float32], picture: Picture) -> NDArray[np.float32]:
    return values if picture.pixels.dtype == np.float32 else values.clip(0, 1, out=values)


def _in_strips(
    convert: Callable[[Pixels], NDArray[np.float32]], values: Pixels, channels: int
) -> NDArray[np.float32]:
    """Converts strips of rows side by side, with little memory beyond the result's."""
    height, width = values.shape[:2]
    out = np.empty((height, width, channels), np.float32)
    rows = max(1, _STRIP_PIXELS // width)

    def one(start: int) -> None:
        out[start : start + rows] = convert(values[start : start + rows])

    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        list(pool.map(one, range(0, height, rows)))
    return out
