"""``gpen video``: what it says, and what it leaves behind."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

av = pytest.importorskip("av")


@pytest.fixture
def clip(tmp_path: Path, face: np.ndarray) -> Path:
    """A real face that moves, 12 frames of 200 by 200."""
    path = tmp_path / "in.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", 24, options={"crf": "18"})
        stream.width = stream.height = 200
        for number in range(12):
            moved = np.roll(face, number, axis=1)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(moved, "rgb24")))
        out.mux(stream.encode(None))
    return path


def frames(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as film:
        return [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]


def test_a_film(gpen, clip, model_file, tmp_path) -> None:
    report = tmp_path / "report.json"
    result = gpen("video", clip, "-o", tmp_path / "out.mkv", "--model", model_file,
                  "--device", "cpu", "--report", report)  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "12 frames, 1 shot, 1 face in" in result.stdout
    before, after = frames(clip), frames(tmp_path / "out.mkv")
    assert len(before) == len(after) == 12
    assert all(np.abs(a.astype(int) - b).max() > 10 for a, b in zip(before, after, strict=True))
    (told,) = json.loads(report.read_text())
    assert told["frames"] == 12
    assert told["model"] == model_file.stem
    (shot,) = told["shots"]
    assert shot["strength"] == 1
    assert shot["faces"][0]["frames"] == [0, 11]
    assert told["frames_per_second"] > 0


@pytest.mark.parametrize(
    "words",
    [
        ("--rate", "fast"),
        ("--rate", "0"),
        ("--crf", "90"),
        ("--codec", "wmv"),
        ("--shot-strength", "2"),
        ("--strength", "2"),
    ],
)
def test_what_is_wrong_is_said(gpen, clip, model_file, tmp_path, words) -> None:
    result = gpen("video", clip, "-o", tmp_path / "out.mkv", "--model", model_file, *words)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert [p.name for p in tmp_path.iterdir()] == ["in.mkv"]


def test_what_is_for_one_picture_only_is_not_offered(gpen, clip, tmp_path) -> None:
    result = gpen("video", clip, "-o", tmp_path / "out.mkv", "--region", "1,2,3,4")
    assert result.exit_code == 2
    assert "--region" in result.stderr


def test_without_pyav(gpen, clip, model_file, tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    result = gpen("video", clip, "-o", tmp_path / "out.mkv", "--model", model_file)
    assert result.exit_code == 1
    assert "needs" in result.stderr or "need" in result.stderr
    assert "pip install av" in result.stderr


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_leaves_nothing_half_written(process, clip, model_file, tmp_path) -> None:
    long = tmp_path / "long.mkv"
    with av.open(str(long), "w") as out:
        stream = out.add_stream("libx264", 24)
        stream.width = stream.height = 200
        for image in frames(clip) * 60:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
        out.mux(stream.encode(None))
    running = process("video", long, "-o", tmp_path / "out.mkv", "--model", model_file)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not list(tmp_path.glob(".out-*")):
        assert running.poll() is None, running.communicate()
        time.sleep(0.05)
    time.sleep(0.5)
    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=120)
    assert running.returncode == 130, told
    assert "Stopped." in told
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.mkv", "long.mkv"]
