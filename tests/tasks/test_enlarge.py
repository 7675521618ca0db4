"""Larger pictures: where faces and all else go, and what is kept."""

from __future__ import annotations

from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest
import torch
from fake_models import FakeModel, fourfold, identity, red, swapped
from PIL import Image

from gpen_engine import GpenError, RestoreOptions, Restorer
from gpen_engine.faces import Detector
from gpen_engine.pictures import Picture, read_picture, to_srgb, write_picture
from gpen_engine.provenance import COMPOSITE, Invention, invention
from gpen_engine.restore import Stage
from gpen_engine.restore.files import restore_file
from gpen_engine.sample import portrait
from gpen_engine.tasks.enlarge import Enlarger
from gpen_engine.tasks.upscaling import Upscaler
from gpen_engine.version import version

LANCZOS = "The picture was interpolated; no upscaler was used."


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    """One face with its surroundings: uint8 RGB (200, 220, 3)."""
    return np.ascontiguousarray(portrait()[:200, 114:334])


def interpolated(pixels: np.ndarray, scale: int) -> np.ndarray:
    return cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_LANCZOS4)


def covered(result) -> np.ndarray:
    mask = np.zeros((result.pixels.height, result.pixels.width), np.float32)
    for patch in result.patches:
        x0, y0, x1, y1 = patch.box
        mask[y0:y1, x0:x1] += patch.coverage
    return mask


@pytest.mark.parametrize("scale", [2, 4])
def test_the_face_goes_where_it_was(face, detector: Detector, scale: int) -> None:
    enlarger = Enlarger(Restorer(FakeModel(fourfold, 128, out_size=512), detector=detector), scale)
    result = enlarger.restore(face)
    after = result.composite()
    wanted = interpolated(face, scale)
    assert after.shape == wanted.shape
    mask = covered(result)
    assert np.array_equal(after[mask == 0], wanted[mask == 0])
    inside = mask > 0.99
    assert inside.sum() > 2000 * scale**2
    difference = np.abs(after.astype(int) - wanted)[inside]
    assert 0 < difference.mean() < 6  # through a crop of 128 pixels and back
    # Half a pixel aside would show: the best fit is here.
    grey = after.mean(axis=2).astype(np.float32)
    base = wanted.mean(axis=2).astype(np.float32)
    errors = {
        shift: np.abs(np.roll(grey, shift, axis=(0, 1)) - base)[inside].mean()
        for shift in [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)]
    }
    assert min(errors, key=errors.__getitem__) == (0, 0)
    (there,) = result.faces
    (here,) = Restorer(enlarger.model, detector=detector).restore(face).faces
    assert np.allclose(there.landmarks, scale * here.landmarks + (scale - 1) / 2)


def test_the_upscaler_makes_what_no_face_covers(face, detector, upscaler_file) -> None:
    upscaler = Upscaler(upscaler_file(2), "cpu")
    seen = []
    enlarger = Enlarger(Restorer(FakeModel(red), detector=detector), 2, upscaler)
    options = RestoreOptions(keep_colours=False)
    result = enlarger.restore(face, options, progress=seen.append)
    after = result.composite()
    large = np.rint(upscaler((face / 255).astype(np.float32)) * 255)
    mask = covered(result)
    assert np.abs(after - large)[mask == 0].max() <= 1
    assert np.all(after[mask == 1] == [255, 0, 0])
    tiles = [p for p in seen if p.stage == Stage.ENLARGE]
    assert [(p.done, p.total) for p in tiles] == [(n, 4) for n in range(5)]
    assert LANCZOS not in result.notes
    assert enlarger.told == {
        "scale": 2,
        "upscaler": "small_x2",
        "upscaler_sha256": upscaler.sha256,
    }


def test_faces_come_from_the_plain_picture_not_from_the_upscaler(
    face, detector, upscaler_file
) -> None:
    plain = Enlarger(Restorer(FakeModel(swapped), detector=detector)).restore(face)
    upscaler = Upscaler(upscaler_file(2), "cpu")
    other = Enlarger(Restorer(FakeModel(swapped), detector=detector), 2, upscaler).restore(face)
    assert np.array_equal(plain.patches[0].rgb, other.patches[0].rgb)


