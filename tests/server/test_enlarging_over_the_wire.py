"""Enlarged pictures over the wire: the same pixels as from the task itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_models import identity, red
from samples import RAW, SAMPLES, arrays, at_depth, white_of
from serving import is_free, request_for, restored, until

from gpen_engine import GpenError, Restorer
from gpen_engine.server.log import NAME
from gpen_engine.tasks.enlarge import Enlarger
from gpen_engine.tasks.upscaling import Upscaler
from gpen_engine.wire import EngineHome, Progress, connect
from gpen_engine.wire.channel import strips

Doing = Callable[..., Restorer]


@pytest.mark.parametrize("dtype", SAMPLES)
@pytest.mark.parametrize("scale", [2, 4])
def test_a_new_picture_comes(
    doing: Doing, engine_home: EngineHome, odd_face: np.ndarray, dtype: str, scale: int
) -> None:
    enlarger, picture = Enlarger(doing(red), scale), at_depth(odd_face, dtype)
    how = {"task": "enlarge", "scale": scale, "upscaler": "none", "strength": 0.7}
    reply, (patch,) = restored(engine_home, picture, **how)
    _, pixels, coverage = arrays(patch, dtype)
    wanted = enlarger.restore(picture, replace(RAW, strength=0.7))
    assert (patch.info.x, patch.info.y, patch.info.faces) == (0, 0, (0,))
    assert pixels.shape == (199 * scale, 201 * scale, 4)
    assert np.array_equal(pixels, wanted.composite())
    assert np.all(coverage == white_of(dtype))
    assert np.unique(pixels[: 20 * scale, : 20 * scale, 3]).size > 20  # soft alpha came along
    assert np.allclose(reply.faces[0].box, wanted.faces[0].box)
    assert reply.upscaler == ""
    assert "The picture was interpolated; no upscaler was used." in reply.notes


def test_the_upscaler_of_the_request(
    doing: Doing,
    engine_home: EngineHome,
    odd_face: np.ndarray,
    upscaler_file: Callable[[int], Path],
) -> None:
    restorer, file = doing(identity), upscaler_file(2)
    seen: list[Progress] = []
    how = {"task": "enlarge", "upscaler": str(file)}
    reply, (patch,) = restored(engine_home, odd_face, progress=seen.append, **how)
    _, pixels, _ = arrays(patch, "uint8")
    task = Enlarger(restorer, 2, Upscaler(file, "cpu"))
    assert np.array_equal(pixels, task.restore(odd_face, RAW).composite())
    assert (reply.task, reply.upscaler) == ("enlarge", "small_x2")
    stages = list(dict.fromkeys(step.stage for step in seen))
    assert stages == ["load", "detect", "restore", "paste", "enlarge"]
    assert seen[-1] == Progress("enlarge", 4, 4)
    # The installed one of the scale is taken by itself.
    engine_home.models.mkdir(exist_ok=True)
    (engine_home.models / "realesrnet_x2.pth").write_bytes(file.read_bytes())
    reply, (same,) = restored(engine_home, odd_face, task="enlarge")
    assert (reply.upscaler, same.pixels) == ("realesrnet_x2", patch.pixels)
    assert restored(engine_home, odd_face, task="enlarge", upscaler="none")[0].upscaler == ""


def test_a_picture_without_a_face_is_enlarged_all_the_same(
    doing: Doing, engine_home: EngineHome
) -> None:
    enlarger = Enlarger(doing(red))
    picture = np.random.default_rng(1).integers(90, 150, (31, 17, 4)).astype(np.uint8)
    reply, (patch,) = restored(engine_home, picture, task="enlarge")
    assert np.array_equal(arrays(patch, "uint8")[1], enlarger.restore(picture, RAW).composite())
    assert reply.notes[0] == "No face was found in the picture."
    assert (reply.faces, patch.info.faces) == ((), ())


def test_faces_and_selection_are_those_of_the_sent_picture(
    doing: Doing, engine_home: EngineHome, face: np.ndarray
) -> None:
    doing(red)
    plain, _ = restored(engine_home, face)
    reply, (found,) = restored(engine_home, face, task="enlarge")
    assert np.allclose(reply.faces[0].landmarks, 2 * np.array(plain.faces[0].landmarks) + 0.5)
    _, (chosen,) = restored(engine_home, face, task="enlarge", faces=plain.faces)
    assert chosen.pixels == found.pixels
    half = replace(plain.faces[0], strength=0.5)
    weaker, _ = restored(engine_home, face, task="enlarge", faces=(half,))
    assert weaker.faces[0].strength == 0.5
    selection = np.zeros(face.shape[:2], np.uint8)
    selection[:, :100] = 255
    _, (left,) = restored(engine_home, face, selection, task="enlarge")
    bare = restored(engine_home, face, task="enlarge", faces=())[1][0]
    pixels = [arrays(patch, "uint8")[1] for patch in (left, found, bare)]
    assert np.array_equal(pixels[0][:, :199], pixels[1][:, :199])
    assert np.array_equal(pixels[0][:, 201:], pixels[2][:, 201:])
    assert not np.array_equal(pixels[1], pixels[2])


def test_the_guard_may_leave_faces_as_they_were(
    doing: Doing, engine_home: EngineHome, odd_face: np.ndarray
) -> None:
    doing(red)
    reply, (patch,) = restored(engine_home, odd_face, task="enlarge", guard="skip")
    bare = restored(engine_home, odd_face, task="enlarge", faces=())[1][0]
    assert patch.pixels == bare.pixels
    assert [f.restored for f in reply.faces] == [False]
    assert patch.info.faces == ()


def test_cancelled_between_two_tiles(
    doing: Doing,
    engine_home: EngineHome,
    odd_face: np.ndarray,
    upscaler_file: Callable[[int], Path],
) -> None:
    doing(identity)
    stages: list[str] = []
    with pytest.raises(GpenError) as over:
        restored(
            engine_home,
            np.tile(odd_face, (2, 2, 1)),
            task="enlarge",
            upscaler=str(upscaler_file(2)),
            progress=lambda step: stages.append(step.stage),
            cancelled=lambda: stages[-1:] == ["enlarge"],
        )
    assert over.value.code == "cancelled"
    is_free(engine_home)
    # Whether it meets the closed connection when it speaks or when it listens is chance.
    ended = re.compile("of enlarge: (gone|protocol) after")
    until(lambda: ended.search((engine_home.logs / NAME).read_text()))
    assert len(restored(engine_home, odd_face)[1]) == 1


def test_memory_that_runs_out_while_it_is_enlarged(
    doing: Doing, engine_home: EngineHome, odd_face: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    doing(identity)

    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    with monkeypatch.context() as broken:
        broken.setattr("gpen_engine.tasks.enlarge.cv2.resize", fail)
        with pytest.raises(GpenError) as told:
            restored(engine_home, odd_face, task="enlarge")
    assert told.value.code == "out_of_memory"
    assert len(restored(engine_home, odd_face, task="enlarge")[1]) == 1


def test_looking_ends_in_a_larger_picture(
    doing: Doing, engine_home: EngineHome, face: np.ndarray
) -> None:
    doing(red)
    request = request_for(face)
    with connect(engine_home) as engine:
        engine.look(request, strips(face.data, request.row_bytes))
        engine.find(request)
        _, (patch,) = engine.finish(replace(request, task="enlarge", scale=4))
    assert patch.pixels == restored(engine_home, face, task="enlarge", scale=4)[1][0].pixels
