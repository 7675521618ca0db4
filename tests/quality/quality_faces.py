"""The sample portrait as aligned crops."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np

from gpen_engine.faces import Detector
from gpen_engine.faces.geometry import cut_crop, resized, to_crop
from gpen_engine.pixels import FloatImage, Pixels
from gpen_engine.sample import portrait


@cache
def _aligned() -> FloatImage:
    pixels = Pixels(portrait())
    (found,) = Detector().detect(pixels)
    crop = cut_crop(pixels, to_crop(found.landmarks, 256), 256)
    crop.flags.writeable = False
    return crop


def face(size: int = 256) -> FloatImage:
    """The sample's face, (size, size, 3) RGB in 0..1, by GPEN's template."""
    return resized(_aligned(), size)


def write_faces(folder: Path, count: int) -> Path:
    """PNG files of the face and its mirror images, in lighter and darker, in a new folder."""
    folder.mkdir(parents=True)
    for number in range(count):
        image = face()[:, :: -1 if number % 2 else 1] * (1 - 0.15 * (number // 2))
        levels = np.rint(image[:, :, ::-1] * 255).astype(np.uint8)
        assert cv2.imwrite(str(folder / f"{number:03}.png"), levels)
    return folder
