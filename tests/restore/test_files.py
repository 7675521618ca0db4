"""Picture files in, picture files out: what is kept, what is changed, what is refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from gpen_engine import GpenError, RestoreOptions, Restorer
from gpen_engine.pictures import Picture, read_picture, to_srgb, write_picture
from gpen_engine.restore.files import STAGES, check_target, restore_file
from gpen_engine.sample import portrait

ORIENTATION = 0x0112


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    """One face with its surroundings: uint8 RGB (256, 256, 3)."""
    return np.ascontiguousarray(portrait()[:256, 96:352])


@pytest.fixture(scope="module")
def face16(face: np.ndarray) -> np.ndarray:
    """The same in 16 bits, with low bits that 8 bits could not hold."""
    low = np.random.default_rng(0).integers(0, 257, face.shape)
    return (face.astype(np.uint16) * 256 + low.clip(0, 255)).astype(np.uint16)


def covered(restorer: Restorer, pixels: np.ndarray) -> np.ndarray:
    """(H, W) True where a restored face covers the picture."""
    result = restorer.restore(pixels)
    mask = np.zeros(pixels.shape[:2], bool)
    for patch in result.patches:
        x0, y0, x1, y1 = patch.box
        mask[y0:y1, x0:x1] |= patch.coverage > 0
    return mask


def saved(path: Path, pixels: np.ndarray, **more: object) -> Path:
    write_picture(path, Picture(pixels, **more))  # type: ignore[arg-type]
    return path


def test_a_16_bit_picture_keeps_every_bit_outside_of_the_face(
    restorer: Restorer, face16: np.ndarray, tmp_path: Path
) -> None:
    source = saved(tmp_path / "in.png", face16)
    report = restore_file(restorer, source, tmp_path / "out.png")
    after = read_picture(tmp_path / "out.png").pixels
    mask = covered(restorer, face16)
    assert 0.05 < mask.mean() < 0.9
    assert after.dtype == np.uint16
    assert np.array_equal(after[~mask], face16[~mask])
    assert np.array_equal(after, restorer.restore(face16).composite())
    assert (after[mask] != face16[mask]).mean() > 0.5
    assert (report.width, report.height, report.depth, len(report.faces)) == (256, 256, 16, 1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_colours_of_another_profile_are_kept_and_restored_as_their_srgb(
    restorer: Restorer, face: np.ndarray, tmp_path: Path, dtype: type
) -> None:
    profile = imagecodecs.cms_profile("adobergb")
    white = 1 if dtype == np.float32 else np.iinfo(dtype).max
    pixels = (face / 255 * white).astype(dtype)
    source = saved(tmp_path / "in.tif", pixels, profile=profile)
    restore_file(restorer, source, tmp_path / "out.tif")
    before, after = read_picture(source), read_picture(tmp_path / "out.tif")
    assert after.profile == profile
    assert after.pixels.dtype == dtype
    mask = covered(restorer, to_srgb(before))
    assert np.array_equal(after.pixels[~mask], before.pixels[~mask])
    # Blending happens in the file's own space, so only full coverage gives the same in both.
    wanted, inside = np.zeros((256, 256, 3), np.float32), np.zeros((256, 256), bool)
    for patch in restorer.restore(to_srgb(before)).patches:
        x0, y0, x1, y1 = patch.box
        wanted[y0:y1, x0:x1] = patch.rgb
        inside[y0:y1, x0:x1] = patch.coverage == 1
    # The file's own space is wider; its steps of 8 bits are up to 2 levels of sRGB.
    tolerance = 2.5 / 255 if dtype == np.uint8 else 0.002
    assert inside.sum() > 1000
    assert np.abs(to_srgb(after) - wanted)[inside].max() < tolerance


def test_a_grey_picture_with_a_grey_profile_stays_grey(
    restorer: Restorer, face16: np.ndarray, tmp_path: Path
) -> None:
    profile = imagecodecs.cms_profile("gray", whitepoint=(0.3457, 0.3585), gamma=1.8)
    grey = face16[:, :, 1:2]
    source = saved(tmp_path / "in.png", grey, profile=profile)
    restore_file(restorer, source, tmp_path / "out.png")
    after = read_picture(tmp_path / "out.png")
    mask = covered(restorer, to_srgb(read_picture(source)))
    assert after.pixels.shape == grey.shape
    assert after.profile == profile
    assert np.array_equal(after.pixels[~mask], grey[~mask])
    assert (after.pixels[mask] != grey[mask]).mean() > 0.5


@pytest.mark.parametrize("profile", [None, imagecodecs.cms_profile("adobergb")])
def test_transparent_pixels_and_alpha_are_not_touched(
    restorer: Restorer, face: np.ndarray, tmp_path: Path, profile: bytes | None
) -> None:
    alpha = np.full((256, 256, 1), 255, np.uint8)
    alpha[:, :128] = 0  # half of the face
    pixels = np.concatenate([face, alpha], axis=2)
    source = saved(tmp_path / "in.png", pixels, profile=profile)
    restore_file(restorer, source, tmp_path / "out.png")
    after = read_picture(tmp_path / "out.png").pixels
    assert np.array_equal(after[:, :, 3], pixels[:, :, 3])
    assert np.array_equal(after[:, :128], pixels[:, :128])
    assert not np.array_equal(after[:, 128:], pixels[:, 128:])


def test_strength_0_changes_no_bit(restorer: Restorer, face16: np.ndarray, tmp_path: Path) -> None:
    profile = imagecodecs.cms_profile("adobergb")
    source = saved(tmp_path / "in.png", face16, profile=profile)
    restore_file(restorer, source, tmp_path / "out.png", RestoreOptions(strength=0))
    assert np.array_equal(read_picture(tmp_path / "out.png").pixels, face16)


def test_a_turned_photo_is_restored_upright_and_keeps_its_exif(
    restorer: Restorer, face: np.ndarray, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # to be turned a quarter to the right when shown
    exif[0x010F] = "Maker"
    lying = np.rot90(face[:, :200])
    Image.fromarray(lying).save(tmp_path / "in.jpg", quality=95, exif=exif)
    report = restore_file(restorer, tmp_path / "in.jpg", tmp_path / "out.jpg")
    with Image.open(tmp_path / "out.jpg") as after:
        assert after.size == (200, 256)
        assert after.getexif()[0x010F] == "Maker"
        assert after.getexif().get(ORIENTATION, 1) == 1
    assert (report.width, report.height) == (200, 256)
    left, right = report.faces[0].landmarks[:2]
    assert right[0] - left[0] > 20  # eyes beside each other
    assert abs(right[1] - left[1]) < 10


def test_a_small_aligned_picture_is_enlarged_to_the_models_size(
    restorer: Restorer, face16: np.ndarray, tmp_path: Path
) -> None:
    small = np.concatenate([face16[64:112, 64:112], np.full((48, 48, 1), 65535, np.uint16)], axis=2)
    source = saved(tmp_path / "in.png", small)
    report = restore_file(
        restorer,
        source,
        tmp_path / "out.png",
        RestoreOptions(aligned=True, strength=0, guard="off"),
    )
    after = read_picture(tmp_path / "out.png").pixels
    assert (report.width, report.height, report.depth) == (64, 64, 16)
    assert report.notes == [
        "The picture was enlarged from 48 to 64 pixels, so that no detail is lost."
    ]
    assert after.shape == (64, 64, 4)
    assert after.dtype == np.uint16
    assert (after[:, :, 3] == 65535).all()
    # At strength 0 it is an enlargement: the means of colours stay.
    assert np.allclose(after.mean(axis=(0, 1)), small.mean(axis=(0, 1)), rtol=0.01)


def test_an_aligned_picture_that_is_large_enough_keeps_its_size(
    restorer: Restorer, face: np.ndarray, tmp_path: Path
) -> None:
    source = saved(tmp_path / "in.png", face)
    report = restore_file(
        restorer, source, tmp_path / "out.png", RestoreOptions(aligned=True, guard="off")
    )
    assert (report.width, report.height, report.notes) == (256, 256, [])
    assert report.seconds["detect"] == 0
    assert len(report.faces) == 1


def test_an_aligned_picture_must_be_square(
    restorer: Restorer, face: np.ndarray, tmp_path: Path
) -> None:
    source = saved(tmp_path / "in.png", face[:40, :30])
    with pytest.raises(GpenError) as caught:
        restore_file(restorer, source, tmp_path / "out.png", RestoreOptions(aligned=True))
    assert caught.value.code == "not_square"


def test_the_report_tells_what_was_done(
    restorer: Restorer, face: np.ndarray, tmp_path: Path
) -> None:
    source = saved(tmp_path / "in.png", face)
    options = RestoreOptions(strength=0.5, region=(10, 0, 250, 256), seed=7)
    report = restore_file(restorer, source, tmp_path / "out.webp", options, quality=80)
    told = json.loads(json.dumps(report.as_json()))
    assert told["source"] == str(source)
    assert told["target"] == str(tmp_path / "out.webp")
    assert told["source_sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()
    assert told["target_sha256"] == hashlib.sha256(report.target.read_bytes()).hexdigest()
    assert told["options"] == {
        "strength": 0.5,
        "template": "gpen",
        "keep_colours": True,
        "threshold": 0.9,
        "detection_size": 0,
        "region": [10, 0, 250, 256],
        "fallback": True,
        "aligned": False,
        "match_grain": False,
        "guard": "warn",
        "guard_similarity": 0.8,
        "seed": 7,
    }
    assert (told["device"], told["dtype"], told["model"]) == ("cpu", "float32", "GPEN-64")
    assert (told["sha256"], told["quality"]) == (None, 80)
    assert told["notes"] == ["The face changed much. Look closely."]  # the weights are random
    (one,) = told["faces"]
    assert 0 <= one["similarity"] < 0.8
    assert (one["changed"], one["restored"]) == (True, True)
    x0, y0, x1, y1 = one["box"]
    assert 0 < x0 < x1 < 256
    assert 0 < y0 < y1 < 256
    assert len(one["landmarks"]) == 5
    assert all(x0 < x < x1 and y0 < y < y1 for x, y in one["landmarks"])
    assert 0.9 < one["score"] <= 1
    assert list(told["seconds"]) == [*STAGES, "total"]
    parts = [told["seconds"][stage] for stage in STAGES]
    assert all(told["seconds"][stage] > 0 for stage in ("read", "detect", "network", "write"))
    assert sum(parts) <= told["seconds"]["total"] + 0.001
    assert isinstance(told["engine"], str)


def test_without_a_face_nothing_is_written(restorer: Restorer, tmp_path: Path) -> None:
    source = saved(tmp_path / "in.png", np.full((80, 80, 3), 90, np.uint8))
    with pytest.raises(GpenError) as caught:
        restore_file(restorer, source, tmp_path / "out.png")
    assert caught.value.code == "no_face"
    assert [p.name for p in tmp_path.iterdir()] == ["in.png"]


def test_it_can_be_cancelled_and_tells_its_progress(
    restorer: Restorer, face: np.ndarray, tmp_path: Path
) -> None:
    source = saved(tmp_path / "in.png", face)
    stages = []
    restore_file(
        restorer, source, tmp_path / "1.png", progress=lambda p: stages.append(p.stage.value)
    )
    assert list(dict.fromkeys(stages)) == ["detect", "restore", "paste"]
    with pytest.raises(GpenError) as caught:
        restore_file(restorer, source, tmp_path / "2.png", cancel=lambda: True)
    assert caught.value.code == "cancelled"
    assert not (tmp_path / "2.png").exists()


def test_an_existing_file_is_replaced_by_force_only(
    restorer: Restorer, face: np.ndarray, tmp_path: Path
) -> None:
    source = saved(tmp_path / "in.png", face)
    bytes_before = source.read_bytes()
    with pytest.raises(GpenError, match="replace the picture") as caught:
        restore_file(restorer, source, source)
    assert caught.value.code == "output_exists"
    assert source.read_bytes() == bytes_before
    restore_file(restorer, source, source, force=True)
    assert not np.array_equal(read_picture(source).pixels, face)


def test_quality_reaches_the_file(restorer: Restorer, face: np.ndarray, tmp_path: Path) -> None:
    source = saved(tmp_path / "in.png", face)
    for quality in (30, 95):
        restore_file(restorer, source, tmp_path / f"{quality}.jpg", quality=quality)
    assert (tmp_path / "30.jpg").stat().st_size < (tmp_path / "95.jpg").stat().st_size / 2


def test_targets_are_refused_before_anything_is_done(tmp_path: Path) -> None:
    source = tmp_path / "photo.png"
    source.write_bytes(b"photo")
    (tmp_path / "other.png").write_bytes(b"other")
    (tmp_path / "link.png").symlink_to(source)
    for name, code, words in (
        ("photo.png", "output_exists", "itself"),
        ("link.png", "output_exists", "itself"),
        ("other.png", "output_exists", "already exists"),
        ("photo.gif", "bad_output", r"\.jpg, \.jpeg, \.png"),
        ("photo", "bad_output", "photo"),
        ("nowhere/photo.png", "cannot_write", "no folder"),
    ):
        with pytest.raises(GpenError, match=words) as caught:
            check_target(source, tmp_path / name)
        assert caught.value.code == code, name
    check_target(source, tmp_path / "new.PNG")
    check_target(source, tmp_path / "other.png", force=True)
