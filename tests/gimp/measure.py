"""Where the time goes between GIMP and the engine: ``python tests/gimp/measure.py [3.0]``.

A layer of 24 megapixels with 1 and with 20 faces, at 8 bit and in floating point, is restored in a
real GIMP by a warm engine, each several times; the table shows medians. What finding and restoring
the faces themselves takes depends on model and device and is shown apart.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from console import RootGimp, run_halves
from engine_outside import EngineOutside
from halves import in_gimp

from gpen_engine.sample import damaged, portrait

if TYPE_CHECKING:
    from gimp_side import call, open_picture

WIDTH, HEIGHT, FACES, TIMES = 6000, 4000, 20, 5
SIDE = 640
"""Pixels that a portrait measures."""


@in_gimp
def measured() -> object:
    from gi.repository import Gimp

    for name, precision in (("one", ""), ("many", ""), ("one", "FLOAT_LINEAR")):
        image = open_picture(f"{name}.png")
        if precision:
            image.convert_precision(getattr(Gimp.Precision, precision))
        source = image.get_layers()[0]
        for _ in range(TIMES):
            answer = call(
                "plug-in-gpen-restore-faces",
                image=image,
                drawables=[source],
                detection_size="1024",  # what the search takes is not what is measured here
            )
            assert answer.status == "success", answer.message
            image.remove_layer(answer.values[0])
        image.delete()
    return None


def picture(faces: int) -> bytes:
    """A PNG of 24 megapixels with so many damaged portraits."""
    image = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    image += (np.arange(WIDTH) // 256).astype(np.uint8)[None, :, None]  # no plain surface
    face = cv2.resize(damaged(portrait()), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    for place in range(faces):
        x, y = 200 + place % 5 * 1150, 150 + place // 5 * 950
        image[y : y + SIDE, x : x + SIDE] = face
    done, data = cv2.imencode(".png", image[:, :, ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
    assert done
    return bytes(data)


def seconds_of(log: str) -> list[dict[str, float]]:
    """What the plug-in noted about each run."""
    return [json.loads(found) for found in re.findall(r"seconds: (\{.*\})", log)]


def main() -> None:
    gimp = RootGimp(sys.argv[1] if len(sys.argv) > 1 else "3.0")
    engine = EngineOutside(starts_before_gimp=True)
    try:
        setting = engine.setting(files={"one.png": picture(1), "many.png": picture(FACES)})
        with tempfile.TemporaryDirectory() as folder:
            here = Path(__file__).resolve()
            run_halves(gimp, "in_gimp", here, ["measured"], Path(folder), setting)
            note = json.loads((Path(folder) / "work/results/measured.json").read_text())
        runs = seconds_of((engine.home.logs / "plug-in.log").read_text())
    finally:
        engine.remove()
    if note["error"]:
        sys.exit(f"{note['error']}\n{note.get('output', '')}")
    print(f"GIMP {gimp.version}, {WIDTH} x {HEIGHT}, medians of {TIMES} runs, seconds\n")
    parts = list(runs[0])
    print(f"| layer | {' | '.join(parts)} |")
    print("|---" * (len(parts) + 1) + "|")
    titles = ("8 bit, 1 face", f"8 bit, {FACES} faces", "float, 1 face")
    for number, title in enumerate(titles):
        some = runs[number * TIMES : (number + 1) * TIMES]
        medians = [statistics.median(run[part] for run in some) for part in parts]
        print(f"| {title} | {' | '.join(f'{value:.2f}' for value in medians)} |")


if __name__ == "__main__":
    main()
