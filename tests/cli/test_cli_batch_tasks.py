"""``gpen batch --task``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gpen_engine.batch.journal import NAME
from gpen_engine.pictures import read_picture
from gpen_engine.tasks.palette import COLOURS


@pytest.fixture
def photos(save, face, tmp_path: Path) -> Path:
    """Two grey pictures with a face."""
    for number in range(2):
        save(tmp_path / "photos" / f"{number}.png", np.roll(face[:, :, 1:2], number, axis=0))
    return tmp_path / "photos"


def told(folder: Path) -> list[dict]:
    """Reports of the last run of two."""
    lines = [json.loads(line) for line in (folder / NAME).read_text().splitlines()]
    return [line["report"] for line in lines[-2:]]


@pytest.mark.parametrize("more", [[], ["--jobs", 1]])
def test_colours_as_one_by_one(gpen, photos, model_file, tmp_path: Path, more) -> None:
    words = ["--task", "colorize", "--model", model_file]
    result = gpen("batch", photos, "-o", tmp_path / "many", *words, *more)
    assert result.exit_code == 0, result.output
    assert gpen("restore", *photos.iterdir(), "-o", tmp_path / "one", *words).exit_code == 0
    for name in ("0.png", "1.png"):
        after = read_picture(tmp_path / "many" / name).pixels
        assert after.shape == (200, 200, 3)
        assert np.array_equal(after, read_picture(tmp_path / "one" / name).pixels)
    assert [report["task"] for report in told(tmp_path / "many")] == ["colorize"] * 2


def test_larger_pictures(
    gpen, photos, save, blank, model_file, upscaler_file: Callable[[int], Path], tmp_path: Path
) -> None:
    save(photos / "1.png", blank)  # which is enlarged all the same
    words = ["--task", "enlarge", "--model", model_file, "--scale", 4]
    words += ["--upscaler", upscaler_file(4)]
    result = gpen("batch", photos, "-o", tmp_path / "many", *words)
    assert result.stdout.startswith("2 restored."), result.output
    assert gpen("restore", *photos.iterdir(), "-o", tmp_path / "one", *words).exit_code == 0
    for name, side in (("0.png", 800), ("1.png", 360)):
        after = read_picture(tmp_path / "many" / name).pixels
        assert after.shape[:2] == (side, side)
        assert np.array_equal(after, read_picture(tmp_path / "one" / name).pixels)
    options = [report["task_options"]["upscaler"] for report in told(tmp_path / "many")]
    assert options == ["small_x4"] * 2


def test_faces_from_maps(gpen, save, model_file, tmp_path: Path) -> None:
    save(tmp_path / "maps" / "a.png", COLOURS[np.arange(64).reshape(8, 8) % 19])
    words = ["-o", tmp_path / "out", "--task", "seg2face", "--model", model_file]
    result = gpen("batch", tmp_path / "maps", *words)
    assert result.exit_code == 0, result.output
    assert read_picture(tmp_path / "out" / "a.png").pixels.shape == (64, 64, 3)


def test_another_task_or_scale_or_upscaler_means_doing_all_again(
    gpen, photos, model_file, upscaler_file: Callable[[int], Path], tmp_path: Path
) -> None:
    run = ["batch", photos, "-o", tmp_path / "out", "--model", model_file]
    enlarge = ["--task", "enlarge", "--upscaler"]
    for words in (
        [],
        ["--task", "restore"],  # as before
        ["--task", "colorize"],
        [*enlarge, "none"],
        [*enlarge, upscaler_file(2)],
        [*enlarge, upscaler_file(2), "--scale", 4],
    ):
        is_new = words != ["--task", "restore"]
        result = gpen(*run, *words)
        assert result.stdout.startswith("2 restored." if is_new else "2 unchanged."), words
        assert gpen(*run, *words).stdout.startswith("2 unchanged."), words


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--task", "inpaint"], "The task inpaint takes a mask of its own for each picture."),
        (["--task", "paint"], 'There is no task "paint".'),
        (["--scale", 2], "Only the task enlarge takes a scale and an upscaler."),
        (["--task", "colorize"], "The weights of GPEN-Colorization-1024 are not installed."),
        (["--task", "colorize", "--model", "GPEN-BFR-512"], "GPEN-BFR-512 is a model for the task"),
        (["--task", "enlarge", "--upscaler", "nowhere"], "There is no model and no file"),
    ],
)
def test_what_is_refused(gpen, photos, tmp_path: Path, words, sentence: str) -> None:
    result = gpen("batch", photos, "-o", tmp_path / "out", *words)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {sentence}")
    assert not (tmp_path / "out").exists()
