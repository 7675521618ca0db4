"""How much memory the pictures in flight may take together."""

from __future__ import annotations

import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import GpenError
from ..pictures.formats import dpx, exr

COPIES = 5
"""What a picture takes at most, in times of its decoded pixels: they, the restored ones, a file
being encoded, and what decoders and encoders keep for themselves."""
CONVERTED = 12
"""And bytes a pixel for its colours in sRGB, should it have a profile."""
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_CHANNELS = {0: 1, 2: 3, 3: 4, 4: 2, 6: 4}


class Budget:
    """Bytes that are lent to pictures, in the order in which they ask.

    Args:
        limit: bytes. A picture that needs more than all of it is let through alone.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self._turns: deque[object] = deque()
        self._changed = threading.Condition()

    @contextmanager
    def held(self, size: int, cancel: Callable[[], bool] = lambda: False) -> Iterator[None]:
        """Waits until there is room for ``size`` bytes, and has them within the block.

        Raises:
            GpenError: ``cancelled`` when ``cancel`` says so meanwhile.
        """
        turn = object()
        with self._changed:
            self._turns.append(turn)
            try:
                while self._turns[0] is not turn or (
                    self.used > 0 and self.used + size > self.limit
                ):
                    self._changed.wait(0.1)
                    if cancel():
                        raise GpenError("cancelled", "The restoration was cancelled.")
            finally:
                self._turns.remove(turn)
                self._changed.notify_all()
            self.used += size
        try:
            yield
        finally:
            with self._changed:
                self.used -= size
                self._changed.notify_all()


def bytes_needed(path: Path) -> int:
    """What restoring a picture file takes at most, told from its first bytes; 0 when it cannot be
    told, which is so of damaged ones, that are not decoded either."""
    try:
        width, height, stored = _size(path)
    except Exception:  # damaged files make readers raise nearly anything
        return 0
    return width * height * (COPIES * stored + CONVERTED)


def _size(path: Path) -> tuple[int, int, int]:
    """Width, height and bytes a pixel."""
    with path.open("rb") as file:
        head = file.read(26)
    if head.startswith(_PNG):
        width, height, bits, kind = struct.unpack(">IIBB", head[16:26])
        return width, height, _PNG_CHANNELS[kind] * (2 if bits == 16 else 1)
    if head[:2] in (b"II", b"MM"):
        import tifffile

        with tifffile.TiffFile(path) as tiff:
            page = tiff.pages.first
            assert isinstance(page, tifffile.TiffPage)
            stored = -(-page.bitspersample // 8) * page.samplesperpixel
            return page.imagewidth, page.imagelength, stored
    if head.startswith((b"v/1\x01", b"SDPX", b"XPDS")):
        with path.open("rb") as file:
            if head[0] == ord("v"):
                return *exr.window(file), 16
            return *dpx.size(file), 8
    from PIL import Image

    with Image.open(path) as picture:
        return *picture.size, len(picture.getbands())
