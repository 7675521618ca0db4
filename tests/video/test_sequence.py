"""Numbered pictures in and out."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from film_clips import UNEVEN, Clip, fake_restorer, picture, read

from gpen_engine import GpenError, RestoreOptions
from gpen_engine.pictures import Picture, read_picture, write_picture
from gpen_engine.provenance import invention
from gpen_engine.video.run import FilmOptions, restore_film
from gpen_engine.video.sequence import Sequence, folder_replacing, numbered

OPTIONS = RestoreOptions(keep_colours=False)


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """Six pictures in 16 bits, numbered without zeros."""
    folder = tmp_path / "scans"
    folder.mkdir()
    for number in range(6):
        deep = picture(2 * number).astype(np.uint16) * 257
        write_picture(folder / f"reel {number + 7}.png", Picture(deep))
    (folder / "notes.txt").write_text("not a picture")
    return folder


def run(source: Path, target: Path, **how: object):
    force = bool(how.pop("force", False))
    options = FilmOptions(**how)  # type: ignore[arg-type]
    return restore_film(fake_restorer(), source, target, OPTIONS, options, force=force)


def test_pictures_come_by_their_numbers(scans: Path) -> None:
    names = [file.name for file in Sequence(scans, Fraction(24)).files]
    assert names == [f"reel {n}.png" for n in range(7, 13)]
    write_picture(scans / "other 1.png", Picture(picture(0)))
    (scans / "reel x.png").touch()
    found = Sequence(scans / "reel %02d.png", Fraction(25))
    assert [file.name for file in found.files] == names
    assert [frame.time for frame in found.frames()] == pytest.approx([i / 25 for i in range(6)])
    assert numbered("a%05d.tif", 12) == "a00012.tif"
    assert numbered("a%d.tif", 12) == "a12.tif"


def test_pictures_to_pictures_keep_depth_and_every_other_pixel(scans: Path, tmp_path: Path) -> None:
    report = run(scans, tmp_path / "out")
    assert report.format == "pictures"
    for number, source in enumerate(Sequence(scans, Fraction(24)).files):
        result = read_picture(tmp_path / "out" / source.name)
        before, after = read_picture(source).pixels, result.pixels
        assert after.dtype == np.uint16
        assert np.array_equal(before[:, :20], after[:, :20])
        red, _, blue = after[60, 60 + 2 * number].astype(int)
        assert blue > red + 20000
        told = invention(result.xmp)
        assert told is not None
        assert told.model == "fake"
    assert len(list((tmp_path / "out").iterdir())) == 6


def test_pictures_to_a_film_and_back(scans: Path, tmp_path: Path) -> None:
    report = run(scans, tmp_path / "out.mkv", rate=Fraction(25), codec="ffv1")
    assert report.format == "yuv420p10le"
    film = read(tmp_path / "out.mkv")
    assert film.times == [Fraction(n, 25) for n in range(6)]
    assert film.tags == {(1, 1, 1, 1)}
    restored = film.rgb[3][60, 66].astype(int)
    assert restored[2] > restored[0] + 80
    assert np.abs(film.rgb[0][:, :20].astype(int) - picture(0)[:, :20]).mean() < 4
    again = run(tmp_path / "out.mkv", tmp_path / "frames", force=True)
    assert again.notes == ["The pictures have no sound and no time stamps."]
    names = sorted(file.name for file in (tmp_path / "frames").iterdir())
    assert names == [f"{n:06d}.png" for n in range(1, 7)]
    pixels = read_picture(tmp_path / "frames" / names[0]).pixels
    assert pixels.dtype == np.uint16
    assert np.abs(pixels[:, :20] / 257 - picture(0)[:, :20]).mean() < 4


def test_a_turned_film_becomes_upright_pictures(tmp_path: Path) -> None:
    def draw(number: int) -> np.ndarray:
        return np.ascontiguousarray(np.rot90(picture(0), -1))

    clip = Clip(turn=90, picture=draw, size=(120, 160), audio=False, stamps=UNEVEN[:2])
    run(clip.write(tmp_path / "in.mp4"), tmp_path / "out" / "f_%04d.jpg")
    pixels = read_picture(tmp_path / "out" / "f_0001.jpg").pixels
    assert pixels.shape == (120, 160, 3)
    assert np.abs(pixels[:, :20].astype(int) - picture(0)[:, :20]).mean() < 12


def test_refusals(scans: Path, tmp_path: Path) -> None:
    with pytest.raises(GpenError, match="among those"):
        run(scans, scans)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x.txt").write_text("mine")
    with pytest.raises(GpenError, match="not empty"):
        run(scans, tmp_path / "full")
    (tmp_path / "none").mkdir()
    for source in (tmp_path / "none", tmp_path / "none" / "a%d.png", tmp_path / "no" / "a%d.png"):
        with pytest.raises(GpenError) as caught:
            run(source, tmp_path / "out.mkv")
        assert caught.value.code == "no_pictures"
    with pytest.raises(GpenError, match="neither"):
        run(scans, tmp_path / "a%d.xyz")
    write_picture(scans / "reel 20.png", Picture(picture(0)[:60]))
    with pytest.raises(GpenError, match=r"reel 20\.png"):
        run(scans, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["full", "none", "scans"]


def test_a_folder_is_whole_or_not_there(tmp_path: Path) -> None:
    target = tmp_path / "out"

    def stopped() -> None:
        with folder_replacing(target) as folder:
            (folder / "a").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert list(tmp_path.iterdir()) == []
    target.mkdir()
    (target / "old").write_text("old")
    (target / "a").write_text("old")
    with folder_replacing(target, force=True) as folder:
        (folder / "a").write_text("new")
    assert {p.name: p.read_text() for p in target.iterdir()} == {"old": "old", "a": "new"}
    assert list(tmp_path.iterdir()) == [target]
