"""Upscalers: exact to the published ones, whole or in tiles, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from gpen_engine import GpenError
from gpen_engine.network import Gpen, GpenConfig
from gpen_engine.pixels import Pixels
from gpen_engine.tasks import upscaling
from gpen_engine.tasks.upscaling import TILE, Upscaler, tiles


def fixture_weights(keys: dict[str, list[int]], salt: int) -> dict[str, torch.Tensor]:
    """By the recipe that stands beside the fixtures: normal numbers, each key's of its own seed."""
    weights = {}
    for key, shape in keys.items():
        numbers = np.random.default_rng([salt, zlib.crc32(key.encode())])
        values = numbers.standard_normal(tuple(shape), dtype=np.float32)
        values *= 0.05 if key.endswith("bias") else 1 / np.sqrt(np.prod(shape[1:]))
        weights[key] = torch.from_numpy(values.astype(np.float32))
    return weights


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_the_published_upscalers_are_reproduced(shared: Path, tmp_path: Path, scale: int) -> None:
    sys.path.insert(0, str(Path(__file__).parents[1] / "network"))
    from parity.deterministic import picture

    table = json.loads((shared / "parity" / "realesrnet.json").read_text())
    weights = fixture_weights(table["models"][f"x{scale}"]["keys"], table["salt"])
    torch.save({"params_ema": weights}, tmp_path / f"realesrnet_x{scale}.pth")
    upscaler = Upscaler(tmp_path / f"realesrnet_x{scale}.pth", "cpu")
    assert (upscaler.name, upscaler.scale) == (f"realesrnet_x{scale}", scale)
    image = (picture(48, table["salt"]) + 1) / 2
    with torch.inference_mode():
        ours = upscaler.network(image)[0].numpy()
    wanted = np.load(shared / "parity" / f"realesrnet-x{scale}.npz")["output"]
    assert np.linalg.norm(ours - wanted) / np.linalg.norm(wanted) < 1e-6
    called = upscaler(image[0].permute(1, 2, 0).contiguous().numpy())
    assert np.abs(called - wanted.transpose(1, 2, 0).clip(0, 1)).max() < 1e-4


@pytest.mark.parametrize("scale", [1, 2, 4])
@pytest.mark.parametrize("wanted", [2, 4])
def test_tiles_give_the_same_as_the_whole(upscaler_file, monkeypatch, scale, wanted) -> None:
    monkeypatch.setattr(upscaling, "TILE", 48)
    upscaler = Upscaler(upscaler_file(scale), "cpu")
    shades = np.random.default_rng(0).random((5, 7, 3), np.float32)
    rgb = np.rint(255 * cv2.resize(shades, (101, 70), interpolation=cv2.INTER_LINEAR))
    rgb = rgb.astype(np.uint8)
    tiled = np.zeros((wanted * 70, wanted * 101, 3), np.uint8)
    steps = []
    progress = lambda done, total: steps.append((done, total))  # noqa: E731
    upscaler.enlarge(Pixels(rgb), tiled, wanted, progress=progress)
    assert steps == [(n, 6) for n in range(7)]
    monkeypatch.setattr(upscaling, "TILE", 1000)
    whole = np.zeros_like(tiled)
    upscaler.enlarge(Pixels(rgb), whole, wanted)
    assert np.abs(tiled.astype(int) - whole).max() <= 1
    small = whole.reshape(70, wanted, 101, wanted, 3).mean(axis=(1, 3))
    likeness = np.corrcoef(small.reshape(-1, 3).T, rgb.reshape(-1, 3).T)[:3, 3:]
    assert np.array_equal(likeness.argmax(axis=1), [0, 1, 2])  # channels and places are right
    assert likeness.diagonal().min() > 0.7


def test_tiles_cover_the_picture_once() -> None:
    seen = np.zeros((TILE + 5, 3 * TILE), int)
    for x0, y0, x1, y1 in tiles(3 * TILE, TILE + 5):
        seen[y0:y1, x0:x1] += 1
    assert np.all(seen == 1)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize(("dtype", "white"), [(np.uint8, 255), (np.uint16, 65535), (np.float32, 1)])
def test_every_kind_of_pixels(upscaler_file, channels, dtype, white) -> None:
    upscaler = Upscaler(upscaler_file(2), "cpu")
    pixels = (np.full((9, 5, channels), 0.5) * white).astype(dtype)
    into = np.zeros((18, 10, channels), dtype)
    upscaler.enlarge(Pixels(pixels), into, 2)
    colours = 1 if channels < 3 else 3
    assert np.abs(into[:, :, :colours] / white - 0.5).max() < 0.3
    assert into[:, :, :colours].min() > 0.2 * white
    if channels in (2, 4):
        assert not into[:, :, -1].any()


def test_a_single_pixel(upscaler_file) -> None:
    for scale in (1, 2, 4):
        assert Upscaler(upscaler_file(scale), "cpu")(np.full((1, 1, 3), 0.5, np.float32)).shape == (
            scale,
            scale,
            3,
        )


def test_tiles_are_quartered_when_memory_runs_short(upscaler_file, monkeypatch) -> None:
    upscaler = Upscaler(upscaler_file(2), "cpu")
    rgb = np.random.default_rng(0).integers(0, 256, (150, 130, 3)).astype(np.uint8)
    whole = np.zeros((300, 260, 3), np.uint8)
    upscaler.enlarge(Pixels(rgb), whole, 2)
    run = upscaler._run

    def greedy(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.shape[-1] > 120:
            raise torch.OutOfMemoryError("out of memory")
        return run(tensor)

    monkeypatch.setattr(upscaler, "_run", greedy)
    quartered = np.zeros_like(whole)
    upscaler.enlarge(Pixels(rgb), quartered, 2)
    assert np.abs(quartered.astype(int) - whole).max() <= 1

    def hopeless(tensor: torch.Tensor) -> torch.Tensor:
        raise MemoryError

    monkeypatch.setattr(upscaler, "_run", hopeless)
    with pytest.raises(GpenError) as error:
        upscaler.enlarge(Pixels(rgb), quartered, 2)
    assert error.value.code == "out_of_memory"


def test_other_files_are_refused(tmp_path: Path) -> None:
    torch.save(Gpen(GpenConfig(64, 64, 1, 0.0625)).state_dict(), tmp_path / "gpen.pth")
    torch.save({"a": torch.zeros(3)}, tmp_path / "some.pth")
    (tmp_path / "text.pth").write_text("no weights")
    for name in ("gpen.pth", "some.pth", "text.pth"):
        with pytest.raises(GpenError) as error:
            Upscaler(tmp_path / name, "cpu")
        assert error.value.code == "bad_checkpoint", name
        assert name in error.value.sentence
    with pytest.raises(GpenError) as error:
        Upscaler(tmp_path / "GPEN-BFR-512.pth", "cpu")
    assert error.value.code == "wrong_task"


@pytest.mark.slow
def test_spandrel_is_imported_when_a_network_is_loaded_only() -> None:
    code = (
        "import sys, gpen_engine.tasks.enlarge\n"
        "assert 'spandrel' not in sys.modules and 'torchvision' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