def test_without_a_face_it_is_larger_all_the_same(detector) -> None:
    blank = np.random.default_rng(0).integers(100, 140, (40, 30)).astype(np.uint8)
    result = Enlarger(Restorer(FakeModel(identity), detector=detector)).restore(blank)
    assert result.notes == ["No face was found in the picture.", LANCZOS]
    assert np.array_equal(result.composite(), interpolated(blank, 2)[:, :, None])


def test_a_region_counts_in_the_small_picture(face, detector) -> None:
    enlarger = Enlarger(Restorer(FakeModel(red), detector=detector))
    result = enlarger.restore(face, RestoreOptions(region=(5, 5, 45, 60), keep_colours=False))
    (found,) = result.faces
    assert found.box == (10, 10, 89, 119)


def test_the_guard_looks_at_enlarged_faces(face, detector) -> None:
    same = Enlarger(Restorer(FakeModel(identity, 256), detector=detector))
    (mark,) = same.restore(face).marks
    assert mark.similarity > 0.95
    other = Enlarger(Restorer(FakeModel(red, 256), detector=detector))
    options = RestoreOptions(guard="skip", keep_colours=False)
    result = other.restore(face, options)
    assert result.faces == []
    assert [m.restored for m in result.marks] == [False]
    assert np.array_equal(result.composite(), interpolated(face, 2))


def test_an_aligned_face(detector, face) -> None:
    enlarger = Enlarger(Restorer(FakeModel(red), detector=detector), 4)
    options = RestoreOptions(aligned=True, keep_colours=False)
    after = enlarger.restore(face[:64, :64], options).composite()
    assert after.shape == (256, 256, 3)
    assert np.all(after == [255, 0, 0])


def test_a_larger_model_is_recommended(face, detector) -> None:
    small = Enlarger(Restorer(FakeModel(identity, 64), detector=detector), 4).restore(face)
    advice = "; fake gives 64, and a larger model would show more."
    assert any(advice in note for note in small.notes)
    large = Enlarger(Restorer(FakeModel(identity, 512), detector=detector), 2).restore(face)
    assert large.notes == [LANCZOS]


def test_colours_below_transparent_pixels_do_not_bleed(detector) -> None:
    pixels = np.full((20, 20, 4), 255, np.uint8)
    pixels[:, 10:] = 0  # black, and transparent
    result = Enlarger(Restorer(FakeModel(identity), detector=detector)).restore(pixels)
    after = result.composite()
    assert np.all(after[:, :, :3][after[:, :, 3] > 0] == 255)
    assert not after[:, 26:, 3].any()
    assert np.all(after[:, :14, 3] == 255)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32, np.float64])
def test_every_depth(face, detector, dtype) -> None:
    white = 1 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max
    pixels = (face[::4, ::4] / 255 * white).astype(dtype)
    after = Enlarger(Restorer(FakeModel(identity), detector=detector)).restore(pixels).composite()
    assert after.dtype == dtype
    assert after.shape == (100, 110, 3)
    wanted = interpolated((face[::4, ::4] / 255).astype(np.float32), 2).clip(0, 1)
    assert np.abs(after.astype(float).clip(0, white) / white - wanted).mean() < 0.01


def test_cancel_and_what_is_refused(face, detector, upscaler_file, monkeypatch) -> None:
    restorer = Restorer(FakeModel(identity), detector=detector)
    enlarger = Enlarger(restorer, 2, Upscaler(upscaler_file(2), "cpu"))
    stages = []

    def late() -> bool:
        return bool(stages) and stages[-1] == Stage.ENLARGE

    with pytest.raises(GpenError) as error:
        enlarger.restore(face, progress=lambda p: stages.append(p.stage), cancel=late)
    assert error.value.code == "cancelled"
    with pytest.raises(GpenError) as error:
        Enlarger(restorer, 3)
    assert error.value.code == "bad_option"
    monkeypatch.setattr("gpen_engine.tasks.enlarge.MOST", 1000)
    with pytest.raises(GpenError) as error:
        Enlarger(restorer, 2).restore(face)
    assert error.value.code == "too_large"
    restorer.model.name = "GPEN-Colorization-1024"
    with pytest.raises(GpenError) as error:
        Enlarger(restorer)
    assert error.value.code == "wrong_task"


