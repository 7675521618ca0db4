"""Pictures of every depth, and what comes back for them."""

from __future__ import annotations

import numpy as np

from gpen_engine.restore import RestoreOptions
from gpen_engine.wire import PatchRows

SAMPLES = ("uint8", "uint16", "float32")
RAW = RestoreOptions(keep_colours=False, guard="off", fallback=False)
"""What ``serving.request_for`` asks for."""


def white_of(dtype: str) -> float:
    return 1.0 if dtype == "float32" else float(np.iinfo(dtype).max)


def at_depth(picture: np.ndarray, dtype: str) -> np.ndarray:
    """An 8-bit picture in another type, with the finer steps that this has."""
    unit = picture.astype(np.float32) / 255
    if dtype == "uint8":
        return picture
    wave = np.linspace(0, 1 / 300, picture.shape[1], dtype=np.float32)[:, None]
    unit[:, :, :3] = (unit[:, :, :3] + wave).clip(0, 1)
    if dtype == "float32":
        return unit
    return np.rint(unit * 65535).astype(dtype)


def arrays(patch: PatchRows, dtype: str) -> tuple[tuple[slice, slice], np.ndarray, np.ndarray]:
    """Where a patch goes, its pixels (h, w, 4) and its coverage (h, w)."""
    info = patch.info
    shape = (info.height, info.width)
    place = np.s_[info.y : info.y + info.height, info.x : info.x + info.width]
    pixels = np.frombuffer(patch.pixels, dtype).reshape(*shape, 4)
    return place, pixels, np.frombuffer(patch.coverage, dtype).reshape(shape)


def laid(picture: np.ndarray, patches: list[PatchRows]) -> np.ndarray:
    """The picture with the patches written over it."""
    after = picture.copy()
    for patch in patches:
        place, pixels, _ = arrays(patch, str(picture.dtype))
        after[place] = pixels
    return after
