"""Looking at a picture before its faces are restored: what is held, kept, and said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from serving import (
    PATIENCE,
    Gate,
    OneModel,
    PaintedModel,
    friend,
    is_free,
    next_but_progress,
    request_for,
    restored,
    said_error,
    serving,
    status_of,
    until,
)

from gpen_engine import GpenError
from gpen_engine.faces import Detector
from gpen_engine.server import Limits, Service
from gpen_engine.wire import PROTOCOL, Engine, EngineHome, FaceInfo, PatchRows, Request, connect
from gpen_engine.wire.channel import Channel, strips
from gpen_engine.wire.messages import as_header

Opened = Callable[..., tuple[Engine, Request]]


@pytest.fixture
def pair(face: np.ndarray) -> np.ndarray:
    """Twice the same face, side by side: uint8 RGBA (200, 400, 4)."""
    return np.ascontiguousarray(np.hstack([face, face]))


@pytest.fixture
def opened(service: Service, engine_home: EngineHome) -> Iterator[Opened]:
    """Sends a picture to be looked at."""
    engines = []

    def begin(
        picture: np.ndarray, selection: np.ndarray | None = None, **more: Any
    ) -> tuple[Engine, Request]:
        engine = connect(engine_home)
        engines.append(engine)
        request = request_for(picture, selected=selection is not None, **more)
        chosen = () if selection is None else strips(selection.data, request.selection_row_bytes)
        engine.look(request, strips(picture.data, request.row_bytes), chosen)
        return engine, request

    yield begin
    for engine in engines:
        engine.close()


def bits(patches: list[PatchRows]) -> list[tuple[Any, ...]]:
    return [(patch.info, bytes(patch.pixels), bytes(patch.coverage)) for patch in patches]


@pytest.mark.parametrize("result", ["layer", "faces", "merged"])
def test_it_ends_as_a_restoration_to_the_bit(
    opened: Opened, engine_home: EngineHome, pair: np.ndarray, model: PaintedModel, result: str
) -> None:
    reply, patches = restored(engine_home, pair, result=result, strength=0.6)
    engine, request = opened(pair)
    faces = engine.find(request)
    assert faces == reply.faces
    engine.preview(replace(request, faces=faces[:1]))
    batches = model.batches
    got, same = engine.finish(replace(request, result=result, strength=0.6))
    assert got.faces == reply.faces
    assert bits(same) == bits(patches)
    assert model.batches == batches + 1  # for the face that was not looked at
    assert "detect" in got.seconds
    is_free(engine_home)


def test_chosen_faces_are_restored_as_if_only_they_were_there(
    opened: Opened, engine_home: EngineHome, pair: np.ndarray
) -> None:
    left = np.zeros(pair.shape[:2], np.uint8)
    left[:, :200] = 255
    (alone,) = restored(engine_home, pair, left)[1]
    engine, request = opened(pair)
    faces = engine.find(request)
    assert len(faces) == 2
    reply, (patch,) = engine.finish(replace(request, faces=faces[:1]))
    assert reply.faces == faces[:1]
    assert bits([patch]) == bits([alone])


def test_a_plain_restoration_takes_faces_too(
    service: Service, engine_home: EngineHome, pair: np.ndarray
) -> None:
    reply, patches = restored(engine_home, pair)
    again, same = restored(engine_home, pair, faces=reply.faces[::-1])
    assert again.faces == reply.faces  # from left to right
    assert bits(same) == bits(patches)
    with pytest.raises(GpenError) as nothing:
        restored(engine_home, pair, faces=())
    assert nothing.value.code == "no_face"
    with pytest.raises(GpenError) as wrong:
        restored(engine_home, pair, faces=(replace(reply.faces[0], strength=2.0),))
    assert wrong.value.code == "bad_option"


def test_each_face_at_its_own_strength(
    service: Service, engine_home: EngineHome, pair: np.ndarray
) -> None:
    whole, full = restored(engine_home, pair)
    faces = (whole.faces[0], replace(whole.faces[1], strength=0.5))
    reply, half = restored(engine_home, pair, faces=faces)
    assert [face.strength for face in reply.faces] == [1.0, 0.5]
    assert half[0].coverage == full[0].coverage
    strong, weak = (np.frombuffer(p[1].coverage, np.uint8).astype(int) for p in (full, half))
    assert abs(weak - strong / 2).max() <= 1
    assert weak.max() == 128
    # A layer for each face has its strength as the opacity, and the whole coverage as its mask.
    _, layers = restored(engine_home, pair, faces=faces, result="faces")
    assert [layer.coverage for layer in layers] == [layer.coverage for layer in full]


def test_a_preview_is_the_picture_before_and_after(
    opened: Opened, face: np.ndarray, model: PaintedModel
) -> None:
    engine, request = opened(face)
    (found,) = engine.find(request)
    preview = engine.preview(replace(request, faces=(replace(found, strength=0.3),)))
    info = preview.info
    assert (info.columns, info.rows) == (info.width, info.height)
    x0, y0, x1, y1 = found.box
    assert info.x < x0 < x1 < info.x + info.width
    assert info.y < y0 < y1 < info.y + info.height
    shape = (info.rows, info.columns, 3)
    before, after = (
        np.frombuffer(p, np.uint8).reshape(shape) for p in (preview.before, preview.after)
    )
    there = face[info.y : info.y + info.height, info.x : info.x + info.width, :3]
    assert np.array_equal(before, there)
    changed = (before != after).any(axis=2)
    assert changed.mean() > 0.1
    assert (after[changed] == [255, 0, 0]).all(axis=1).mean() > 0.3
    assert not changed[:2].any()
    batches = model.batches
    engine.preview(replace(request, faces=(found,)))
    assert model.batches == batches
    engine.preview(replace(request, faces=(found,), keep_colours=True))
    assert model.batches == batches + 1


def test_large_previews_are_made_smaller(opened: Opened, face: np.ndarray) -> None:
    engine, request = opened(np.ascontiguousarray(face.repeat(12, 0).repeat(12, 1)))
    (found,) = engine.find(request)
    preview = engine.preview(replace(request, faces=(found,)))
    info = preview.info
    assert max(info.columns, info.rows) == 1536 < max(info.width, info.height)
    assert len(preview.before) == len(preview.after) == 3 * info.columns * info.rows


def test_what_is_not_selected_looks_as_it_is(opened: Opened, pair: np.ndarray) -> None:
    selection = np.zeros(pair.shape[:2], np.uint8)
    selection[:, :150] = 255
    engine, request = opened(pair, selection)
    (found,) = engine.find(request)
    other = replace(
        found,
        box=(found.box[0] + 200, found.box[1], found.box[2] + 200, found.box[3]),
        landmarks=tuple(v + 200 * (n % 2 == 0) for n, v in enumerate(found.landmarks)),
    )
    one, beside = (engine.preview(replace(request, faces=(f,))) for f in (found, other))
    assert one.before != one.after
    assert beside.before == beside.after


def test_a_face_that_somebody_marks(
    opened: Opened, engine_home: EngineHome, pair: np.ndarray
) -> None:
    engine, request = opened(pair)
    faces = engine.find(request)
    x0, y0, x1, y1 = faces[1].box
    drawn = FaceInfo((x0 - 8, y0 + 6, x1 + 5, y1 + 9), (0.0,) * 10, 0.0)
    marked = engine.mark(replace(request, faces=(drawn,)))
    assert np.abs(np.subtract(marked.landmarks, faces[1].landmarks)).max() < 4
    assert marked.score > 0.5
    nothing = replace(drawn, box=(150.0, 5.0, 190.0, 50.0))
    made = engine.mark(replace(request, faces=(nothing,)))
    assert made.score == 0.0
    assert made.box == (150, 5, 189, 49)
    assert all(150 < value < 190 for value in made.landmarks[::2])
    with pytest.raises(GpenError) as outside:
        engine.mark(replace(request, faces=(replace(drawn, box=(500.0, 0.0, 600.0, 90.0)),)))
    assert outside.value.code == "bad_option"
    reply, patches = engine.finish(replace(request, faces=(marked, made)))
    assert (len(reply.faces), len(patches)) == (2, 2)


def test_no_face_ends_nothing(opened: Opened) -> None:
    grey = np.full((90, 120, 4), 255, np.uint8)
    engine, request = opened(grey)
    assert engine.find(request) == ()
    drawn = FaceInfo((20.0, 20.0, 80.0, 80.0), (0.0,) * 10, 0.0)
    marked = engine.mark(replace(request, faces=(drawn,)))
    engine.preview(replace(request, faces=(marked,)))
    with pytest.raises(GpenError) as nothing:
        engine.finish(request)
    assert nothing.value.code == "no_face"


def test_faces_are_searched_once_for_the_same_options(
    opened: Opened, face: np.ndarray, detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    searches: list[float] = []
    detect = detector.detect

    def counted(*given: Any, **options: Any) -> Any:
        searches.append(options["threshold"])
        return detect(*given, **options)

    monkeypatch.setattr(detector, "detect", counted)
    engine, request = opened(face)
    for threshold in (0.9, 0.5, 0.9):
        engine.find(replace(request, threshold=threshold))
    engine.finish(replace(request, threshold=0.5))
    assert searches == [0.9, 0.5]


def test_what_is_refused_ends_nothing(
    opened: Opened, models: OneModel, face: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> None:
        raise GpenError("model_missing", "There is no such model.", "Choose another.")

    engine, request = opened(face)
    faces = engine.find(request)
    with monkeypatch.context() as broken:
        broken.setattr(models, "restorer", missing)
        with pytest.raises(GpenError) as refused:
            engine.preview(replace(request, faces=faces))
    assert (refused.value.code, refused.value.hint) == ("model_missing", "Choose another.")
    with pytest.raises(GpenError) as wrong:
        engine.find(replace(request, threshold=3.0))
    assert wrong.value.code == "bad_option"
    assert len(engine.finish(request)[1]) == 1


def test_others_are_served_while_somebody_looks(
    opened: Opened, engine_home: EngineHome, face: np.ndarray, pair: np.ndarray
) -> None:
    engine, request = opened(pair)
    engine.find(request)
    assert status_of(engine_home).state == "idle"
    restored(engine_home, face)
    other, more = opened(face)
    assert len(other.find(more)) == 1
    assert len(engine.finish(request)[1]) == 2


def looking(home: EngineHome, picture: np.ndarray) -> tuple[Channel, dict[str, Any]]:
    """A conversation in which a picture was sent to be looked at, and a header to go on with."""
    request = request_for(picture)
    header = {**as_header("look", request), "protocol": PROTOCOL}
    channel = friend(home)
    channel.send(header)
    assert next_but_progress(channel) == {"kind": "send"}
    channel.send_rows(strips(picture.data, request.row_bytes))
    assert next_but_progress(channel) == {"kind": "held"}
    return channel, header


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "stop"},
        {"kind": "find", "width": 199},
        {"kind": "find", "selected": True},
        {"kind": "preview"},
        {"kind": "preview", "faces": []},
        {"kind": "mark", "faces": [{"box": [1, 2, 3, 4]}]},
        {"kind": "finish", "faces": 3},
    ],
)
def test_what_makes_no_sense_ends_it(
    service: Service, engine_home: EngineHome, face: np.ndarray, fault: dict[str, Any]
) -> None:
    channel, header = looking(engine_home, face)
    channel.send({**header, **fault})
    assert said_error(channel) == "protocol"
    is_free(engine_home)


def test_who_leaves_at_work_cancels_it(
    opened: Opened, service: Service, engine_home: EngineHome, face: np.ndarray, model: PaintedModel
) -> None:
    channel, header = looking(engine_home, face)
    gate = Gate(model)
    channel.send({**header, "kind": "finish"})
    gate.reached()
    channel.close()
    gate.open()
    is_free(engine_home)
    until(lambda: service._looks == 0)


def test_who_asks_for_nothing_is_given_up(
    engine_home: EngineHome, models: OneModel, face: np.ndarray
) -> None:
    with serving(engine_home, models, Limits(looking=0.3)) as service:
        channel, _ = looking(engine_home, face)
        with pytest.raises(GpenError) as gone:
            channel.receive()
        assert gone.value.code == "gone"
        until(lambda: service._looks == 0)


def test_no_more_than_a_few_may_look(
    engine_home: EngineHome, models: OneModel, face: np.ndarray
) -> None:
    with serving(engine_home, models, Limits(looks=1)) as service:
        until(service.worker.ready.is_set, PATIENCE)
        first, _ = looking(engine_home, face)
        request = {**as_header("look", request_for(face)), "protocol": PROTOCOL}
        second = friend(engine_home)
        second.send(request)
        assert said_error(second) == "busy"
        restored(engine_home, face)
        first.close()
        until(lambda: service._looks == 0)
        looking(engine_home, face)[0].close()