@pytest.mark.parametrize("with_upscaler", [False, True])
def test_a_file_keeps_depth_profile_exif_and_alpha(
    face, detector, upscaler_file, tmp_path: Path, with_upscaler
) -> None:
    profile = imagecodecs.cms_profile("adobergb")
    exif = Image.Exif()
    exif[0x010E] = "a description"
    alpha = np.full((200, 220, 1), 65535, np.uint16)
    alpha[:, :50] = 0
    pixels = np.concatenate([face.astype(np.uint16) * 257, alpha], axis=2)
    picture = Picture(pixels, profile=profile, exif=exif.tobytes().removeprefix(b"Exif\x00\x00"))
    write_picture(tmp_path / "in.tif", picture)
    upscaler = Upscaler(upscaler_file(2), "cpu") if with_upscaler else None
    enlarger = Enlarger(Restorer(FakeModel(red), detector=detector), 2, upscaler)
    report = restore_file(enlarger, tmp_path / "in.tif", tmp_path / "out.tif")
    after = read_picture(tmp_path / "out.tif")
    assert (report.width, report.height, report.depth, report.task) == (440, 400, 16, "enlarge")
    assert report.as_json()["task_options"]["scale"] == 2
    assert after.pixels.shape == (400, 440, 4)
    assert after.pixels.dtype == np.uint16
    assert after.profile == profile
    assert b"a description" in (after.exif or b"")
    assert not after.pixels[:, :92, 3].any()
    assert np.all(after.pixels[:, 110:, 3] == 65535)
    unit = to_srgb(after)
    small = cv2.resize(unit[:, 200:], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    away = np.abs(small - to_srgb(picture)[:, 100:])
    assert np.median(away) < (0.2 if with_upscaler else 0.01)


def test_a_random_network_of_a_user(face, detector, tmp_path: Path) -> None:
    """Another architecture of ESRGAN's family, in the layout that its authors use."""
    torch.manual_seed(0)
    weights = {}
    for place, (outputs, inputs) in {0: (64, 3), 2: (64, 64), 4: (12, 64)}.items():
        weights[f"body.{place}.weight"] = torch.randn(outputs, inputs, 3, 3) * 0.02
        weights[f"body.{place}.bias"] = torch.zeros(outputs)
    for place in (1, 3):
        weights[f"body.{place}.weight"] = torch.full((64,), 0.2)
    torch.save({"params": weights}, tmp_path / "compact.pth")
    upscaler = Upscaler(tmp_path / "compact.pth", "cpu")
    assert upscaler.scale == 2
    result = Enlarger(Restorer(FakeModel(identity), detector=detector), 4, upscaler).restore(face)
    assert result.composite().shape == (800, 880, 3)


@pytest.mark.parametrize("with_face", [False, True])
@pytest.mark.parametrize("with_upscaler", [False, True])
def test_what_was_invented_is_told(
    face, detector, upscaler_file, tmp_path: Path, with_face: bool, with_upscaler: bool
) -> None:
    """A network that enlarges invents detail, with or without a face; interpolation does not."""
    pixels = face if with_face else np.full((40, 30, 3), 120, np.uint8)
    write_picture(tmp_path / "in.png", Picture(pixels))
    upscaler = Upscaler(upscaler_file(2), "cpu") if with_upscaler else None
    enlarger = Enlarger(Restorer(FakeModel(red), detector=detector), 2, upscaler)

    def told(strength: float) -> Invention | None:
        options = RestoreOptions(strength=strength)
        restore_file(enlarger, tmp_path / "in.png", tmp_path / "out.png", options, force=True)
        return invention(read_picture(tmp_path / "out.png").xmp)

    by_network = upscaler and Invention(
        "small_x2", upscaler.sha256, 1.0, 0, version(), COMPOSITE, "enlarge"
    )
    by_face = Invention("fake", "", 0.5, 1, version(), COMPOSITE, "enlarge")
    assert told(0.5) == (by_face if with_face else by_network)
    assert told(0.0) == by_network
