"""A portrait that comes along, damaged and restored: shows at a glance that everything works.

The portrait is NASA's of Eileen Collins, in the public domain; see ``embedded/NOTICE.md``.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from .pictures import Picture, read_picture, write_picture
from .pixels import Box
from .restore import Restorer
from .training.degradation import add_noise, blur, enlarge, jpeg

SEED = 2021
PORTRAIT = "sample.jpg"
_SIDE = 480
"""Side of each picture in the sheet in pixels."""

Image = NDArray[np.uint8]


def restore_sample(folder: Path, restorer: Restorer) -> list[Path]:
    """Writes the sample before, after and in truth, and a sheet of the three; replaces older ones.

    Args:
        folder: made when missing.
        restorer: what restores it.

    Returns:
        The files: sample-before.png, sample-after.png, sample-truth.png and sample-sheet.png.

    Raises:
        GpenError: those of ``Restorer.restore`` and ``write_picture``.
    """
    truth = portrait()
    before = damaged(truth)
    result = restorer.restore(before)
    after = result.composite()
    window = _around(result.faces[0].box, truth.shape[0])
    sheet = np.hstack([_panel(image, window) for image in (before, after, truth)])
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    pictures = {"before": before, "after": after, "truth": truth, "sheet": sheet}
    for name, pixels in pictures.items():
        files.append(folder / f"sample-{name}.png")
        write_picture(files[-1], Picture(pixels), force=True)
    return files


def portrait() -> Image:
    """The clean portrait: uint8 RGB, sRGB-encoded, (512, 512, 3)."""
    with resources.as_file(resources.files("gpen_engine").joinpath("embedded", PORTRAIT)) as file:
        pixels: Image = read_picture(file).pixels
    return pixels


def damaged(truth: Image) -> Image:
    """The portrait as an old scan may look: soft, small, noisy and badly compressed.

    The same every time. Half of the size, then enlarged to the size that it had.
    """
    side = truth.shape[0]
    image = truth.astype(np.float32) / np.float32(255)
    image = blur(image, 1.2)
    small = cv2.resize(image, (side // 2, side // 2), interpolation=cv2.INTER_AREA)
    noisy = add_noise(np.asarray(small, np.float32), 0.03, np.random.default_rng(SEED))
    return _whole(enlarge(jpeg(noisy, 70), side))


def _around(box: tuple[float, float, float, float], side: int) -> Box:
    """A square about a face with some of its surroundings, inside the picture."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    half = min(0.75 * max(box[2] - box[0], box[3] - box[1]), side / 2)
    left, top = (round(min(max(0.0, v - half), side - 2 * half)) for v in (x, y))
    extent = int(2 * half)
    return left, top, left + extent, top + extent


def _panel(image: Image, window: Box) -> Image:
    x0, y0, x1, y1 = window
    face = image[y0:y1, x0:x1].astype(np.float32) / np.float32(255)
    return _whole(enlarge(face, _SIDE))


def _whole(image: NDArray[np.float32]) -> Image:
    whole: Image = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    return whole
