"""``kill -9`` of a batch with its whole Ray, at three points: nothing lost, nothing twice."""

from __future__ import annotations

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import psutil
import pytest
from killing import killed_at_quarters

from gpen_engine.batch.journal import NAME, Journal
from gpen_engine.pictures import Picture, write_picture
from gpen_engine.sample import portrait

ROOT = Path(__file__).parents[2]
COUNT = 64
"""Pictures: eight blocks of a worker's, so that at each kill some are done and others are not."""

pytestmark = [
    # Looked for, not imported: where Ray listens it settles when it is imported.
    pytest.mark.skipif(not find_spec("ray"), reason="the extra 'cluster' is not installed"),
    pytest.mark.skipif(os.name == "nt", reason="Ray for Windows is not tried"),
    pytest.mark.slow,
    pytest.mark.apart,
]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    face = portrait()[:200, 124:324]
    (tmp_path / "photos").mkdir()
    for number in range(COUNT):
        picture = Picture(np.ascontiguousarray(np.roll(face, number, axis=0)))
        write_picture(tmp_path / "photos" / f"{number:02}.png", picture)
    return tmp_path / "photos"


def started(home: Path, *words: object) -> psutil.Popen:
    places = {"HOME": str(home), "XDG_STATE_HOME": str(home), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "gpen_engine", *map(str, words), "--quiet"]
    return psutil.Popen(command, env={**os.environ, **places}, start_new_session=True)


def results(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.glob("*.png")}


def test_killed_with_its_ray_at_three_points_it_ends_with_the_same_bytes(
    photos: Path, tmp_path: Path
) -> None:
    assert started(tmp_path, "batch", photos, "-o", tmp_path / "whole").wait(300) == 0
    whole, out = results(tmp_path / "whole"), tmp_path / "out"
    assert len(whole) == COUNT
    there = ["batch", photos, "-o", out, "--cluster", "local", "--workers", 2]

    counts = killed_at_quarters(lambda: started(tmp_path, *there), out / NAME, COUNT)
    assert counts == sorted(set(counts)), "each run got further"
    assert counts[0] >= COUNT // 4
    assert results(out).items() < whole.items(), "what has a name is whole, and some have none"
    assert started(tmp_path, *there).wait(300) == 0

    assert results(out) == whole
    assert {p.name for p in out.iterdir()} == {*whole, NAME}
    assert set(Journal(out).lines) == set(whole)
    paths = [json.loads(line)["path"] for line in (out / NAME).read_text().splitlines()]
    # At each kill one line may wait for its result to get its name, and is then written again.
    assert len(paths) <= COUNT + len(counts)
