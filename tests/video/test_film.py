"""Film files: what goes in comes out, but for the faces."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from fake_models import identity
from film_clips import BASE, UNEVEN, Clip, Content, fake_restorer, picture, read

from gpen_engine import GpenError, RestoreOptions
from gpen_engine.video.encoding import ENCODERS
from gpen_engine.video.film import Film
from gpen_engine.video.film_frame import is_editable
from gpen_engine.video.run import FilmOptions, FilmReport, restore_film

OPTIONS = RestoreOptions(keep_colours=False)


def run(source: Path, target: Path, *, paint=None, **how: object) -> FilmReport:
    force = bool(how.pop("force", False))
    restorer = fake_restorer(*([paint] if paint else []))
    return restore_film(
        restorer,
        source,
        target,
        OPTIONS,
        FilmOptions(**how),  # type: ignore[arg-type]
        force=force,
    )


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return Clip().write(tmp_path / "in.mp4")


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_frames_sound_and_tags_are_kept(tmp_path: Path, suffix: str) -> None:
    source = Clip(tags=(6, 1, 6, 6)).write(tmp_path / f"in{suffix}")
    report = run(source, tmp_path / f"out{suffix}")
    was, now = read(source), read(tmp_path / f"out{suffix}")
    assert len(now.times) == 12
    assert now.times == was.times
    if suffix != ".mkv":  # which counts in milliseconds
        assert now.times == [stamp * BASE for stamp in UNEVEN]
    assert now.packets["audio"] == was.packets["audio"]
    assert len(was.packets["audio"]) > 3
    assert now.tags == was.tags == {(6, 1, 6, 6)}
    assert now.format == was.format == "yuv420p"
    assert now.metadata["title"] == "A film"
    assert "with fake" in now.metadata["GPEN"]
    assert now.chapters == was.chapters == 1
    assert report.plan.shots == [(0, 12)]
    assert [len(tracks) for tracks in report.plan.tracks] == [1]
    for before, after in zip(was.rgb, now.rgb, strict=True):
        place = int(np.flatnonzero(before[60, :, 0] > 150).mean())
        assert after[60, place, 2] > after[60, place, 0] + 60, "red and blue were exchanged"
        assert np.abs(after[:, :8].astype(int) - before[:, :8]).mean() < 4


@pytest.mark.parametrize(
    ("suffix", "format", "codec"),
    [
        (".mkv", "yuv420p", "ffv1"),
        (".mkv", "yuv422p10le", "ffv1"),
        (".mkv", "yuv444p", "ffv1"),
        (".mkv", "gray", "ffv1"),
        (".mkv", "bgr0", "ffv1"),
        (".mkv", "gbrp10le", "ffv1"),
    ],
)
def test_lossless_keeps_every_bit_outside_of_faces(tmp_path, suffix, format, codec) -> None:
    source = Clip(codec="ffv1", format=format, audio=False, stamps=[0, 3750, 7500])
    path = source.write(tmp_path / "in.mkv")
    out = tmp_path / f"out{suffix}"
    run(path, out, codec=codec)
    was, now = read(path), read(out)
    assert now.format == was.format == format
    changed = 0
    for before, after in zip(was.planes, now.planes, strict=True):
        for old, new in zip(before, after, strict=True):
            left = old.shape[1] // 10
            assert np.array_equal(old[:, :left], new[:, :left])
            changed += int((old != new).sum())
    # A grey film shows no red square, so it has no face here.
    assert (changed > 100) == (format != "gray")


def test_where_no_face_is_every_bit_is_kept(tmp_path: Path) -> None:
    plain = Clip(picture=lambda i: picture(0)[:, ::-1, ::-1].copy(), codec="ffv1", audio=False)
    source = plain.write(tmp_path / "in.mkv")
    run(source, tmp_path / "out.mkv", codec="ffv1")
    was, now = read(source), read(tmp_path / "out.mkv")
    for before, after in zip(was.planes, now.planes, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize(("matrix", "full"), [(1, 1), (6, 1), (9, 1), (1, 2)])
def test_the_tagged_colours_are_the_ones_used(tmp_path: Path, matrix: int, full: int) -> None:
    """A model that changes nothing leaves colours alone, whatever the film's tags are."""
    tags = (matrix, full, 1, 1)
    source = Clip(codec="ffv1", format="yuv444p", tags=tags, audio=False, stamps=[0, 3750])
    path = source.write(tmp_path / "in.mkv")
    frame = next(Film(path).frames())
    seen = frame.pixels.rgb((45, 45, 75, 75)).mean(axis=(0, 1)) * 255
    assert seen == pytest.approx([220, 40, 30], abs=4)
    run(path, tmp_path / "out.mkv", paint=identity, codec="ffv1")
    was, now = read(path), read(tmp_path / "out.mkv")
    assert now.tags == was.tags == {tags}
    for before, after in zip(was.planes, now.planes, strict=True):
        inside = (slice(50, 70), slice(50, 70))
        for old, new in zip(before, after, strict=True):
            assert np.abs(old[inside].astype(int) - new[inside]).max() <= 2


