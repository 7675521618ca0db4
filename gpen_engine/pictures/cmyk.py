"""CMYK, which is read and never written."""

from __future__ import annotations

import numpy as np
from imagecodecs import CmsError

from .depth import white
from .icc import model_of, srgb, transform
from .picture import Pixels


def cmyk_to_srgb(ink: Pixels, profile: bytes | None) -> Pixels:
    """(H, W, 4) inks in uint8 or uint16, 0 for none, as sRGB pixels (H, W, 3) of the same depth.

    By the profile when there is a usable CMYK one, else plainly: (1 - ink) (1 - black).
    """
    if profile is not None and model_of(profile) == "cmyk":
        try:
            return transform(ink, profile, srgb(), ink.dtype)
        except CmsError:  # damaged: as good as none
            pass
    full = white(ink.dtype)
    light = (full - ink).astype(np.uint32)
    return ((light[..., :3] * light[..., 3:] + full // 2) // full).astype(ink.dtype)
