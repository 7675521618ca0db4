"""``gpen restore --task``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from gpen_engine.checkpoints.identify import rrdb
from gpen_engine.cli.tasks import read_mask
from gpen_engine.network import Gpen, GpenConfig
from gpen_engine.pictures import read_picture
from gpen_engine.tasks.palette import COLOURS


@pytest.fixture
def refused(gpen, save, face, tmp_path):
    """Runs a task that must fail, and gives its message."""
    source = save(tmp_path / "in.png", face)

    def run(*words: object) -> str:
        result = gpen("restore", source, "-o", tmp_path / "out.png", *words)
        assert result.exit_code == 1
        assert not (tmp_path / "out.png").exists()
        return result.stderr

    return run


def test_colorize(gpen, save, face, model_file, tmp_path: Path) -> None:
    source = save(tmp_path / "in.png", face[:, :, 1:2])
    out = tmp_path / "out.png"
    words = ["--task", "colorize", "--model", model_file, "--json", "-"]
    result = gpen("restore", source, "-o", out, *words)
    assert result.exit_code == 0, result.output
    (told,) = json.loads(result.stdout)
    assert (told["task"], len(told["faces"])) == ("colorize", 1)
    after = read_picture(out).pixels
    assert after.shape == (200, 200, 3)
    assert np.ptp(after.astype(int), axis=2).max() > 5


def test_the_published_model_is_asked_for(refused) -> None:
    message = refused("--task", "colorize")
    assert message.startswith("Error: The weights of GPEN-Colorization-1024 are not installed.")


def test_an_unknown_task(refused) -> None:
    message = refused("--task", "paint")
    assert message.startswith('Error: There is no task "paint".\n')
    assert "colorize" in message


@pytest.mark.parametrize(
    ("task", "model", "own"),
    [
        ("colorize", "gpen-bfr-512", "restore"),
        ("colorize", "folder/GPEN-Inpainting-1024.pth", "inpaint"),
        ("restore", "GPEN-Colorization-1024", "colorize"),
        ("restore", "realesrnet_x2", "upscale"),
    ],
)
def test_a_model_of_another_task(refused, task: str, model: str, own: str) -> None:
    message = refused("--task", task, "--model", model)
    assert f'is a model for the task "{own}", not for "{task}".' in message


def test_inpaint(gpen, save, face, model_file, tmp_path: Path) -> None:
    source = save(tmp_path / "in.png", face)
    hole = np.zeros((200, 200, 1), np.uint8)
    hole[80:110, 80:120] = 255
    mask = save(tmp_path / "mask.png", hole)
    out = tmp_path / "out.png"
    words = ["--task", "inpaint", "--mask", mask, "--model", model_file]
    assert gpen("restore", source, "-o", out, *words).exit_code == 0
    changed = (read_picture(out).pixels != face).any(axis=2)
    assert not changed[hole[:, :, 0] == 0].any()
    assert changed[hole[:, :, 0] > 0].mean() > 0.9


def test_a_mask_may_be_transparent(save, tmp_path: Path) -> None:
    pixels = np.full((4, 6, 4), 255, np.uint8)
    pixels[:, 3:, 3] = 0
    pixels[0] = 0
    mask = read_mask(save(tmp_path / "mask.png", pixels))
    assert mask.shape == (4, 6)
    assert np.array_equal(mask > 0.999, (pixels[:, :, 3] > 0) & (pixels[:, :, 0] > 0))


@pytest.mark.parametrize(
    "words", [["--task", "inpaint"], ["--mask", "m.png"], ["--task", "colorize", "--mask", "m.png"]]
)
def test_a_mask_belongs_to_inpaint(refused, words) -> None:
    assert refused(*words).startswith("Error: The task inpaint, and no other, takes a mask.\n")


def test_seg2face(gpen, save, model_file, tmp_path: Path) -> None:
    pixels = COLOURS[np.arange(64).reshape(8, 8) % 19]
    pixels[0, 0] = 1, 2, 3
    out = tmp_path / "face.png"
    words = ["--task", "seg2face", "--model", model_file]
    result = gpen("restore", save(tmp_path / "map.png", pixels), "-o", out, *words)
    assert result.exit_code == 0, result.output
    assert "  1 pixel has a colour of no class; the nearest one was taken." in result.stdout
    assert read_picture(out).pixels.shape == (64, 64, 3)


def test_palette(gpen, tmp_path: Path) -> None:
    path = tmp_path / "map.gpl"
    assert gpen("palette", "-o", path).exit_code == 0
    assert path.read_text().startswith("GIMP Palette\n")
    assert "already exists" in gpen("palette", "-o", path).stderr
    assert gpen("palette", "-o", path, "--force").exit_code == 0
    assert "does not end in .gpl" in gpen("palette", "-o", tmp_path / "map.png").stderr


def test_enlarge(gpen, save, face, model_file, tmp_path: Path) -> None:
    source, out = save(tmp_path / "in.png", face), tmp_path / "out.png"
    words = ["restore", source, "--task", "enlarge", "--model", model_file, "-o", out]
    result = gpen(*words)
    assert result.exit_code == 0, result.output
    assert "The picture was interpolated; no upscaler was used." in result.stdout
    assert read_picture(out).pixels.shape == (400, 400, 3)
    assert gpen(*words, "--scale", 4, "--upscaler", "none", "--force").exit_code == 0
    assert read_picture(out).pixels.shape == (800, 800, 3)


def test_the_upscaler_that_is_installed_is_used(
    gpen, save, face, model_file, engine_home, tmp_path: Path
) -> None:
    engine_home.models.mkdir(parents=True)
    weights = {key: torch.randn(t.shape) * 0.01 for key, t in rrdb(2).items()}
    torch.save({"params_ema": weights}, engine_home.models / "realesrnet_x2.pth")
    source = save(tmp_path / "in.png", face[70:120, 70:120])
    words = ["restore", source, "--task", "enlarge", "--model", model_file, "--json", "-"]
    (told,) = json.loads(gpen(*words, "-o", tmp_path / "a.png").stdout)
    assert told["task_options"]["upscaler"] == "realesrnet_x2"
    (told,) = json.loads(gpen(*words, "-o", tmp_path / "b.png", "--upscaler", "none").stdout)
    assert told["task_options"]["upscaler"] is None


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--scale", 2], "Only the task enlarge takes a scale and an upscaler."),
        (["--task", "enlarge", "--scale", 3], "Pictures are not enlarged 3 times."),
        (["--task", "enlarge", "--upscaler", "GPEN-BFR-512"], "GPEN-BFR-512 is a model for"),
        (["--task", "enlarge", "--upscaler", "nowhere.pth"], "There is no model and no file"),
        (["--task", "enlarge", "--upscaler", "GPEN-Mini-256"], "GPEN-Mini-256 is a model for"),
    ],
)
def test_what_enlarge_does_not_take(refused, words, sentence) -> None:
    assert refused(*words).startswith(f"Error: {sentence}")


@pytest.mark.parametrize(
    ("task", "name"),
    [
        ("colorize", "GPEN-Colorization-1024"),
        ("inpaint", "GPEN-Inpainting-1024"),
        ("seg2face", "GPEN-Seg2face-512"),
    ],
)
def test_a_task_takes_its_own_model_by_itself(
    gpen, save, face, engine_home, tmp_path: Path, task: str, name: str
) -> None:
    """Small random weights in the published layout, under the published name."""
    engine_home.models.mkdir(parents=True)
    torch.save(Gpen(GpenConfig(64, 64, 1, 0.0625)).state_dict(), engine_home.models / f"{name}.pth")
    source, out = save(tmp_path / "in.png", face), tmp_path / "out.png"
    mask = save(tmp_path / "mask.png", np.full((200, 200, 1), 255, np.uint8))
    more = ["--mask", mask] if task == "inpaint" else []
    result = gpen("restore", source, "-o", out, "--task", task, *more)
    assert result.exit_code == 0, result.output
    assert f"({name}, " in result.stdout
    assert not np.array_equal(read_picture(out).pixels, face)
