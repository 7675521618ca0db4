"""OpenEXR and DPX through ``gpen restore``, ``batch``, ``video`` and ``inspect``."""

from __future__ import annotations

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from gpen_engine.batch.journal import NAME
from gpen_engine.pictures import read_picture, to_srgb, write_picture
from gpen_engine.pictures.encoding import LINEAR, LOG
from gpen_engine.pictures.picture import Picture

oiio = pytest.importorskip("OpenImageIO", reason="the extra 'film' is not installed")


def save(path: Path, face: np.ndarray) -> Path:
    """A face as scene-linear half floats, or as printing density of 10 bits; with a lamp in a
    corner, four times as light as white, and a highlight of that light on the nose."""
    light = face.astype(np.float32) / 255
    light = LINEAR.from_srgb(light)
    light[:8, :8] = light[98:102, 98:102] = 4
    height, width, _ = light.shape
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".exr":
        spec, pixels = oiio.ImageSpec(width, height, 3, "half"), light
    else:
        codes = np.rint(LOG.from_srgb(LINEAR.to_srgb(light)) * 1023).clip(0, 1023)
        levels = codes.astype(np.uint16)
        spec, pixels = oiio.ImageSpec(width, height, 3, "uint16"), levels << 6 | levels >> 4
        spec.attribute("oiio:BitsPerSample", 10)
        spec.attribute("dpx:Transfer", "Printing density")
    target = oiio.ImageOutput.create("openexr" if path.suffix == ".exr" else "dpx")
    assert target.open(str(path), spec)
    assert target.write_image(np.ascontiguousarray(pixels))
    assert target.close()
    return path


def frames(folder: Path, face: np.ndarray, suffix: str, count: int = 3) -> None:
    for number in range(1, count + 1):
        save(folder / f"scan_{number:04}{suffix}", np.roll(face, number, axis=1))


@pytest.mark.parametrize("suffix", [".exr", ".dpx"])
def test_a_face_is_restored_and_all_else_kept(
    gpen, face, model_file, tmp_path, suffix: str
) -> None:
    source, target = save(tmp_path / f"a{suffix}", face), tmp_path / f"b{suffix}"
    report = tmp_path / "report.json"
    how = ["--model", model_file, "--json", report, "--no-keep-colours", "--guard", "off"]
    result = gpen("restore", source, "-o", target, *how)
    assert result.exit_code == 0, result.output
    (told,) = json.loads(report.read_text())
    assert told["depth"] == {".exr": 16, ".dpx": 10}[suffix]
    (found,) = told["faces"]
    before, after = read_picture(source), read_picture(target)
    assert after.bits == before.bits
    changed = (before.pixels != after.pixels).any(axis=2)
    assert 0.05 < changed.mean() < 0.9
    assert not changed[:12, :12].any(), "the lamp is as it was"
    # What is lighter than white in the face keeps its excess over what was restored.
    white = before.limits[1]
    x0, y0, x1, y1 = (int(v) for v in found["box"])
    assert x0 < 98 < 102 < x1
    assert y0 < 98 < 102 < y1
    unit = (1.0, 65535.0)[suffix == ".dpx"]
    excess = before.pixels[99:101, 99:101] / unit - white
    left = after.pixels[99:101, 99:101] / unit - excess
    assert excess.min() > 0.1
    assert np.all(left <= white + 2e-3)
    assert np.all(left >= before.limits[0] - 2e-3)
    shown = gpen("inspect", target)
    assert "1 face restored with tiny" in shown.stdout
    assert "compositeWithTrainedAlgorithmicMedia" in shown.stdout


