"""What a photograph keeps, seen on whole pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from fake_models import FakeModel, identity, reddened
from numpy.typing import NDArray
from torch import Tensor

from gpen_engine import RestoreOptions, Restorer, RestoreResult
from gpen_engine.faces import Detector
from gpen_engine.faces.screen import find_screen

Photo = Callable[[str], NDArray[Any]]
PORTRAIT = "modern_colour_flags.jpg"


def patchy(images: Tensor) -> Tensor:
    """Red in stripes as fine as eyes, which low frequencies do not show."""
    size = images.shape[-1]
    stripes = (torch.arange(size) // (size // 32) % 2) * 0.4 - 0.2
    return images + stripes.view(1, 1, 1, -1) * torch.tensor([1.0, -1, -1]).view(1, 3, 1, 1)


@pytest.mark.parametrize("paint", [reddened, patchy])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_grey_stays_grey(
    photo: Photo, detector: Detector, paint: Callable[[Tensor], Tensor], dtype: type
) -> None:
    """R = G = B in, R = G = B out, whatever the network paints."""
    white = 1 if dtype == np.float32 else np.iinfo(dtype).max
    image = (photo("modern_grey.jpg") / 255 * white).astype(dtype)
    made = Restorer(FakeModel(paint), detector=detector).restore(image).composite()
    assert (made != image).any()
    np.testing.assert_array_equal(made[:, :, 0], made[:, :, 1])
    np.testing.assert_array_equal(made[:, :, 1], made[:, :, 2])


def test_sepia_stays_sepia(photo: Photo, detector: Detector) -> None:
    """And takes on the network's colours only where that was asked for."""
    image = photo("old_saltprint_vignette.jpg")
    restorer = Restorer(FakeModel(patchy, 128), detector=detector)

    def redness(keep_colours: bool) -> float:
        result = restorer.restore(image, RestoreOptions(keep_colours=keep_colours))
        made = result.composite().astype(float)
        covered = (made != image).any(axis=2)
        change = (made[:, :, 0] - made[:, :, 2]) - (image[:, :, 0].astype(float) - image[:, :, 2])
        return float(np.abs(change[covered]).mean())

    assert redness(False) > 20
    assert redness(True) < 3


def test_a_toned_face_is_given_to_the_network_in_grey(photo: Photo, detector: Detector) -> None:
    seen: list[Tensor] = []

    def look(images: Tensor) -> Tensor:
        seen.append(images.clone())
        return images

    restorer = Restorer(FakeModel(look), detector=detector)
    for name in ("old_saltprint_vignette.jpg", "modern_colour_flags.jpg"):
        restorer.restore(photo(name))
    toned, coloured = (crops[0] for crops in seen)
    assert torch.equal(toned[0], toned[2])
    assert (coloured[0] - coloured[2]).abs().mean() > 0.05


def test_a_printers_dots_do_not_reach_the_network(photo: Photo, detector: Detector) -> None:
    seen: list[Tensor] = []

    def look(images: Tensor) -> Tensor:
        seen.append(images.clone())
        return images

    restorer = Restorer(FakeModel(look, 512), detector=detector)
    (mark,) = restorer.restore(photo("old_oval.jpg")).marks
    assert mark.halftone == pytest.approx(2.65, rel=0.03)
    assert mark.as_json()["halftone"] == pytest.approx(2.65, rel=0.03)
    crop = (seen[0][0].permute(1, 2, 0).numpy() + 1) / 2
    assert find_screen(crop) is None
    assert restorer.restore(photo(PORTRAIT)).marks[0].halftone is None


def test_a_face_that_is_too_small_is_said_to_be(photo: Photo, detector: Detector) -> None:
    image = cv2.resize(photo(PORTRAIT), None, fx=0.215, fy=0.215, interpolation=cv2.INTER_AREA)
    restorer = Restorer(FakeModel(identity, 128), detector=detector)
    result = restorer.restore(image, RestoreOptions(threshold=0.5, guard="off"))
    assert result.marks[0].as_json()["limits"] == ["small"]
    assert result.notes == ["The face is too small to be restored faithfully."]
    assert restorer.restore(photo(PORTRAIT)).notes == []


@pytest.mark.parametrize("aligned", [False, True])
def test_grain_is_added_where_it_was_asked_for(
    photo: Photo, detector: Detector, aligned: bool
) -> None:
    """The same each time, and only where the face is."""
    image = photo("old_saltprint_vignette.jpg")
    if aligned:
        image = image[40:360, 40:360]

    def smoothed(images: Tensor) -> Tensor:
        return torch.nn.functional.avg_pool2d(images, 9, 1, 4)

    restorer = Restorer(FakeModel(smoothed, 256), detector=detector)

    def made(match_grain: bool) -> RestoreResult:
        options = RestoreOptions(aligned=aligned, match_grain=match_grain, guard="off")
        return restorer.restore(image, options)

    plain, grainy, again = made(False), made(True), made(True)
    assert grainy.composite().tobytes() == again.composite().tobytes()
    (patch,) = plain.patches
    covered = np.zeros(image.shape[:2], bool)
    x0, y0, x1, y1 = patch.box
    covered[y0:y1, x0:x1] = patch.coverage > 0
    added = grainy.composite().astype(float) - plain.composite()
    assert 0.5 < added[covered].std() < 4
    assert abs(added[covered].mean()) < 0.2
    assert not added[~covered].any()
