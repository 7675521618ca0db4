"""A whole restoration, from file to file, by its stages."""

from __future__ import annotations

import math
import statistics
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
from numpy.typing import NDArray

from ..checkpoints.catalogue import DEFAULT
from ..pictures import Picture, write_picture
from ..restore import Restorer
from ..restore.files import STAGES, restore_file
from ..sample import damaged, portrait
from .settings import Report, Settings, Watch
from .timings import rounded, spread

LARGEST = 1024
"""Side of a portrait in the picture in pixels at most."""
BYTES_PER_PIXEL = 12
"""What a restoration takes at most, roughly: the picture, its result, and both as files."""
ROOM = 1e9
"""Bytes for all that does not grow with the picture."""


def measure_stages(settings: Settings, report: Report, watch: Watch) -> None:
    """Adds a row to the report for each picture. They are JPEG files, as cameras write them."""
    watch("loading the model for whole restorations")
    restorer = Restorer(settings.model or DEFAULT.name, device=settings.device)
    with tempfile.TemporaryDirectory(prefix="gpen-bench-") as folder:
        source, target = Path(folder) / "in.jpg", Path(folder) / "out.jpg"
        _write(source, 0.5, 1)
        restore_file(restorer, source, target)  # the first call is another measurement
        for megapixels, faces in settings.pictures:
            what = f"{megapixels:g} megapixels, {faces} {'face' if faces == 1 else 'faces'}"
            watch(what)
            needed = ROOM + BYTES_PER_PIXEL * megapixels * 1e6
            free = psutil.virtual_memory().available
            if needed > free:
                why = f"needs about {needed / 1e9:.1f} GB, of which {free / 1e9:.1f} GB are free"
                report.leave_out(what, why)
                continue
            _write(source, megapixels, faces)
            row = {"megapixels": megapixels, "faces": faces}
            report.stages.append(row | _restored(restorer, source, target, settings))


def _restored(restorer: Restorer, source: Path, target: Path, settings: Settings) -> dict[str, Any]:
    """The row of one picture: found faces, and medians of each stage's seconds."""
    runs: list[dict[str, float]] = []
    while len(runs) < settings.repeats:
        done = restore_file(restorer, source, target, force=True)
        runs.append(done.seconds)
        spent = sum(run["total"] for run in runs)
        if spent + spent / len(runs) > settings.enough:
            break
    medians = {s: rounded(statistics.median(run[s] for run in runs)) for s in STAGES}
    total = spread([run["total"] for run in runs])
    return {
        "width": done.width,
        "height": done.height,
        "found": len(done.faces),
        "model": done.model,
        "device": done.device,
        "dtype": done.dtype,
        "seconds": {**medians, "total": total["median"]},
        "total": total,
        "all_but_detector_and_network": rounded(
            statistics.median(r["total"] - r["detect"] - r["network"] for r in runs)
        ),
    }


def _write(path: Path, megapixels: float, faces: int) -> None:
    write_picture(path, Picture(crowd(megapixels, faces)), force=True)


def crowd(megapixels: float, faces: int) -> NDArray[np.uint8]:
    """A picture 3:2 with so many damaged portraits side by side, on a grainy wall.

    Returns:
        uint8 RGB (H, W, 3), sRGB-encoded.
    """
    height = round(math.sqrt(megapixels * 1e6 / 1.5))
    width = round(1.5 * height)
    columns = math.ceil(math.sqrt(1.5 * faces))
    rows = math.ceil(faces / columns)
    side = min(LARGEST, width // columns, height // rows)
    grain = np.random.default_rng(0).integers(100, 140, (256, 256, 1), np.uint8)
    tiling = (-(-height // 256), -(-width // 256), 3)
    wall: NDArray[np.uint8] = np.ascontiguousarray(np.tile(grain, tiling)[:height, :width])
    face = cv2.resize(damaged(portrait()), (side, side), interpolation=cv2.INTER_AREA)
    for place in range(faces):
        x = (place % columns) * width // columns + (width // columns - side) // 2
        y = (place // columns) * height // rows + (height // rows - side) // 2
        wall[y : y + side, x : x + side] = face
    return wall
