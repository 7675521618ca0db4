"""Makes ``sample.jpg`` from scikit-image's astronaut portrait (a development tool).

Run: ``python -m gpen_engine.embedded.make_sample scikit_image-0.26.0-cp311-cp311-*.whl``
(any wheel of that version holds the same picture, but only one is known by its sum).
"""

from __future__ import annotations

import hashlib
import io
import sys
import zipfile
from pathlib import Path

from PIL import Image

from ..files import replacing

WHEEL_SHA256 = "74aa5518ccea28121f57a95374581d3b979839adc25bb03f289b1bc9b99c58af"
TARGET = Path(__file__).parent / "sample.jpg"


def main(wheel: Path) -> None:
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != WHEEL_SHA256:
        raise SystemExit(f"{wheel.name} is not the wheel this tool was written for.")
    with zipfile.ZipFile(wheel) as archive:
        picture = Image.open(io.BytesIO(archive.read("skimage/data/astronaut.png")))
    with replacing(TARGET) as temporary:
        picture.convert("RGB").save(temporary, quality=90, optimize=True, progressive=True)
    print(f"{TARGET}: {picture.width} by {picture.height}, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
