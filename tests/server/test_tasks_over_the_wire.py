"""Colorize, inpaint and draw from a map over the wire: the same pixels as from the task itself."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_models import red, reddened
from samples import RAW, SAMPLES, arrays, at_depth, laid, white_of
from serving import asked, friend, request_for, restored, said_error, serving, until

from gpen_engine import GpenError, Restorer
from gpen_engine.server.models import Models
from gpen_engine.tasks.colorize import Colorizer
from gpen_engine.tasks.inpaint import Completer
from gpen_engine.tasks.lightness import linear, luminance, with_chroma_of
from gpen_engine.tasks.palette import COLOURS
from gpen_engine.tasks.seg2face import FaceDrawer
from gpen_engine.wire import PROTOCOL, EngineHome, connect
from gpen_engine.wire.channel import strips
from gpen_engine.wire.messages import as_header

Doing = Callable[..., Restorer]


@pytest.fixture(scope="module")
def grey(odd_face: np.ndarray) -> np.ndarray:
    """The face without its colours."""
    picture = odd_face.copy()
    picture[:, :, :3] = odd_face[:, :, 1:2]
    return picture


@pytest.fixture(scope="module")
def hole(odd_face: np.ndarray) -> np.ndarray:
    """A soft selection over its nose: uint8 (199, 201)."""
    mask = np.zeros(odd_face.shape[:2], np.uint8)
    mask[80:110, 80:120] = 255
    mask[80:110, 75:80] = [30, 80, 130, 180, 220]
    return mask


# Colorize


@pytest.mark.parametrize("dtype", SAMPLES)
@pytest.mark.parametrize("strength", [1.0, 0.4])
def test_colours_come_merged_as_from_the_task(
    doing: Doing, engine_home: EngineHome, grey: np.ndarray, dtype: str, strength: float
) -> None:
    colorizer, picture = Colorizer(doing(reddened)), at_depth(grey, dtype)
    how = {"task": "colorize", "result": "merged", "strength": strength}
    reply, patches = restored(engine_home, picture, **how)
    wanted = colorizer.restore(picture, replace(RAW, strength=strength)).composite()
    after = laid(picture, patches)
    assert (reply.task, reply.model, len(reply.faces)) == ("colorize", "fake", 1)
    assert np.array_equal(after, wanted)
    light = [
        luminance(linear((p[:, :, :3] / white_of(dtype)).astype(np.float32)))
        for p in (picture, after)
    ]
    assert np.abs(light[0] - light[1]).max() < 0.006
    assert (after[..., 0] != after[..., 2]).sum() > 2000


@pytest.mark.parametrize("kind", ["layer", "faces"])
def test_colours_come_as_a_layer_for_lch_color(
    doing: Doing, engine_home: EngineHome, grey: np.ndarray, kind: str
) -> None:
    colorizer, picture = Colorizer(doing(reddened)), at_depth(grey, "float32")
    _, (patch,) = restored(engine_home, picture, task="colorize", result=kind)
    place, pixels, coverage = arrays(patch, "float32")
    light = luminance(linear(picture[place][:, :, :3]))
    covered = coverage > 0
    # The layer's own light is the picture's, so that its mode changes nothing in it.
    assert np.abs(luminance(linear(pixels[:, :, :3])) - light)[covered].max() < 1e-4
    shown = with_chroma_of(pixels[:, :, :3], light)
    wanted = colorizer.restore(picture, RAW).composite()[place][:, :, :3]
    assert np.abs(shown - wanted)[coverage == 1].max() < 2e-3
    assert (pixels[~covered, 3] == 0).all()


# Inpaint


@pytest.mark.parametrize("dtype", SAMPLES)
def test_only_the_selection_is_filled(
    doing: Doing, engine_home: EngineHome, odd_face: np.ndarray, hole: np.ndarray, dtype: str
) -> None:
    restorer = doing(red)
    picture = at_depth(odd_face, dtype)
    selection = at_depth(np.dstack([hole] * 4), dtype)[:, :, 3].copy()
    reply, patches = restored(engine_home, picture, selection, task="inpaint", result="merged")
    after = laid(picture, patches)
    wanted = Completer(restorer, selection).restore(picture, RAW).composite()
    assert reply.task == "inpaint"
    assert np.array_equal(after, wanted)
    assert np.array_equal(after[hole == 0], picture[hole == 0])
    assert np.all(after[hole == 255][:, :3] == [white_of(dtype), 0, 0])
    _, (layer,) = restored(engine_home, picture, selection, task="inpaint")
    place, _, coverage = arrays(layer, dtype)
    assert not coverage[hole[place] == 0].any()
    assert np.all(coverage[hole[place] == 255] == white_of(dtype))
    soft = (hole[place] > 0) & (hole[place] < 255)
    share = coverage[soft] / white_of(dtype)
    assert np.abs(share - hole[place][soft] / 255).max() < 0.01


def test_no_hole(
    doing: Doing, engine_home: EngineHome, odd_face: np.ndarray, hole: np.ndarray
) -> None:
    doing(red)
    channel = asked(engine_home, request_for(odd_face, task="inpaint"))
    assert said_error(channel) == "no_hole"  # before anything is sent
    with pytest.raises(GpenError) as nothing:
        restored(engine_home, odd_face, np.zeros_like(hole), task="inpaint")
    assert (nothing.value.code, nothing.value.sentence) == ("no_hole", "Nothing is selected.")
    assert "Select" in nothing.value.hint
    beside = np.zeros_like(hole)
    beside[-3:, :3] = 255
    with pytest.raises(GpenError) as nowhere:
        restored(engine_home, odd_face, beside, task="inpaint")
    assert nowhere.value.code == "no_face"
    assert len(restored(engine_home, odd_face, hole, task="inpaint")[1]) == 1


# Seg2face


@pytest.mark.parametrize("dtype", SAMPLES)
@pytest.mark.parametrize("side", [40, 64, 75])
def test_a_map_becomes_one_opaque_patch(
    doing: Doing, engine_home: EngineHome, dtype: str, side: int
) -> None:
    drawer = FaceDrawer(doing(lambda images: images * 0.5), keep_size=True)
    rows, columns = np.mgrid[:side, :side] * 8 // side
    picture = np.dstack([COLOURS[(8 * rows + columns) % 19], np.full((side, side), 255, np.uint8)])
    picture[2, 3:6, :3] = 3, 2, 1
    unit = (picture / 255).astype(np.float32)
    picture = unit if dtype == "float32" else np.rint(unit * white_of(dtype)).astype(dtype)
    reply, (patch,) = restored(engine_home, picture, task="seg2face")
    _, pixels, coverage = arrays(patch, dtype)
    wanted = drawer.restore(picture, RAW).composite()
    assert pixels.shape == (side, side, 4)
    assert np.array_equal(pixels[:, :, :3], wanted)
    assert np.all(pixels[:, :, 3] == white_of(dtype))
    assert np.all(coverage == white_of(dtype))
    assert reply.notes == ("3 pixels have a colour of no class; the nearest one was taken.",)
    assert (reply.task, len(reply.faces), patch.info.faces) == ("seg2face", 1, (0,))


# What is refused


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"task": "paint"}, "protocol"),
        ({"task": "enlarge", "scale": 3}, "bad_option"),
        ({"task": "enlarge", "scale": 1 << 30}, "too_large"),
        ({"task": "enlarge", "result": "faces"}, "bad_option"),
        ({"task": "enlarge", "result": "merged"}, "bad_option"),
        ({"task": "seg2face", "result": "merged"}, "bad_option"),
        ({"task": "seg2face"}, "not_square"),
        ({"task": "inpaint", "selected": True, "result": "faces"}, "bad_option"),
        ({"task": "inpaint"}, "no_hole"),
        ({"task": "colorize", "model": "GPEN-BFR-512"}, "wrong_task"),
        ({"task": "colorize", "model": "realesrnet_x2"}, "wrong_task"),
        ({"task": "enlarge", "model": "folder/GPEN-Inpainting-1024.pth"}, "wrong_task"),
        ({"model": "GPEN-Colorization-1024"}, "wrong_task"),
        ({"task": "enlarge", "upscaler": "GPEN-BFR-512"}, "wrong_task"),
        ({"task": "enlarge", "upscaler": "realesrnet_x4"}, "model_missing"),
        ({"task": "enlarge", "upscaler": "nowhere.pth"}, "model_missing"),
    ],
)
def test_what_is_refused_before_the_picture_is_sent(
    doing: Doing, engine_home: EngineHome, odd_face: np.ndarray, wanted: dict[str, Any], code: str
) -> None:
    doing(red)
    channel = friend(engine_home)
    channel.send({**as_header("restore", request_for(odd_face)), "protocol": PROTOCOL, **wanted})
    assert said_error(channel) == code
    assert len(restored(engine_home, odd_face)[1]) == 1


def test_the_published_model_of_a_task_is_asked_for(
    engine_home: EngineHome, odd_face: np.ndarray, model_file: Path
) -> None:
    """It is taken by itself where it is, and each task's stays warm."""
    shutil.copy(model_file, engine_home.folder / "own.safetensors")
    models = Models(str(engine_home.folder / "own.safetensors"), "cpu")
    with serving(engine_home, models) as service:
        until(service.worker.ready.is_set)
        with pytest.raises(GpenError) as missing:
            restored(engine_home, odd_face, task="colorize")
        assert missing.value.code == "model_missing"
        assert missing.value.sentence == (
            "The weights of GPEN-Colorization-1024 are not installed."
        )
        assert "gpen models get GPEN-Colorization-1024" in missing.value.hint
        assert restored(engine_home, odd_face)[0].model == "own"
        engine_home.models.mkdir(exist_ok=True)
        shutil.copy(model_file, engine_home.models / "GPEN-Colorization-1024.safetensors")
        assert restored(engine_home, odd_face, task="colorize")[0].model == "GPEN-Colorization-1024"
        assert restored(engine_home, odd_face, task="enlarge")[0].model == "own"
        assert models.names() == ("own", "GPEN-Colorization-1024")


def test_looking_goes_on_to_another_task(
    doing: Doing, engine_home: EngineHome, grey: np.ndarray
) -> None:
    """Crops of one task are not taken for those of another, which saw something else."""
    doing(lambda images: images.roll(1, dims=3))
    request = request_for(grey)
    colours = replace(request, task="colorize")
    with connect(engine_home) as engine:
        engine.look(request, strips(grey.data, request.row_bytes))
        (found,) = engine.find(request)
        one = engine.preview(replace(request, faces=(found,)))
        other = engine.preview(replace(colours, faces=(found,)))
        assert one.before == other.before
        assert one.after != other.after  # which has the picture's own light
        with pytest.raises(GpenError) as refused:
            engine.preview(replace(request, faces=(found,), task="enlarge"))
        assert refused.value.code == "bad_option"
        reply, patches = engine.finish(replace(colours, result="merged"))
    _, same = restored(engine_home, grey, task="colorize", result="merged")
    assert reply.task == "colorize"
    assert [patch.pixels for patch in patches] == [patch.pixels for patch in same]
