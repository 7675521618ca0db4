"""Files that are whole or not there, and the errors of writing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gpen_engine.errors import GpenError
from gpen_engine.pictures import Picture, read_picture, write_picture

SUFFIXES = [".jpg", ".png", ".tif", ".webp"]
NOISE = Picture(np.random.default_rng(5).integers(0, 256, (200, 200, 3)).astype(np.uint8))
SMALL = Picture(np.full((4, 6, 3), 99, np.uint8))


def fails(path: Path, picture: Picture = SMALL, **options: bool) -> str:
    with pytest.raises(GpenError) as caught:
        write_picture(path, picture, **options)
    assert caught.value.sentence.endswith(".")
    assert caught.value.hint
    return caught.value.code


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_existing_file_is_replaced_only_by_force(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"precious")
    assert fails(path) == "output_exists"
    assert path.read_bytes() == b"precious"
    write_picture(path, SMALL, force=True)
    assert np.abs(read_picture(path).pixels.astype(int) - 99).max() <= 2
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_may_be_written_over_itself(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png", NOISE)
    write_picture(tmp_path / "a.png", read_picture(tmp_path / "a.png"), force=True)
    assert np.array_equal(read_picture(tmp_path / "a.png").pixels, NOISE.pixels)


@pytest.mark.parametrize("name", ["a", "a.gif", "a.jpg.txt", ".png"])
def test_names_that_are_no_pictures(name: str, tmp_path: Path) -> None:
    assert fails(tmp_path / name) == "bad_output"
    assert list(tmp_path.iterdir()) == []


def test_sides_that_a_format_cannot_have(tmp_path: Path) -> None:
    wide = Picture(np.zeros((1, 70000, 1), np.uint8))
    assert fails(tmp_path / "a.jpg", wide) == "bad_output"
    assert fails(tmp_path / "a.webp", wide) == "bad_output"
    write_picture(tmp_path / "a.png", wide)
    write_picture(tmp_path / "a.tif", wide)
    assert read_picture(tmp_path / "a.png").pixels.shape == (1, 70000, 1)
    assert read_picture(tmp_path / "a.tif").pixels.shape == (1, 70000, 1)


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_the_longest_sides(suffix: str, tmp_path: Path) -> None:
    side = {".jpg": 65500, ".webp": 16383}[suffix]
    write_picture(tmp_path / f"a{suffix}", Picture(np.zeros((1, side, 3), np.uint8)))
    assert read_picture(tmp_path / f"a{suffix}").pixels.shape == (1, side, 3)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_pixels_that_lie_anyhow_in_memory(suffix: str, tmp_path: Path) -> None:
    views = [
        NOISE.pixels.swapaxes(0, 1)[::-2, ::3],
        NOISE.pixels[:1].swapaxes(0, 1),  # counts as contiguous, with odd strides
        NOISE.pixels[:, :1],
        NOISE.pixels[..., 1:2],
        np.broadcast_to(NOISE.pixels[0, 0], (3, 5, 3)),
    ]
    for view in views:
        write_picture(tmp_path / f"a{suffix}", Picture(view), force=True, quality=100)
        read = read_picture(tmp_path / f"a{suffix}").pixels
        if suffix != ".jpg":
            assert np.array_equal(read, np.broadcast_to(view, read.shape))


def test_no_folder(tmp_path: Path) -> None:
    assert fails(tmp_path / "none" / "a.png") == "cannot_write"
    (tmp_path / "file").write_bytes(b"")
    assert fails(tmp_path / "file" / "a.png") == "cannot_write"
    (tmp_path / "a.png").mkdir()
    assert fails(tmp_path / "a.png", force=True) == "cannot_write"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_leaves_the_old_file_and_nothing_else(suffix: str, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="limits on file sizes are a Unix matter")
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"precious")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))  # a write past 4 KB fails
    try:
        code = fails(path, NOISE, force=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert code == "cannot_write"
    assert path.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [path]
