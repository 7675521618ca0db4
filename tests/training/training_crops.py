"""Made-up crops to train on: soft colours with something darker where eyes and mouth are."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from gpen_engine.faces.geometry import TEMPLATES
from gpen_engine.pixels import FloatImage


def crop(seed: int, size: int = 64) -> FloatImage:
    """(size, size, 3) RGB in 0.1..0.9."""
    random = np.random.default_rng(seed)
    low = random.uniform(0.3, 0.9, (4, 4, 3)).astype(np.float32)
    image = cv2.resize(low, (size, size), interpolation=cv2.INTER_CUBIC)
    y, x = (np.mgrid[:size, :size] + 0.5) / size
    for place in TEMPLATES["gpen"][[0, 1, 3, 4]]:
        near = np.exp(-((x - place[0]) ** 2 + (y - place[1]) ** 2) / (2 * 0.04**2))
        image = image * (1 - 0.7 * near[:, :, None] * random.uniform(0.6, 1))
    return np.clip(image, 0.1, 0.9).astype(np.float32)


def write_crops(folder: Path, count: int, size: int = 64) -> Path:
    """PNG files of crops 0, 1 ... in a new folder."""
    folder.mkdir(parents=True)
    for seed in range(count):
        levels = np.rint(crop(seed, size)[:, :, ::-1] * 255).astype(np.uint8)
        assert cv2.imwrite(str(folder / f"{seed:03}.png"), levels)
    return folder
