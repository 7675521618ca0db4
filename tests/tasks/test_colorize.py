"""Grey faces in colour, with the light they had."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from fake_models import FakeModel, identity, red, reddened
from PIL import Image

from gpen_engine import GpenError, RestoreOptions, Restorer
from gpen_engine.faces import Detector
from gpen_engine.pictures import Picture, read_picture, to_srgb, write_picture
from gpen_engine.pixels import LUMA
from gpen_engine.provenance import COMPOSITE, source_type
from gpen_engine.restore.files import restore_file
from gpen_engine.restore.layering import layer_pixels
from gpen_engine.sample import portrait
from gpen_engine.tasks.colorize import Colorizer
from gpen_engine.tasks.lightness import encoded, linear, luminance, with_chroma_of


@pytest.fixture(scope="module")
def grey() -> np.ndarray:
    """One grey face with its surroundings: uint8 (256, 256)."""
    return np.rint(portrait()[:256, 96:352] @ LUMA).astype(np.uint8)


@pytest.fixture(scope="module")
def colorizer(detector: Detector) -> Colorizer:
    """Makes faces reddish."""
    return Colorizer(Restorer(FakeModel(reddened), detector=detector))


def level(rgb: np.ndarray) -> np.ndarray:
    """The grey of the same luminance, 0..255 or 0..65535, not rounded."""
    white = np.iinfo(rgb.dtype).max
    return encoded(luminance(linear((rgb[:, :, :3] / white).astype(np.float32)))) * white


def whole(result, name: str) -> np.ndarray:
    """rgb or coverage of all patches on a canvas."""
    height, width = result.pixels.height, result.pixels.width
    canvas = np.zeros((height, width, 3), np.float32)
    for patch in result.patches:
        x0, y0, x1, y1 = patch.box
        value = getattr(patch, name)
        canvas[y0:y1, x0:x1] = value if value.ndim == 3 else value[:, :, None]
    return canvas


@pytest.mark.parametrize("strength", [1.0, 0.4])
@pytest.mark.parametrize("paint", [reddened, red])
def test_luminance_stays_and_colours_come(grey, detector, paint, strength) -> None:
    colorizer = Colorizer(Restorer(FakeModel(paint), detector=detector))
    result = colorizer.restore(grey, RestoreOptions(strength=strength))
    after = result.composite()
    assert after.shape == (256, 256, 3)
    assert after.dtype == np.uint8
    assert np.abs(level(after) - grey).max() < 0.6
    covered = whole(result, "coverage")[:, :, 0] > 0
    assert np.array_equal(after[~covered], np.dstack([grey] * 3)[~covered])
    inside = whole(result, "coverage")[:, :, 0] == 1
    assert inside.sum() > 1000
    assert (after[inside, 0].astype(int) - after[inside, 2]).mean() > 10 * strength
    assert np.all(after[inside, 0] >= after[inside, 2])


def test_16_bits_keep_their_luminance(grey, colorizer) -> None:
    fine = grey.astype(np.uint16) * 257 + (np.arange(256, dtype=np.uint16) % 200)
    fine = fine.clip(0, 65535).astype(np.uint16)
    after = colorizer.restore(fine).composite()
    assert after.dtype == np.uint16
    assert np.abs(level(after) - fine).max() < 0.6


def test_the_network_sees_grey_and_a_grey_answer_changes_nothing(grey, detector) -> None:
    seen = []

    def remembered(images):
        seen.append(images)
        return images

    colorizer = Colorizer(Restorer(FakeModel(remembered), detector=detector))
    colours = np.ascontiguousarray(portrait()[:256, 96:352])
    for image in (grey, colours):
        after = colorizer.restore(image).composite()
        assert np.ptp(seen[-1].numpy(), axis=1).max() < 1e-6
        assert seen[-1].min() < -0.5  # in -1..1, as published
        inside = whole(colorizer.restore(image), "coverage")[:, :, 0] == 1
        assert np.ptp(after[inside].astype(int), axis=1).max() <= 1
    assert np.abs(level(after) - level(colours)).max() < 0.6


def test_the_patch_as_a_layer_in_lch_color_mode_shows_the_same(grey, colorizer) -> None:
    result = colorizer.restore(grey)
    (patch,) = result.patches
    x0, y0, x1, y1 = patch.box
    layer = layer_pixels(result.pixels, patch)[:, :, :3]
    below = np.dstack([grey] * 3)[y0:y1, x0:x1] / np.float32(255)
    # What GIMP does: L of what lies below, chroma and hue of the layer.
    shown = with_chroma_of((layer / 255).astype(np.float32), luminance(linear(below)))
    inside = patch.coverage == 1
    difference = shown * 255 - result.composite()[y0:y1, x0:x1]
    assert np.abs(difference)[inside].max() < 2  # two roundings


def test_alpha_stays_and_transparent_pixels_too(grey, colorizer) -> None:
    alpha = np.full_like(grey, 200)
    alpha[:, 128:] = 0
    after = colorizer.restore(np.dstack([grey, alpha])).composite()
    assert after.shape == (256, 256, 4)
    assert np.array_equal(after[:, :, 3], alpha)
    assert np.array_equal(after[:, 128:, :3], np.dstack([grey] * 3)[:, 128:])
    assert np.ptp(after[:, :128, :3].astype(int), axis=2).max() > 10


def test_an_aligned_face_is_coloured_whole(colorizer) -> None:
    crop = np.full((64, 64), 100, np.uint8)
    after = colorizer.restore(crop, RestoreOptions(aligned=True)).composite()
    assert np.all(after[:, :, 0] > after[:, :, 2])
    assert np.abs(level(after) - 100).max() < 0.6


def test_a_grey_file_becomes_an_rgb_file(grey, colorizer, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "a description"
    blob = exif.tobytes().removeprefix(b"Exif\x00\x00")
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    write_picture(source, Picture(grey[:, :, None], exif=blob, dpi=(300, 300)))
    report = restore_file(colorizer, source, target)
    after = read_picture(target)
    assert report.task == "colorize"
    assert source_type(after.xmp) == COMPOSITE
    assert json.loads(json.dumps(report.as_json()))["task"] == "colorize"
    assert np.array_equal(after.pixels, colorizer.restore(grey).composite())
    assert b"a description" in (after.exif or b"")
    assert after.dpi == pytest.approx((300, 300), rel=1e-3)


def test_a_grey_profile_becomes_srgb(grey, colorizer, tmp_path: Path) -> None:
    profile = imagecodecs.cms_profile("gray", whitepoint=(0.3457, 0.3585), gamma=1.8)
    picture = Picture(grey[:, :, None].astype(np.uint16) * 257, profile=profile)
    write_picture(tmp_path / "in.png", picture)
    restore_file(colorizer, tmp_path / "in.png", tmp_path / "out.png")
    after = read_picture(tmp_path / "out.png")
    seen = to_srgb(read_picture(tmp_path / "in.png"))[:, :, 0] * 65535
    assert after.pixels.shape == (256, 256, 3)
    assert np.abs(level(after.pixels) - seen).max() < 1.1  # rounded twice
    assert np.ptp(after.pixels.astype(int), axis=2).max() > 2000


def test_a_colour_profile_is_kept(grey, colorizer, tmp_path: Path) -> None:
    profile = imagecodecs.cms_profile("adobergb")
    pixels = np.dstack([grey] * 3).astype(np.uint16) * 257
    write_picture(tmp_path / "in.tif", Picture(pixels, profile=profile))
    restore_file(colorizer, tmp_path / "in.tif", tmp_path / "out.tif")
    before, after = (read_picture(tmp_path / name) for name in ("in.tif", "out.tif"))
    assert after.profile == profile
    light = [luminance(linear(to_srgb(p).clip(0, 1))) for p in (before, after)]
    assert np.abs(encoded(light[0]) - encoded(light[1])).max() < 0.002


def test_no_face_and_cancel(colorizer, grey) -> None:
    with pytest.raises(GpenError) as error:
        colorizer.restore(np.full((90, 90), 120, np.uint8))
    assert error.value.code == "no_face"
    with pytest.raises(GpenError) as error:
        colorizer.restore(grey, cancel=lambda: True)
    assert error.value.code == "cancelled"


@pytest.mark.parametrize("name", ["GPEN-BFR-512", "GPEN-Inpainting-1024", "GPEN-Mini-256"])
def test_a_model_of_another_task_is_refused(detector, name) -> None:
    model = FakeModel(identity)
    model.name = name
    with pytest.raises(GpenError) as error:
        Colorizer(Restorer(model, detector=detector))
    assert error.value.code == "wrong_task"
    assert name in error.value.sentence
    assert '"colorize"' in error.value.sentence


def test_strength_0_changes_no_level(grey, colorizer) -> None:
    after = colorizer.restore(grey, replace(RestoreOptions(), strength=0.0)).composite()
    assert np.array_equal(after, np.dstack([grey] * 3))
