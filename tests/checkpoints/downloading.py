"""A download of a file from a local server, for tests."""

from __future__ import annotations

import random
from typing import Any

import pytest

from gpen_engine.checkpoints.download import download
from gpen_engine.checkpoints.part import Part
from gpen_engine.errors import GpenError

CONTENT = random.Random(5).randbytes(100_000)
OTHER = random.Random(6).randbytes(100_000)
SIZE = len(CONTENT)


def get(part: Part, *urls: str, **more: Any) -> str:
    return download(urls, part, **{"backoff": 0.001, "patience": 5, **more})


def fails(part: Part, *urls: str, **more: Any) -> GpenError:
    with pytest.raises(GpenError) as caught:
        get(part, *urls, **more)
    return caught.value


def left(part: Part) -> set[str]:
    return {path.name for path in part.path.parent.iterdir()}