def test_the_network_sees_the_same_as_in_other_formats(gpen, face, model_file, tmp_path) -> None:
    """Where a face is covered fully, what comes out is the same but for the rounding; at its edges
    colours are mixed in linear light."""
    plain = face.copy()
    write_picture(tmp_path / "a.png", Picture(plain))
    light = LINEAR.from_srgb(plain.astype(np.float32) / 255)
    spec = oiio.ImageSpec(200, 200, 3, "float")
    target = oiio.ImageOutput.create("openexr")
    assert target.open(str(tmp_path / "b.exr"), spec)
    assert target.write_image(light)
    assert target.close()
    for name, out in (("a.png", "out.tif"), ("b.exr", "out.exr")):
        result = gpen("restore", tmp_path / name, "-o", tmp_path / out, "--model", model_file)
        assert result.exit_code == 0, result.output
    one, other = (to_srgb(read_picture(tmp_path / f"out.{s}")) for s in ("tif", "exr"))
    middle = slice(90, 110)
    changed = np.abs(one - plain.astype(np.float32) / 255)[middle, middle]
    assert changed.max() > 0.1
    assert np.abs(one - other)[middle, middle].max() < 0.004
    assert np.abs(one - other)[:8].max() < 1e-5


@pytest.mark.parametrize("suffix", [".exr", ".dpx"])
def test_numbered_frames_as_a_batch_and_as_a_film(
    gpen, face, model_file, tmp_path, suffix: str
) -> None:
    frames(tmp_path / "in", face, suffix)
    scans = tmp_path / "in" / f"scan_####{suffix}"
    result = gpen("batch", scans, "-o", tmp_path / "batch", "--model", model_file)
    assert result.stdout.startswith("3 restored."), result.output
    film = ["video", tmp_path / "in" / f"scan_%04d{suffix}", "--model", model_file, "-o"]
    result = gpen(*film, tmp_path / "film")
    assert result.exit_code == 0, result.output
    names = [f"scan_{number:04}{suffix}" for number in (1, 2, 3)]
    for name in names:
        gpen("restore", tmp_path / "in" / name, "-o", tmp_path / name, "--model", model_file)
        assert (tmp_path / "batch" / name).read_bytes() == (tmp_path / name).read_bytes()
        before, after = (read_picture(tmp_path / d / name) for d in ("in", "film"))
        changed = (before.pixels != after.pixels).any(axis=2)
        assert 0.05 < changed.mean() < 0.9
        assert np.array_equal(before.pixels[:8], after.pixels[:8])
        assert after.bits == before.bits
    assert sorted(p.name for p in (tmp_path / "film").iterdir()) == names


def test_a_damaged_frame_is_named_and_the_others_done(gpen, face, model_file, tmp_path) -> None:
    frames(tmp_path / "in", face, ".dpx")
    broken = tmp_path / "in" / "scan_0002.dpx"
    broken.write_bytes(broken.read_bytes()[:5000])
    out = tmp_path / "out"
    result = gpen("batch", tmp_path / "in", "-o", out, "--model", model_file)
    assert result.exit_code == 1
    assert result.stdout.startswith("2 restored, 1 failed.")
    assert "scan_0002.dpx: The DPX file scan_0002.dpx is damaged or cut short." in result.stderr


@pytest.mark.skipif(not find_spec("ray"), reason="the extra 'cluster' is not installed")
@pytest.mark.skipif(os.name == "nt", reason="Ray for Windows is not tried")
@pytest.mark.slow
@pytest.mark.apart
def test_on_a_cluster_they_are_the_same_bytes(gpen, face, model_file, tmp_path) -> None:
    for suffix in (".exr", ".dpx"):
        frames(tmp_path / "in", face, suffix)
    run = ["batch", tmp_path / "in", "--model", model_file, "-o"]
    there = ["--cluster", "local", "--workers", 2]
    assert gpen(*run, tmp_path / "here").stdout.startswith("6 restored.")
    assert "6 restored." in gpen(*run, tmp_path / "there", *there).stdout
    here, there = (
        {p.name: p.read_bytes() for p in (tmp_path / d).iterdir() if p.name != NAME}
        for d in ("here", "there")
    )
    assert here == there
    assert len(here) == 6


def test_without_the_library_nothing_is_begun(
    gpen, face, model_file, tmp_path, monkeypatch
) -> None:
    write_picture(tmp_path / "a.png", Picture(face))
    monkeypatch.setitem(sys.modules, "OpenImageIO", None)
    result = gpen("restore", tmp_path / "a.png", "-o", tmp_path / "b.exr", "--model", model_file)
    assert result.exit_code == 1
    assert "pip install 'gpen-engine[film]'" in result.stderr
