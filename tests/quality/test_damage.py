"""The named damages."""

from __future__ import annotations

import numpy as np
import pytest
from quality_faces import face

from gpen_engine.quality.damage import CLASSES, MEAN_OF, OLD, damaged
from gpen_engine.quality.measures import fine, psnr
from gpen_engine.training.degradation import enlarge


@pytest.mark.parametrize("name", CLASSES)
def test_the_same_face_is_damaged_the_same_way_and_others_otherwise(name: str) -> None:
    image, truth = damaged(face(), name, "a.jpg", 1)
    again, _ = damaged(face(), name, "a.jpg", 1)
    np.testing.assert_array_equal(image, again)
    assert image.shape == truth.shape == face().shape
    assert image.dtype == truth.dtype == np.float32
    np.testing.assert_allclose(image * 255, np.rint(image * 255), atol=1e-3)  # as in a file
    assert 10 < psnr(image, truth) < 45
    if name.startswith("lowres"):  # nothing in it is drawn
        return
    for other in (damaged(face(), name, "b.jpg", 1), damaged(face(), name, "a.jpg", 2)):
        assert psnr(other[0], image) < 60


def test_only_the_old_photograph_changes_the_truth() -> None:
    for name in CLASSES:
        _, truth = damaged(face(), name, "a.jpg", 1)
        same = np.array_equal(truth, face())
        assert same == (name != OLD)
    luma_alone = np.ptp(damaged(face(), OLD, "a.jpg", 1)[1], axis=2)
    assert luma_alone.max() < np.ptp(face(), axis=2).max()


def test_each_damage_does_what_it_is_named_after() -> None:
    def energy(image: np.ndarray) -> float:
        return float((fine(image) ** 2).mean())

    made = {name: damaged(face(), name, "a.jpg", 1)[0] for name in CLASSES}
    for name in ("lowres64", "lowres32", "blur", "motion"):
        assert energy(made[name]) < 0.5 * energy(face())
    assert energy(made["lowres32"]) < energy(made["lowres64"])
    assert energy(made["noise"]) > 2 * energy(face())
    # JPEG at a low quality leaves steps between its blocks of 8 pixels.
    steps = np.abs(np.diff(made["jpeg"].mean(axis=2), axis=1)).mean(axis=0)
    at_blocks = steps[7::8].mean()
    within = np.delete(steps, np.s_[7::8]).mean()
    original = np.abs(np.diff(face().mean(axis=2), axis=1)).mean(axis=0)
    assert (
        at_blocks / within > 1.1 * original[7::8].mean() / np.delete(original, np.s_[7::8]).mean()
    )


def test_motion_smears_along_one_line() -> None:
    dot = np.zeros((256, 256, 3), np.float32)
    dot[128, 128] = 1
    for key in "abcd":
        smeared = damaged(dot, "motion", key, 1)[0].mean(axis=2)
        y, x = np.nonzero(smeared)
        spread = np.linalg.eigvalsh(np.cov(np.stack([x, y]), aweights=smeared[y, x]))
        length = np.sqrt(12 * spread[1])  # of an even line
        assert 7 < length < 22
        assert spread[0] < 0.6


@pytest.mark.parametrize("size", [64, 32])
def test_a_low_resolution_is_that_of_so_many_pixels(size: int) -> None:
    image, truth = damaged(face(), f"lowres{size}", "a.jpg", 1)
    blocks = truth.reshape(size, 256 // size, size, 256 // size, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(enlarge(blocks, 256), image, atol=0.6 / 255)


def test_the_mean_is_over_known_damages() -> None:
    assert set(MEAN_OF) < set(CLASSES)