@pytest.mark.parametrize("turn", [90, 180, -90])
def test_turned_films_are_searched_upright_and_stay_turned(tmp_path: Path, turn: int) -> None:
    upright = picture(0)
    stored = {90: 1, -90: -1, 180: 2}

    def draw(number: int) -> np.ndarray:
        return np.ascontiguousarray(np.rot90(upright, -stored[turn]))

    size = draw(0).shape[1::-1]
    clip = Clip(turn=turn, picture=draw, size=size, audio=False)
    source = clip.write(tmp_path / "in.mp4")
    film = Film(source)
    shown = next(film.frames()).copy(1000)
    assert shown.shape == upright.shape
    assert np.abs(shown.astype(int) - upright).mean() < 12
    report = run(source, tmp_path / "out.mp4")
    was, now = read(source), read(tmp_path / "out.mp4")
    assert now.turn == was.turn
    assert now.turn % 360 == turn % 360
    (track,) = report.plan.tracks[0]
    assert track.face(0).box == pytest.approx((40, 40, 80, 80), abs=3)
    assert report.plan.times == pytest.approx([s / 90000 for s in UNEVEN])
    before, after = was.rgb[3].astype(int), now.rgb[3].astype(int)
    y, x = np.argwhere(before[:, :, 0] > 180).mean(axis=0).astype(int)
    assert after[y, x, 2] > after[y, x, 0] + 60


def test_pixels_that_are_not_square(tmp_path: Path) -> None:
    wide = Clip(pixel_form=Fraction(3, 2), audio=False)
    source = wide.write(tmp_path / "in.mp4")
    frame = next(Film(source).frames())
    assert frame.copy(1000).shape == (120, 240, 3)
    report = run(source, tmp_path / "out.mp4")
    assert read(tmp_path / "out.mp4").pixel_form == Fraction(3, 2)
    (track,) = report.plan.tracks[0]
    x0, _, x1, _ = track.face(0).box
    assert (x0 + x1) / 2 == pytest.approx(60 * 1.5, abs=3)


def test_subtitles_are_copied(tmp_path: Path) -> None:
    source = Clip(subtitles="subrip").write(tmp_path / "in.mkv")
    run(source, tmp_path / "out.mkv")
    was, now = read(source), read(tmp_path / "out.mkv")
    assert now.packets["subtitle"] == was.packets["subtitle"]
    assert now.packets["subtitle"][0][1] == b"Hello"


def test_a_late_start_and_odd_sizes(tmp_path: Path) -> None:
    late = Clip(stamps=[stamp + 7511 for stamp in UNEVEN])
    source = late.write(tmp_path / "in.mp4")
    run(source, tmp_path / "out.mp4")
    assert read(tmp_path / "out.mp4").times == read(source).times
    odd = Clip(size=(161, 121), codec="ffv1", audio=False).write(tmp_path / "odd.mkv")
    with pytest.raises(GpenError, match="161 × 121"):
        run(odd, tmp_path / "odd.mp4")
    run(odd, tmp_path / "odd-out.mkv", codec="ffv1")
    assert len(read(tmp_path / "odd-out.mkv").times) == 12


def test_what_a_container_cannot_hold_is_said_before_the_work(tmp_path: Path) -> None:
    source = Clip(subtitles="subrip").write(tmp_path / "in.mkv")
    for target in ("out.webm", "out.mp4"):
        with pytest.raises(GpenError, match="cannot"):
            run(source, tmp_path / target, codec="vp9" if target == "out.webm" else "h264")
    assert [p.name for p in tmp_path.iterdir()] == ["in.mkv"]


def test_nearest_pixels_where_the_encoder_has_no_such(tmp_path: Path) -> None:
    source = Clip(codec="ffv1", format="yuv444p12le", audio=False, stamps=[0, 3750])
    path = source.write(tmp_path / "in.mkv")
    report = run(path, tmp_path / "out.mkv", codec="h264")
    assert report.format == read(tmp_path / "out.mkv").format == "yuv444p10le"
    assert "yuv444p12le" in report.notes[0]


