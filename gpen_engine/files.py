"""Files that are either whole or not there."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Gives a temporary path beside ``target`` that takes its name when the block succeeds.

    The temporary file keeps the target's suffix (writers choose the format by it) and is removed
    when the block fails, so that a reader sees the old file or the new one, never a half.
    """
    target = Path(target)
    temporary = target.with_name(f".{target.stem}-{secrets.token_hex(4)}{target.suffix}")
    try:
        # Inside of the try and under a name known before: Ctrl-C in here leaves no file behind.
        temporary.touch(exist_ok=False)
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
