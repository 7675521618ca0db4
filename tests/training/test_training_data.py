"""Crops from folders to random pairs."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from training_crops import crop, write_crops

from gpen_engine import GpenError
from gpen_engine.training.data import (
    Pairs,
    batches,
    list_pictures,
    random_square,
    read_crop,
    template_side,
    template_square,
    to_image,
    to_tensor,
)


def test_pictures_are_listed_in_order(tmp_path: Path) -> None:
    first, second = write_crops(tmp_path / "b", 2), write_crops(tmp_path / "a", 1)
    (first / "notes.txt").write_text("no picture", encoding="utf-8")
    (first / "deeper").mkdir()
    assert list_pictures([first, second]) == [
        first / "000.png",
        first / "001.png",
        second / "000.png",
    ]


def test_a_folder_without_pictures_is_told(tmp_path: Path) -> None:
    with pytest.raises(GpenError) as error:
        list_pictures([tmp_path])
    assert error.value.code == "no_pictures"


def test_crops_are_read_as_rgb(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "red.png"), np.full((4, 4, 3), (0, 0, 255), np.uint8))
    assert (read_crop(tmp_path / "red.png") == (1, 0, 0)).all()


def test_what_is_no_square_picture_is_refused(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "wide.png"), np.zeros((4, 5, 3), np.uint8))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    for name in ("wide.png", "broken.png"):
        with pytest.raises(GpenError) as error:
            read_crop(tmp_path / name)
        assert error.value.code == "bad_image"
        assert name in error.value.sentence


def test_the_template_square_lies_inside_of_the_margin() -> None:
    """288 pixels are 256 and a margin of 16; other sides have none."""
    image = crop(0, 288)
    np.testing.assert_allclose(template_square(image, 256), image[16:272, 16:272], atol=1e-6)
    np.testing.assert_allclose(template_square(crop(0, 64), 64), crop(0, 64), atol=1e-6)


@pytest.mark.parametrize("size", [32, 100, 128, 200])
def test_a_smaller_square_keeps_its_places(size: int) -> None:
    y, x = np.mgrid[:256, :256].astype(np.float32)
    ramps = np.stack([x, y, x], axis=2) / np.float32(256)
    small = template_square(ramps, size) * 256
    line = (np.arange(size) + 0.5) * 256 / size - 0.5
    inner = slice(size // 8, -size // 8)
    assert np.abs(small[size // 2, inner, 0] - line[inner]).max() < 0.3
    assert abs((small[size // 2, inner, 0] - line[inner]).mean()) < 0.02
    assert abs((small[inner, size // 2, 1] - line[inner]).mean()) < 0.02


def test_random_squares_move_a_little() -> None:
    y, x = np.mgrid[:288, :288].astype(np.float32)
    ramps = np.stack([x, y, np.full_like(x, 144)], axis=2) / np.float32(288)
    middles, flips = [], 0
    for seed in range(60):
        square = random_square(ramps, 64, np.random.default_rng(seed))
        assert square.shape == (64, 64, 3)
        assert square.dtype == np.float32
        assert 0 <= square.min() <= square.max() <= 1
        flips += bool(square[32, 60, 0] < square[32, 4, 0])
        middles.append(square[31:33, 31:33].mean(axis=(0, 1)))
    assert 18 < flips < 42
    assert np.ptp(middles) > 0.1  # light and place vary
    assert np.mean(middles) == pytest.approx(0.5, abs=0.05)


def test_tensors_and_images() -> None:
    image = crop(1)
    tensor = to_tensor(image)
    assert tensor.shape == (3, 64, 64)
    assert tensor[0, 5, 9].item() == pytest.approx(image[5, 9, 0] * 2 - 1)
    np.testing.assert_allclose(to_image(tensor), image, atol=1e-6)
    assert to_image(torch.full((3, 2, 2), 7.0)).max() == 1


def test_pairs_are_endless_and_repeatable(tmp_path: Path) -> None:
    files = list_pictures([write_crops(tmp_path / "crops", 3)])
    first, second = (list(islice(Pairs(files, 64, seed=5), 7)) for _ in range(2))
    for (damaged, truth), again in zip(first, second, strict=True):
        assert damaged.shape == truth.shape == (3, 64, 64)
        assert torch.equal(damaged, again[0])
        assert torch.equal(truth, again[1])
        assert -1 <= truth.min() < truth.max() <= 1
    (other, _) = next(iter(Pairs(files, 64, seed=6)))
    assert not torch.equal(other, first[0][0])


@pytest.mark.parametrize("workers", [0, 1])
def test_batches(tmp_path: Path, workers: int) -> None:
    files = list_pictures([write_crops(tmp_path / "crops", 2)])
    damaged, truth = next(batches(Pairs(files, 64, seed=5), 3, workers))
    assert damaged.shape == truth.shape == (3, 3, 64, 64)


@pytest.mark.parametrize(("side", "inner"), [(288, 256), (576, 512), (256, 256), (900, 900)])
def test_a_margin_is_known_by_the_power_of_two_within(side: int, inner: int) -> None:
    assert template_side(side) == inner
