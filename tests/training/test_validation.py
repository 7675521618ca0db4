"""Measures of restored faces."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import pytest
from training_crops import crop, write_crops

from gpen_engine.training.validation import Validation, colour_shift


def test_the_colour_shift_is_in_levels() -> None:
    truth = crop(1)
    assert colour_shift(truth, truth) == 0
    assert colour_shift(truth + np.float32(0.02), truth) == pytest.approx(5.1, abs=0.01)
    noise = np.random.default_rng(0).normal(0, 0.1, truth.shape).astype(np.float32)
    assert colour_shift(truth + noise, truth) < 1


@pytest.fixture(scope="module")
def validation(tmp_path_factory: pytest.TempPathFactory) -> Validation:
    return Validation(write_crops(tmp_path_factory.mktemp("val") / "crops", 9), 64, count=4)


def test_a_fixed_choice_is_damaged_the_same_way_each_time(
    validation: Validation, tmp_path: Path
) -> None:
    again = Validation(write_crops(tmp_path / "crops", 9), 64, count=4)
    assert len(validation.truths) == 4
    for name, images in validation.damaged.items():
        np.testing.assert_array_equal(images, again.damaged[name])


def test_a_network_that_does_nothing_gains_nothing(validation: Validation) -> None:
    scores = validation.measure(lambda images: images)
    assert list(scores) == ["mild", "middle", "strong"]
    for score in scores.values():
        assert score.psnr == score.psnr_before
        assert score.detail == score.detail_before
        assert score.sharpness == score.sharpness_before
    assert scores["mild"].psnr > scores["strong"].psnr


def test_the_sheet_shows_truth_and_before_and_after(validation: Validation, tmp_path: Path) -> None:
    scores = validation.measure(lambda images: images * 0 + 1, tmp_path / "sheet.png")
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet is not None
    assert sheet.shape == (4 * 64, 7 * 64, 3)
    truth = np.rint(validation.truths[0][:, :, ::-1] * 255)
    np.testing.assert_array_equal(sheet[:64, :64], truth)
    assert (sheet[:64, 128:192] == 255).all()
    assert asdict(scores["mild"])["psnr"] < asdict(scores["mild"])["psnr_before"]
