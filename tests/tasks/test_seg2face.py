"""Faces from maps: what the network gets, and what becomes of its answer."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import torch
from fake_models import FakeModel, identity
from PIL import Image

from gpen_engine import GpenError, RestoreOptions, Restorer
from gpen_engine.faces import Detector
from gpen_engine.pictures import Picture, read_picture, write_picture
from gpen_engine.pictures.icc import srgb, transform
from gpen_engine.provenance import GENERATED, source_type
from gpen_engine.restore.files import restore_file
from gpen_engine.tasks.palette import COLOURS
from gpen_engine.tasks.seg2face import FaceDrawer

SIZE = 64


class Seeing(FakeModel):
    """Answers with something simple to its input, and keeps it."""

    def __call__(self, images: torch.Tensor, *, seed: int = 0) -> torch.Tensor:
        self.seen = images.clone()
        return super().__call__(images, seed=seed)


def drawer(detector: Detector, paint=identity) -> FaceDrawer:
    return FaceDrawer(Restorer(Seeing(paint, SIZE), detector=detector))


@pytest.fixture(scope="module")
def classes() -> np.ndarray:
    """(64, 64) places in the palette, every one of them."""
    return np.kron(np.arange(64).reshape(8, 8) % 19, np.ones((8, 8), int)).astype(np.uint8)


@pytest.mark.parametrize(("dtype", "white"), [(np.uint8, 255), (np.uint16, 65535), (float, 1)])
def test_the_network_gets_colours_in_0_to_1_and_answers_in_0_to_1(
    detector, classes, dtype, white
) -> None:
    face = drawer(detector)
    pixels = (COLOURS[classes] / 255 * white).round(9 if white == 1 else 0).astype(dtype)
    result = face.restore(pixels)
    wanted = torch.from_numpy(COLOURS[classes].astype(np.float32)) / 255
    assert torch.equal(face.model.seen[0].permute(1, 2, 0), wanted)
    assert result.notes == []
    after = result.composite()
    assert after.dtype == pixels.dtype
    assert np.allclose(after, pixels, atol=1e-6)


def test_the_answer_is_clipped_only(detector, classes) -> None:
    after = drawer(detector, lambda x: 3 * x - 1).restore(COLOURS[classes]).composite()
    wanted = np.rint(np.clip(3 * (COLOURS[classes] / 255) - 1, 0, 1) * 255)
    assert np.abs(after - wanted).max() <= 1


def test_colours_of_no_class_are_counted(detector, classes) -> None:
    face = drawer(detector)
    pixels = COLOURS[classes].copy()
    pixels[10, 10:15] ^= 3
    (note,) = face.restore(pixels).notes
    assert note == "5 pixels have a colour of no class; the nearest one was taken."
    assert np.array_equal(
        face.model.seen[0].permute(1, 2, 0).numpy(), COLOURS[classes] / np.float32(255)
    )


def test_other_sizes_bring_no_other_colours(detector, classes) -> None:
    known = {tuple(c) for c in COLOURS}
    for side, result_side in ((40, SIZE), (150, 150)):
        face = drawer(detector)
        place = np.arange(side) * 64 // side
        after = face.restore(COLOURS[classes[place][:, place]]).composite()
        seen = np.rint(face.model.seen[0].permute(1, 2, 0).numpy() * 255).astype(int)
        assert {tuple(c) for c in seen.reshape(-1, 3)} <= known
        assert after.shape == (result_side, result_side, 3)


def test_transparent_parts_are_background(detector, classes) -> None:
    alpha = np.full((64, 64), 255, np.uint8)
    alpha[:, :32] = 0
    after = drawer(detector).restore(np.dstack([COLOURS[classes], alpha])).composite()
    assert after.shape == (64, 64, 3)
    assert not after[:, :32].any()
    assert np.array_equal(after[:, 32:], COLOURS[classes][:, 32:])


def test_what_is_refused(detector, classes) -> None:
    face = drawer(detector)
    for pixels, options, code in (
        (COLOURS[classes][:40], None, "not_square"),
        (COLOURS[classes], RestoreOptions(region=(0, 0, 9, 9)), "bad_option"),
    ):
        with pytest.raises(GpenError) as error:
            face.restore(pixels, options)
        assert error.value.code == code
    with pytest.raises(GpenError) as error:
        face.restore(COLOURS[classes], cancel=lambda: True)
    assert error.value.code == "cancelled"


@pytest.mark.parametrize("aligned", [False, True])
def test_a_palette_file_of_a_smaller_size(detector, classes, tmp_path: Path, aligned) -> None:
    small = Image.fromarray(classes[::2, ::2], mode="P")
    small.putpalette(COLOURS.tobytes())
    small.save(tmp_path / "map.png")
    target = tmp_path / "face.png"
    options = RestoreOptions(aligned=aligned)
    report = restore_file(drawer(detector), tmp_path / "map.png", target, options)
    assert (report.task, report.width, report.height, report.notes) == ("seg2face", 64, 64, [])
    assert source_type(read_picture(target).xmp) == GENERATED
    after = read_picture(target).pixels
    assert np.array_equal(after, np.kron(COLOURS[classes[::2, ::2]], np.ones((2, 2, 1), np.uint8)))


def test_a_map_in_another_colour_space(detector, classes, tmp_path: Path) -> None:
    into = imagecodecs.cms_profile("adobergb")
    colours = transform(COLOURS[classes], srgb(), into, np.uint16)
    write_picture(tmp_path / "map.tif", Picture(colours, profile=into))
    report = restore_file(drawer(detector), tmp_path / "map.tif", tmp_path / "face.tif")
    assert report.notes == []
    after = read_picture(tmp_path / "face.tif")
    assert np.array_equal(np.rint(after.pixels / 257), COLOURS[classes])
