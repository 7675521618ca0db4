"""Where the detector looks: scales, tiles and anchors."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gpen_engine import GpenError
from gpen_engine.faces.detection import OVERLAP, TILE, anchors, scales, tiles
from gpen_engine.faces.facexlib_networks import import_facexlib
from gpen_engine.faces.retinaface import SIDES, STEPS

sides = st.integers(1, 5000)


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (1, 1, [1]),
        (640, 480, [1]),
        (641, 480, [640 / 641, 1]),
        (480, 1280, [0.5, 1]),
        (2559, 100, [640 / 2559, 1]),
        (2560, 1000, [0.25, 0.5, 1]),
        (12000, 8000, [640 / 12000, (640 / 12000) ** 0.5, 1]),
    ],
)
def test_scales(width: int, height: int, expected: list[float]) -> None:
    assert scales(width, height) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (0, [0.1, 0.1**0.5, 1]),
        (9000, [0.1, 0.1**0.5, 1]),  # more than there is
        (6400, [0.1, 0.1**0.5, 1]),
        (3200, [0.1, 0.05**0.5, 0.5]),
        (2560, [0.1, 0.2, 0.4]),
        (2559, [0.1, 2559 / 6400]),
        (641, [0.1, 641 / 6400]),
        (640, [0.1]),
        (64, [0.01]),
    ],
)
def test_a_limit_to_the_scales(limit: int, expected: list[float]) -> None:
    assert scales(6400, 4800, limit) == pytest.approx(expected)
    assert scales(4800, 6400, limit) == pytest.approx(expected)


@given(sides, sides, st.one_of(st.just(0), st.integers(64, 6000)))
def test_scales_grow_in_steps_of_at_most_four_or_by_the_mean(
    width: int, height: int, limit: int
) -> None:
    found = scales(width, height, limit)
    long = max(width, height)
    assert found[0] == min(limit or long, long, 640) / long
    assert found[-1] == min(limit or long, long) / long
    assert all(a < b for a, b in pairwise(found))
    if len(found) < 3:
        assert found[-1] < 4 * found[0]
    else:
        assert found[1] ** 2 == pytest.approx(found[0] * found[2])


@pytest.mark.parametrize("limit", [-640, -1, 1, 63])
def test_a_limit_that_shows_no_face_is_refused(limit: int) -> None:
    with pytest.raises(GpenError) as error:
        scales(6400, 4800, limit)
    assert error.value.code == "bad_option"


@given(sides, sides, st.integers(64, 2000), st.floats(0.05, 0.5))
def test_tiles_cover_everything_and_overlap(
    width: int, height: int, side: int, share: float
) -> None:
    overlap = round(side * share)
    found = tiles(width, height, side, overlap)
    for low, high, length in ((0, 2, width), (1, 3, height)):
        spans = sorted({(tile[low], tile[high]) for tile in found})
        assert spans[0][0] == 0
        assert spans[-1][1] == length
        assert all(0 < end - start <= side for start, end in spans)
        for (_, end), (start, _) in pairwise(spans):
            assert end - start >= overlap
    columns, rows = ({(tile[i], tile[i + 2]) for tile in found} for i in (0, 1))
    assert len(found) == len(columns) * len(rows)


@given(st.integers(641, 12000), st.integers(0, OVERLAP))
def test_a_face_of_the_overlaps_size_is_whole_in_one_tile(length: int, start: int) -> None:
    place = start * (length - OVERLAP) // OVERLAP
    assert any(
        x0 <= place and place + OVERLAP <= x1 for x0, _, x1, _ in tiles(length, 500, TILE, OVERLAP)
    )


@pytest.mark.parametrize(("height", "width"), [(32, 32), (640, 480), (288, 1024), (100, 37)])
def test_anchors_are_facexlibs(height: int, width: int) -> None:
    settings = {"min_sizes": SIDES, "steps": STEPS, "clip": False}
    utils = import_facexlib().detection.retinaface_utils
    theirs = utils.PriorBox(settings, image_size=(height, width)).forward()
    ours = anchors(height, width) / torch.tensor([width, height] * 2)
    assert ours.shape == theirs.shape
    assert torch.allclose(ours, theirs, atol=1e-6, rtol=0)
    assert np.isfinite(ours.numpy()).all()
