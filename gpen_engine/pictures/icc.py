"""ICC transforms in float precision, by Little CMS."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal, TypeAlias

import imagecodecs
import numpy as np
from imagecodecs import CMS, CmsError
from numpy.typing import DTypeLike, NDArray

Model: TypeAlias = Literal["gray", "rgb", "cmyk"]

_SIGNATURES: dict[bytes, Model] = {b"GRAY": "gray", b"RGB ": "rgb", b"CMYK": "cmyk"}
_SAME = 0.01  # makers' variants of sRGB keep within 0.006; its primaries with gamma 2.2 reach 0.02


@lru_cache(maxsize=1)
def srgb() -> bytes:
    """The profile of sRGB."""
    return bytes(imagecodecs.cms_profile("srgb"))


def model_of(profile: bytes) -> Model | None:
    """The colour model that a profile describes; None for others, and for what is no profile."""
    return _SIGNATURES.get(profile[16:20])


def transform(
    values: NDArray[Any], source: bytes, target: bytes, dtype: DTypeLike = np.float32
) -> NDArray[Any]:
    """(H, W, C) samples of one profile in another's: relative colorimetric, black points matched.

    Float results are not clipped, so colours outside the target's gamut leave 0..1. Raises
    `CmsError` when a profile is damaged or does not work in this direction.
    """
    into = model_of(target)
    out = imagecodecs.cms_transform(
        values[..., 0] if model_of(source) == "gray" else values,
        source,
        target,
        colorspace=model_of(source),
        outcolorspace=into,
        outdtype=np.dtype(dtype),
        intent=CMS.INTENT.RELATIVE_COLORIMETRIC,
        flags=CMS.FLAGS.BLACKPOINTCOMPENSATION,
    )
    return out[..., None] if into == "gray" else out


@lru_cache(maxsize=8)
def differs_from_srgb(profile: bytes) -> bool:
    """Whether colours of a grey or RGB profile have to be converted.

    Measured on 729 colours (or 33 greys) and not read off the name, which has many spellings and
    is sometimes wrong. False also for a profile that is damaged or works in one direction only:
    viewers ignore it, and so do we.
    """
    if model_of(profile) == "gray":
        probe = np.linspace(0, 1, 33, dtype=np.float32).reshape(33, 1, 1)
    else:
        steps = np.linspace(0, 1, 9, dtype=np.float32)
        probe = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(81, 9, 3)
    try:
        there = transform(probe, profile, srgb())
        transform(there, srgb(), profile)
    except (CmsError, ValueError):
        return False
    return bool(np.abs(there - probe).max() > _SAME)
