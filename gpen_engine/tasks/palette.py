"""The 19 classes of a face map, and their colours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..files import replacing


@dataclass(frozen=True)
class FaceClass:
    """A part of a face map."""

    name: str
    """Left and right are those of the data set."""
    rgb: tuple[int, int, int]
    """Its colour, sRGB, 0..255."""


CLASSES = (
    FaceClass("background", (0, 0, 0)),
    FaceClass("skin", (204, 0, 0)),
    FaceClass("nose", (76, 153, 0)),
    FaceClass("glasses", (204, 204, 0)),
    FaceClass("left eye", (51, 51, 255)),
    FaceClass("right eye", (204, 0, 204)),
    FaceClass("left eyebrow", (0, 255, 255)),
    FaceClass("right eyebrow", (255, 204, 204)),
    FaceClass("left ear", (102, 51, 0)),
    FaceClass("right ear", (255, 0, 0)),
    FaceClass("mouth", (102, 204, 0)),
    FaceClass("upper lip", (255, 255, 0)),
    FaceClass("lower lip", (0, 0, 153)),
    FaceClass("hair", (0, 0, 204)),
    FaceClass("hat", (255, 51, 153)),
    FaceClass("earring", (0, 204, 204)),
    FaceClass("necklace", (0, 51, 0)),
    FaceClass("neck", (255, 153, 51)),
    FaceClass("clothes", (0, 204, 0)),
)
"""In the order and the colours of CelebAMask-HQ (Lee, Liu, Wu, Luo: MaskGAN, CVPR 2020)."""

COLOURS = np.array([c.rgb for c in CLASSES], np.uint8)
"""(19, 3)."""


def nearest(rgb: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], int]:
    """The class of each pixel.

    Args:
        rgb: (h, w, 3) sRGB.

    Returns:
        (h, w) places in ``CLASSES``, and how many pixels had the colour of none: they got the one
        whose colour is nearest in R, G and B.
    """
    best = np.full(rgb.shape[:2], np.iinfo(np.int32).max, np.int32)
    classes = np.zeros(rgb.shape[:2], np.uint8)
    for place, colour in enumerate(COLOURS):
        away = rgb.astype(np.int32) - colour
        distance = (away * away).sum(axis=2, dtype=np.int32)
        nearer = distance < best
        best[nearer], classes[nearer] = distance[nearer], place
    return classes, int(np.count_nonzero(best))


def as_gpl(name: str = "GPEN Face Map") -> str:
    """The classes as a palette file of GIMP's."""
    rows = [f"{r:3d} {g:3d} {b:3d}\t{c.name}" for c in CLASSES for r, g, b in (c.rgb,)]
    return "\n".join(["GIMP Palette", f"Name: {name}", "Columns: 1", "#", *rows, ""])


def write_palette(path: Path) -> None:
    """Writes the classes as a palette that GIMP opens; an older file is replaced.

    Raises:
        OSError: when that is not possible.
    """
    with replacing(path) as temporary:
        temporary.write_text(as_gpl(), encoding="utf-8")
