"""A file that is being downloaded, and all that can go wrong with the disk below it."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from ..errors import GpenError


@dataclass(frozen=True)
class Note:
    """Where the bytes of a part are from."""

    url: str
    validator: str
    """Tells this version of the file from another; empty when the server had none."""
    total: int | None
    """Bytes in the whole file; None when nobody said."""


class Part:
    """A file that is not whole yet, with a note beside it that tells where it is from.

    Args:
        path: in a folder that exists.

    Raises:
        GpenError: every method, ``disk_full`` or ``cannot_write``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._note_path = path.with_name(f"{path.name}.json")

    @property
    def length(self) -> int:
        """In bytes; 0 when it is not there."""
        with writing(self.path):
            return self.path.stat().st_size if self.path.exists() else 0

    def note(self) -> Note | None:
        """None when there is none that can be read: then the part has to be begun again."""
        with writing(self._note_path):
            if not self._note_path.exists():
                return None
            text = self._note_path.read_bytes()
        try:
            content = json.loads(text)
            total = None if content["total"] is None else int(content["total"])
            return Note(str(content["url"]), str(content["validator"]), total)
        except (ValueError, TypeError, KeyError):
            return None

    def write_note(self, note: Note) -> None:
        with writing(self._note_path):
            self._note_path.write_text(json.dumps(asdict(note)), encoding="utf-8")

    @contextmanager
    def opened(self, start: int) -> Iterator[BinaryIO]:
        """The file, cut to its first ``start`` bytes, to be written on through :meth:`append`; on
        the disk for good when the block ends."""
        with writing(self.path):
            file = self.path.open("r+b" if self.path.exists() else "wb")
        try:
            with writing(self.path):
                file.seek(start)
                file.truncate()
            yield file
            with writing(self.path):
                file.flush()
                os.fsync(file.fileno())
        finally:
            with writing(self.path):  # what is buffered is written now, and may not fit
                file.close()

    def append(self, file: BinaryIO, chunk: bytes) -> None:
        with writing(self.path):
            file.write(chunk)

    def check_room(self, needed: int) -> None:
        """Raises GpenError: ``disk_full`` unless so many bytes more fit."""
        with writing(self.path):
            free = shutil.disk_usage(self.path.parent).free
        if needed > free:
            raise _full(
                self.path, f": {needed / 1e6:.0f} MB more are needed, {free / 1e6:.0f} free"
            )

    def discard(self) -> None:
        """Removes part and note."""
        with writing(self.path):
            self.path.unlink(missing_ok=True)
            self._note_path.unlink(missing_ok=True)

    def finish(self, target: Path) -> None:
        """Gives the part the name of the whole file."""
        with writing(target):
            self.path.replace(target)
            self._note_path.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Makes what the disk refuses a sentence.

    Raises:
        GpenError: ``disk_full`` or ``cannot_write``.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _full(path) from error
        raise GpenError(
            "cannot_write",
            f"The file {path} cannot be written: {error.strerror or error}.",
            "Check that the folder exists and that you may write to it.",
        ) from error


def _full(path: Path, detail: str = "") -> GpenError:
    return GpenError(
        "disk_full",
        f"There is no room left in {path.parent}{detail}.",
        "Make room and try again; what was downloaded is kept.",
    )
