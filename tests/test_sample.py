"""The portrait that comes along."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from gpen_engine import Restorer
from gpen_engine.pictures import read_picture
from gpen_engine.sample import PORTRAIT, damaged, portrait, restore_sample

EMBEDDED = Path(__file__).parents[1] / "gpen_engine" / "embedded"


def psnr(image: np.ndarray, truth: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((image.astype(float) - truth.astype(float)) ** 2)))


def test_the_portrait_is_small_and_its_source_named() -> None:
    assert portrait().shape == (512, 512, 3)
    assert portrait().dtype == np.uint8
    assert (EMBEDDED / PORTRAIT).stat().st_size < 100_000
    notice = (EMBEDDED / "NOTICE.md").read_text(encoding="utf-8")
    for words in (PORTRAIT, "NASA", "public\ndomain", "detector.safetensors", "ddfabbro", "MIT"):
        assert words in notice, words


def test_it_is_damaged_the_same_way_every_time() -> None:
    truth = portrait()
    before = damaged(truth)
    assert np.array_equal(before, damaged(truth))
    assert before.shape == truth.shape
    assert 18 < psnr(before, truth) < 27
    # Damaged, but of the same tone.
    assert np.abs(before.mean(axis=(0, 1)) - truth.mean(axis=(0, 1))).max() < 2


def test_four_pictures_are_written_and_replaced(restorer: Restorer, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "sample"
    files = restore_sample(folder, restorer)
    assert [f.name for f in files] == [
        f"sample-{name}.png" for name in ("before", "after", "truth", "sheet")
    ]
    assert sorted(folder.iterdir()) == sorted(files)
    before, after, truth, sheet = (read_picture(f).pixels for f in files)
    assert np.array_equal(truth, portrait())
    assert np.array_equal(before, damaged(truth))
    assert np.array_equal(after, restorer.restore(before).composite())
    assert not np.array_equal(after, before)
    # Three panels of the enlarged face side by side.
    assert sheet.shape == (480, 3 * 480, 3)
    panels = np.split(sheet, 3, axis=1)
    assert psnr(panels[0], panels[2]) > psnr(panels[1], panels[2]) > 5  # random weights

    sums = [hashlib.sha256(f.read_bytes()).hexdigest() for f in files]
    files[0].write_bytes(b"old")
    assert restore_sample(folder, restorer) == files
    assert [hashlib.sha256(f.read_bytes()).hexdigest() for f in files] == sums
