"""Holes in faces: what the network sees, and what of its answer is taken."""

from __future__ import annotations

from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest
import torch
from fake_models import FakeModel, identity, red

from gpen_engine import GpenError, RestoreOptions, Restorer
from gpen_engine.faces import Detector
from gpen_engine.pictures import Picture, read_picture, write_picture
from gpen_engine.restore.files import restore_file
from gpen_engine.sample import portrait
from gpen_engine.tasks.inpaint import Completer

RAW = RestoreOptions(keep_colours=False)


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    """One face with its surroundings: uint8 RGB (256, 256, 3)."""
    return np.ascontiguousarray(portrait()[:256, 96:352])


@pytest.fixture(scope="module")
def hole() -> np.ndarray:
    """A hard-edged mask over its nose."""
    mask = np.zeros((256, 256), np.uint8)
    mask[110:140, 110:150] = 255
    return mask


def completer(paint, hole: np.ndarray, detector: Detector) -> Completer:
    return Completer(Restorer(FakeModel(paint, 256), detector=detector), hole)


def error_of(run) -> GpenError:
    with pytest.raises(GpenError) as error:
        run()
    return error.value


def test_the_network_sees_the_hole_white_and_nothing_else_changed(face, hole, detector) -> None:
    after = completer(identity, hole, detector).restore(face, RAW).composite()
    inner = cv2.erode(hole, np.ones((7, 7), np.uint8)) > 0  # resampling softens its edge
    assert inner.sum() > 500
    assert after[inner].min() == 255
    assert np.array_equal(after[hole == 0], face[hole == 0])


def test_only_the_hole_is_replaced(face, hole, detector) -> None:
    after = completer(red, hole, detector).restore(face, RAW).composite()
    assert np.array_equal(after[hole == 0], face[hole == 0])
    assert np.array_equal(after[hole > 0], np.broadcast_to([255, 0, 0], (1200, 3)))


def test_a_soft_mask_blends_softly(face, hole, detector) -> None:
    soft = hole.astype(np.float32) / 255
    soft[110:140, 105:110] = [0.1, 0.25, 0.5, 0.75, 0.9]
    after = completer(red, soft, detector).restore(face, RAW).composite()
    share = soft[:, :, None]
    wanted = face * (1 - share) + np.array([255, 0, 0]) * share
    assert np.abs(after - wanted).max() < 1


def test_the_tone_goes_on_where_the_network_errs_in_it(face, hole, detector) -> None:
    """A network that fills well but is 20 levels darker everywhere leaves no seam."""
    face = face // 2 + 64  # so that nothing is clipped
    known = torch.from_numpy(face.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None]

    def darker(images):
        assert images.shape == known.shape
        return known - 40 / 255

    helper = completer(darker, hole, detector)
    options = RestoreOptions(aligned=True)
    after = helper.restore(face, options).composite()
    assert np.abs(after.astype(int) - face).max() <= 1
    raw = helper.restore(face, RestoreOptions(aligned=True, keep_colours=False)).composite()
    difference = raw.astype(int)[hole > 0] - face[hole > 0]
    assert np.all(difference == -20)


def test_strength_and_alpha(face, hole, detector) -> None:
    alpha = np.full((256, 256, 1), 255, np.uint8)
    alpha[:, :130] = 0
    pixels = np.concatenate([face, alpha], axis=2)
    options = RestoreOptions(keep_colours=False, strength=0.5)
    after = completer(red, hole, detector).restore(pixels, options).composite()
    assert np.array_equal(after[:, :, 3], alpha[:, :, 0])
    assert np.array_equal(after[:, :130], pixels[:, :130])
    part = (slice(110, 140), slice(130, 150))
    wanted = (face[part] + np.array([255.0, 0, 0])) / 2
    assert np.abs(after[part][:, :, :3] - wanted).max() <= 0.5


def test_a_region_says_where_a_hidden_face_is(face, detector) -> None:
    blank = np.full_like(face, 128)
    everywhere = np.full((256, 256), 255, np.uint8)
    helper = completer(red, everywhere, detector)
    assert error_of(lambda: helper.restore(blank)).sentence == (
        "No face was found where the hole is."
    )
    result = helper.restore(blank, RestoreOptions(region=(90, 60, 170, 170)))
    assert np.array_equal(result.composite()[115, 130], [255, 0, 0])
    (note,) = result.notes
    assert note.endswith("pixels of the hole lie beyond the faces and stay as they are.")
    unchanged = (result.composite() == blank).all(axis=2).sum()
    assert 0.95 * unchanged < int(note.split()[0]) <= unchanged  # some take next to nothing


def test_faces_without_a_hole_are_left_alone(face, hole, detector) -> None:
    two = np.concatenate([face, face], axis=1)
    mask = np.concatenate([hole, np.zeros_like(hole)], axis=1)
    result = completer(red, mask, detector).restore(two, RAW)
    assert len(result.faces) == len(result.marks) == 1
    assert np.array_equal(result.composite()[:, 256:], face)


def test_each_of_two_faces_is_filled_from_its_own_crop(face, hole, detector) -> None:
    """Their crops overlap, and a hole goes through both."""
    narrow, mask = face[:, 40:210], hole[:, 40:210].copy()
    mask[110:140] = 255
    colours = torch.tensor([[1.0, -1, -1], [-1, 1, -1]])

    def by_place(images):
        assert len(images) == 2
        return colours[:, :, None, None].expand_as(images)

    helper = completer(by_place, np.concatenate([mask, mask], axis=1), detector)
    after = helper.restore(np.concatenate([narrow, narrow], axis=1), RAW).composite()
    assert after[125, 90, 0] > 240
    assert after[125, 170 + 90, 1] > 240
    filled = after[125, 30:-30].astype(int)
    assert filled[:, 2].max() < 50  # where both crops end, a little shines through
    assert (filled[:, 2] > 0).mean() < 0.1


def test_what_is_refused(face, hole, detector) -> None:
    far = np.zeros_like(hole)
    far[250:, :5] = 255
    for mask, code in (
        (np.zeros_like(hole), "no_hole"),
        (hole[:100], "bad_image"),
        (far, "no_face"),
    ):
        helper = completer(identity, mask, detector)
        assert error_of(lambda h=helper: h.restore(face)).code == code
    small = error_of(lambda: completer(identity, hole[:100], detector).restore(face))
    assert small.sentence == "The mask is 256 by 100 pixels, and the picture 256 by 256."
    model = FakeModel(identity)
    model.name = "GPEN-BFR-1024"
    wrong = error_of(lambda: Completer(Restorer(model, detector=detector), hole))
    assert wrong.code == "wrong_task"
    assert (
        error_of(
            lambda: completer(identity, hole, detector).restore(face, cancel=lambda: True)
        ).code
        == "cancelled"
    )


def test_a_16_bit_file_with_a_profile(face, hole, detector, tmp_path: Path) -> None:
    profile = imagecodecs.cms_profile("adobergb")
    pixels = face.astype(np.uint16) * 257
    write_picture(tmp_path / "in.tif", Picture(pixels, profile=profile))
    helper = completer(red, hole, detector)
    report = restore_file(helper, tmp_path / "in.tif", tmp_path / "out.tif", RAW)
    after = read_picture(tmp_path / "out.tif")
    assert report.task == "inpaint"
    assert after.profile == profile
    assert np.array_equal(after.pixels[hole == 0], pixels[hole == 0])
    assert np.ptp(after.pixels[hole > 0].astype(int), axis=0).max() == 0  # one red
