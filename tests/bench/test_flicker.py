"""The flicker measure: what it is of, and that a film flickers less."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gpen_engine import GpenError, Restorer
from gpen_engine.bench.flicker import SIDE, damaged, measure_flicker, motion, score, text
from gpen_engine.faces.geometry import TEMPLATES
from gpen_engine.pictures import Picture, write_picture
from gpen_engine.sample import portrait


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    write_picture(tmp_path / "portrait.png", Picture(portrait()))
    write_picture(tmp_path / "wall.png", Picture(np.full((300, 300, 3), 90, np.uint8)))
    return tmp_path


def test_the_face_stays_in_the_frame_and_moves_a_little() -> None:
    points = TEMPLATES["ffhq"] * 300 + 100
    moves = motion(points, 0.5, 24)
    middles = np.array([move(points).mean(axis=0) for move in moves])
    assert np.all((middles > 100) & (middles < (300, 220)))
    steps = np.hypot(*np.diff(middles, axis=0).T)
    assert 0.5 < steps.min() <= steps.max() < 6
    assert moves[-1].scale > 1.1 * moves[0].scale


def test_scores_are_what_they_are_called() -> None:
    rng = np.random.default_rng(0)
    truth = [rng.uniform(0.2, 0.8, (SIDE, SIDE, 3)).astype(np.float32)] * 4
    still = score(truth, truth)
    assert still.flicker == 0
    assert still.sharpness == still.detail == pytest.approx(1)
    noise = [t + rng.normal(0, 0.02, t.shape).astype(np.float32) for t in truth]
    grainy = score(noise, truth)
    assert grainy.flicker == pytest.approx(255 * 0.02 * np.sqrt(2), rel=0.02)
    assert grainy.detail == pytest.approx(1, abs=0.01)
    assert score([t * 0.5 for t in truth], truth).detail == pytest.approx(0.5, abs=0.01)


def test_every_frame_has_its_own_grain() -> None:
    rng = np.random.default_rng(0)
    frame = np.full((320, 400, 3), 0.5, np.float32)
    one, other = damaged(frame, rng), damaged(frame, rng)
    assert one.shape == frame.shape
    apart = (one.astype(int) - other).std()
    assert 1.5 < apart < 20


@pytest.mark.slow
def test_a_film_flickers_less_than_its_frames(photos: Path) -> None:
    """With the embedded model, as it is advertised."""
    found = measure_flicker(photos, Restorer(device="cpu"), frames=6)
    (row,) = found["photos"]
    assert row["photo"] == "portrait.png"
    mean = found["mean"]
    assert mean["truth"]["flicker"] < mean["film"]["flicker"] < mean["source"]["flicker"]
    assert found["less_flicker"] > 0.3
    assert mean["film"]["detail"] > 0.97 * mean["alone"]["detail"]
    assert mean["film"]["psnr"] > mean["alone"]["psnr"]
    told = text(json.loads(json.dumps(found)))
    assert "| gpen video" in told
    assert f"{found['less_flicker']:.0%} less" in told


def test_photographs_without_faces(tmp_path: Path, restorer: Restorer) -> None:
    write_picture(tmp_path / "wall.png", Picture(np.full((300, 300, 3), 90, np.uint8)))
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(GpenError, match="No photograph"):
            measure_flicker(folder, restorer, frames=2)