def test_every_encoder_writes_what_can_be_edited(tmp_path: Path, clip: Path) -> None:
    for name, encoder in ENCODERS.items():
        formats = av.codec.Codec(encoder.name, "w").video_formats or []
        assert any(is_editable(f.name) for f in formats), name
    run(clip, tmp_path / "out.mkv", codec="prores")
    assert len(read(tmp_path / "out.mkv").times) == 12


def test_a_smaller_crf_is_a_larger_file(tmp_path: Path, clip: Path) -> None:
    sizes = []
    for crf in (10, 40):
        run(clip, tmp_path / "out.mkv", crf=crf, force=True)
        sizes.append((tmp_path / "out.mkv").stat().st_size)
    assert sizes[0] > sizes[1]


def test_strengths_of_shots(tmp_path: Path) -> None:
    cut = Clip(picture=lambda i: picture(0) if i < 6 else np.rot90(picture(0), 2).copy())
    source = cut.write(tmp_path / "in.mkv")
    report = run(source, tmp_path / "out.mkv", shots={2: 0.0})
    assert report.plan.shots == [(0, 6), (6, 12)]
    assert report.strengths == [1, 0]
    was, now = read(source), read(tmp_path / "out.mkv")
    assert np.abs(now.rgb[2][50:70, 50:70].astype(int) - was.rgb[2][50:70, 50:70]).mean() > 40
    assert np.abs(now.rgb[9].astype(int) - was.rgb[9]).mean() < 5


def cut_short(path: Path, share: float) -> Path:
    data = path.read_bytes()
    short = path.with_name(f"short{path.suffix}")
    short.write_bytes(data[: int(len(data) * share)])
    return short


def test_bad_files_are_refused_in_a_sentence(tmp_path: Path, clip: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("not a film " * 100)
    empty = tmp_path / "empty.mkv"
    empty.touch()
    sound = tmp_path / "sound.mkv"
    with av.open(str(sound), "w") as out:
        stream = out.add_stream("aac", 48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 4096), np.float32), "fltp")
        frame.sample_rate = 48000
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    headless = cut_short(clip, 0.5)  # an MP4's table stands at its end
    for path in (text, empty, sound, headless, tmp_path):
        with pytest.raises(GpenError) as caught:
            run(path, tmp_path / "out.mkv")
        assert caught.value.code in ("bad_video", "no_pictures"), path
    with pytest.raises(GpenError, match="no file"):
        run(tmp_path / "missing.mkv", tmp_path / "out.mkv")
    assert not list(tmp_path.glob("*out*"))


def test_a_film_that_is_cut_short_is_noticed(tmp_path: Path) -> None:
    source = Clip(codec="ffv1", audio=False).write(tmp_path / "in.mkv")
    short = cut_short(source, 0.6)
    report = run(short, tmp_path / "out.mkv")
    assert 0 < len(report.plan.times) < 12
    assert any("cut short" in note for note in report.notes)


def test_an_existing_film_is_not_replaced(tmp_path: Path, clip: Path) -> None:
    out = tmp_path / "out.mkv"
    out.write_bytes(b"precious")
    with pytest.raises(GpenError) as caught:
        run(clip, out)
    assert caught.value.code == "output_exists"
    assert out.read_bytes() == b"precious"
    for name, code in [("out.txt", "bad_output"), ("no/where.mkv", "cannot_write")]:
        with pytest.raises(GpenError) as caught:
            run(clip, tmp_path / name)
        assert caught.value.code == code


@pytest.mark.parametrize("when", ["looking for faces", "restoring"])
def test_a_stop_leaves_nothing(tmp_path: Path, clip: Path, when: str) -> None:
    out = tmp_path / "out.mp4"
    out.write_bytes(b"precious")

    def stop(what: str, done: int) -> None:
        if what == when and done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore_film(fake_restorer(), clip, out, OPTIONS, force=True, watch=stop)
    assert out.read_bytes() == b"precious"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.mp4", "out.mp4"]


def test_a_film_can_replace_itself(tmp_path: Path, clip: Path) -> None:
    was: Content = read(clip)
    run(clip, clip, force=True)
    assert read(clip).times == was.times


def test_without_pyav_it_is_said_how_to_get_it(tmp_path: Path, clip: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(GpenError) as caught:
        run(clip, tmp_path / "out.mkv")
    assert caught.value.code == "video_missing"
    assert "pip install av" in caught.value.hint
