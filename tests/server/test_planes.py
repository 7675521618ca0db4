"""Restored faces as rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gpen_engine.faces import Face, Patch
from gpen_engine.faces.geometry import TEMPLATES
from gpen_engine.faces.patch import share
from gpen_engine.pixels import Pixels
from gpen_engine.restore import RestoreResult
from gpen_engine.restore.marks import Mark
from gpen_engine.server.planes import Planes, face_info, planes, samples


def patch(x: int, y: int, colour: tuple[float, ...], size: int = 40) -> Patch:
    """A square of one colour whose coverage rises from left to right, 0 in its first column."""
    ramp = np.linspace(0, 1, size, dtype=np.float32)
    box = (x, y, x + size, y + size)
    face = Face((float(x), float(y), x + size - 1.0, y + size - 1.0), TEMPLATES["gpen"], 0.99)
    rgb = np.broadcast_to(np.array(colour, np.float32), (size, size, 3)).copy()
    return Patch(face, box, rgb, np.tile(ramp, (size, 1)))


def result(dtype: str, strength: float = 1.0) -> RestoreResult:
    """Two faces that overlap and one apart, in a picture of noise with a soft alpha."""
    random = np.random.default_rng(3)
    white = 1.0 if dtype == "float32" else float(np.iinfo(dtype).max)
    picture = (random.random((120, 160, 4)) * white).astype(dtype)
    patches = share([patch(10, 10, (1, 0, 0)), patch(30, 20, (0, 1, 0)), patch(100, 60, (0, 0, 1))])
    left_alone = Mark(patch(5, 60, (0, 0, 0)).face, 0.1, changed=True, restored=False)
    marks = [left_alone, *(Mark(p.face) for p in patches)]
    return RestoreResult(Pixels(picture), patches, strength, {}, [], marks)


def laid(base: np.ndarray, planes: list[Planes]) -> np.ndarray:
    """What GIMP shows of layers with masks, the last lowest: (H, W, 3) in 0..1."""
    shown = base
    for plane in reversed(planes):
        info = plane.info
        place = np.s_[info.y : info.y + info.height, info.x : info.x + info.width]
        white = 1.0 if plane.pixels.dtype.kind == "f" else float(np.iinfo(plane.pixels.dtype).max)
        cover = (plane.coverage / white)[:, :, None]
        shown[place] = shown[place] * (1 - cover) + plane.pixels[:, :, :3] / white * cover
    return shown


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("kind", ["layer", "faces", "merged"])
def test_every_kind_shows_the_same_picture(kind: str, dtype: str) -> None:
    restored = result(dtype)
    ready = list(planes(restored, kind))
    expected = [((1, 2), (10, 10, 60, 50)), ((3,), (100, 60, 40, 40))]
    if kind == "faces":
        expected[:1] = [((1,), (10, 10, 40, 40)), ((2,), (30, 20, 40, 40))]
    assert [(p.info.faces, (p.info.x, p.info.y, p.info.width, p.info.height)) for p in ready] == [
        *expected
    ]
    for plane in ready:
        shape = (plane.info.height, plane.info.width)
        assert (plane.pixels.shape, plane.coverage.shape) == ((*shape, 4), shape)
        assert plane.pixels.dtype == plane.coverage.dtype == dtype
        assert plane.pixels.flags.c_contiguous
        assert plane.coverage.flags.c_contiguous
    white = 1.0 if dtype == "float32" else float(np.iinfo(dtype).max)
    base = restored.pixels.array[:, :, :3] / white
    finished = restored.composite()[:, :, :3] / white
    if kind == "merged":  # it has the original blended in
        for plane in ready:
            plane.coverage[:] = np.array(white, dtype)
    step = {"uint8": 1 / 255, "uint16": 1 / 65535, "float32": 1e-6}[dtype]
    shown = laid(base.astype(np.float64), ready)
    difference = abs(shown - finished)
    assert difference.max() <= (0.51 if kind == "merged" else 1.6) * step


def test_alpha() -> None:
    restored = result("uint8")
    alpha = restored.pixels.array[..., 3]
    for plane in planes(restored, "layer"):
        info = plane.info
        there = alpha[info.y : info.y + info.height, info.x : info.x + info.width]
        covered = plane.coverage > 0
        assert (plane.pixels[..., 3] == np.where(covered, there, 0)).all()
    for plane in planes(restored, "merged"):
        info = plane.info
        there = alpha[info.y : info.y + info.height, info.x : info.x + info.width]
        assert (plane.pixels[..., 3] == there).all()


def test_strength_is_in_merged_pixels_only() -> None:
    full, half = result("float32"), result("float32", 0.5)
    for kind in ("layer", "faces"):
        for one, other in zip(planes(full, kind), planes(half, kind), strict=True):
            assert (one.pixels == other.pixels).all()
            assert (one.coverage == other.coverage).all()
    merged = next(planes(half, "merged")).pixels[..., :3]
    original = half.pixels.array[10:60, 10:70, :3]
    finished = next(planes(full, "merged")).pixels[..., :3]
    assert abs(merged - (original + finished) / 2).max() < 1e-6


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ("uint8", [0, 1, 1, 1, 128, 254, 255, 255]),
        ("uint16", [0, 1, 1, 131, 32768, 65470, 65469, 65535]),
    ],
)
def test_coverage_is_never_rounded_to_nothing(dtype: str, expected: list[int]) -> None:
    values = [0, 1e-30, 1e-6, 0.002, 0.5, 0.999, 0.99899, 1]
    values[5:7] = [0.998, 0.999]
    coverage = np.array(values, np.float32)[None]
    got: Any = samples(coverage, np.dtype(dtype))
    exact = [round(v * np.iinfo(dtype).max) for v in values]
    assert abs(got[0].astype(int) - exact).max() <= 1
    assert (got[0] > 0).tolist() == [v > 0 for v in values]
    assert (got[0, 0], got[0, -1]) == (0, np.iinfo(dtype).max)


def test_float_coverage_is_exact() -> None:
    coverage = np.array([[0, 1e-30, 0.3, 1]], np.float32)
    assert (samples(coverage, np.dtype("float32")) == coverage).all()


def test_faces_are_plain_numbers() -> None:
    info = face_info(Mark(patch(3, 4, (0, 0, 0)).face, 0.25, changed=True))
    assert (info.similarity, info.changed, info.restored) == (0.25, True, True)
    assert info.box == (3.0, 4.0, 42.0, 43.0)
    assert info.landmarks == tuple(TEMPLATES["gpen"].ravel().tolist())
    assert [type(v) for v in (*info.box, *info.landmarks, info.score)] == [float] * 15
