"""What one client may say, and what it gets."""

from __future__ import annotations

import contextlib
import struct
import threading
from multiprocessing import AuthenticationError
from multiprocessing.connection import answer_challenge
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from serving import (
    PATIENCE,
    Gate,
    OneModel,
    PaintedModel,
    asked,
    friend,
    next_but_progress,
    request_for,
    restored,
    said_error,
    serving,
    status_of,
    stranger,
    until,
)

from gpen_engine import GpenError
from gpen_engine.server import Limits, Service
from gpen_engine.server.log import NAME
from gpen_engine.server.picture import MARGIN
from gpen_engine.wire import PROTOCOL, EngineHome, Progress, connect
from gpen_engine.wire.channel import MOST_HEADER, MOST_STRIP, strips
from gpen_engine.wire.messages import as_header


def works(home: EngineHome, face: np.ndarray) -> None:
    """Fails unless the engine still restores."""
    reply, _ = restored(home, face)
    assert len(reply.faces) == 1
    until(lambda: status_of(home).state == "idle")


@pytest.mark.parametrize("sample", ["uint8", "uint16", "float32"])
def test_a_face_comes_back(
    service: Service, engine_home: EngineHome, face: np.ndarray, sample: str
) -> None:
    picture = (face / 255).astype(np.float32)
    if sample != "float32":
        picture = np.rint(picture * np.iinfo(sample).max).astype(sample)
    white = 1 if sample == "float32" else np.iinfo(sample).max
    seen: list[Progress] = []
    reply, patches = restored(engine_home, picture, progress=seen.append)
    assert (reply.model, reply.sha256, reply.device) == ("painted", "00ff", "cpu")
    assert (reply.engine, reply.notes) == (service.hello.engine, ())
    assert len(reply.faces) == len(patches) == 1
    x0, y0, x1, y1 = reply.faces[0].box
    (patch,) = patches
    assert patch.info.x < x0 < x1 < patch.info.x + patch.info.width
    assert patch.info.y < y0 < y1 < patch.info.y + patch.info.height
    assert patch.info.faces == (0,)
    shape = (patch.info.height, patch.info.width)
    pixels = np.frombuffer(patch.pixels, sample).reshape(*shape, 4)
    coverage = np.frombuffer(patch.coverage, sample).reshape(shape)
    assert (pixels[coverage == white] == [white, 0, 0, white]).all()
    assert (coverage == white).any()
    assert (pixels[coverage == 0, 3] == 0).all()
    assert [step.stage for step in seen] == ["detect", "detect", "restore", "restore", "paste"]
    assert seen[-1] == Progress("paste", 1, 1)
    assert set(reply.seconds) == {
        *("receive", "load", "detect", "align", "network", "guard", "mask", "paste", "convert")
    }


def test_the_selection_limits_it(
    service: Service, engine_home: EngineHome, face: np.ndarray
) -> None:
    selection = np.zeros(face.shape[:2], np.uint8)
    selection[:, :100] = 255
    _, (patch,) = restored(engine_home, face, selection)
    assert patch.info.x + patch.info.width <= 100
    selection[:] = 0
    with pytest.raises(GpenError) as nothing:
        restored(engine_home, face, selection)
    assert nothing.value.code == "no_face"
    works(engine_home, face)


def test_merged_rows_are_the_picture_where_nothing_is_covered(
    service: Service, engine_home: EngineHome, face: np.ndarray
) -> None:
    _, (patch,) = restored(engine_home, face, result="merged", strength=0.5)
    info = patch.info
    there = face[info.y : info.y + info.height, info.x : info.x + info.width]
    pixels = np.frombuffer(patch.pixels, np.uint8).reshape(there.shape)
    coverage = np.frombuffer(patch.coverage, np.uint8).reshape(there.shape[:2])
    assert (pixels[coverage == 0] == there[coverage == 0]).all()
    half = (there[coverage == 255].astype(int) + [255, 0, 0, 255]) / 2
    assert abs(pixels[coverage == 255] - half).max() <= 0.5


def test_the_log_tells_of_jobs_but_not_of_pictures(
    service: Service, engine_home: EngineHome, face: np.ndarray
) -> None:
    works(engine_home, face)
    with pytest.raises(GpenError):
        restored(engine_home, np.zeros((90, 80, 4), np.uint16))
    until(lambda: "no_face" in (engine_home.logs / NAME).read_text())
    lines = (engine_home.logs / NAME).read_text().splitlines()
    first = next(line for line in lines if "job" in line)
    assert "job: 200 x 200 u8, layer, painted: 1 faces, 1 patches; waiting 0.0" in first
    assert all(f"{stage} " in first for stage in ("receive", "detect", "network", "send"))
    assert "job: 80 x 90 u16, layer: no_face after 0." in lines[-1]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"strength": 2.0}, "bad_option"),
        ({"template": "none"}, "bad_option"),
        ({"detection_size": 1}, "bad_option"),
        ({"protocol": PROTOCOL + 1}, "version"),
        ({"protocol": "1"}, "version"),
        ({"width": 0}, "protocol"),
        ({"width": -200}, "protocol"),
        ({"height": 1 << 70}, "protocol"),
        ({"width": 200.0}, "protocol"),
        ({"width": 1 << 20}, "too_large"),
        ({"width": 1 << 18, "height": 1 << 18}, "too_large"),
        ({"sample": "u32"}, "protocol"),
        ({"seed": -1}, "protocol"),
        ({"strength": None}, "protocol"),
        ({"kind": "destroy"}, "protocol"),
        ({"kind": ["restore"]}, "protocol"),
    ],
)
def test_what_cannot_be_done_is_refused_before_the_picture_is_sent(
    service: Service, engine_home: EngineHome, face: np.ndarray, fault: dict, code: str
) -> None:
    channel = friend(engine_home)
    channel.send({**as_header("restore", request_for(face)), "protocol": PROTOCOL, **fault})
    assert said_error(channel) == code
    works(engine_home, face)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"restore",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"kind": 1}',
        b"[]",
        b"null",
        b"1" * 5000,
    ],
)
def test_messages_that_are_none(
    service: Service, engine_home: EngineHome, face: np.ndarray, frame: bytes
) -> None:
    channel = friend(engine_home)
    channel.connection.send_bytes(frame)
    assert said_error(channel) == "protocol"
    works(engine_home, face)


@pytest.mark.parametrize("length", [MOST_HEADER + 1, (1 << 31) - 1, -1, -(1 << 31)])
def test_lengths_that_nobody_can_mean(
    service: Service, engine_home: EngineHome, face: np.ndarray, length: int
) -> None:
    channel = friend(engine_home)
    with open(channel.connection.fileno(), "wb", closefd=False) as raw:
        raw.write(struct.pack("!i", length) + struct.pack("!Q", 1 << 62))
    assert said_error(channel) == "protocol"
    works(engine_home, face)


@pytest.mark.parametrize(
    "rows", [b"", bytes(799), bytes(801), bytes(800 * 201), bytes(MOST_STRIP + 800)]
)
def test_rows_of_another_length(
    service: Service, engine_home: EngineHome, face: np.ndarray, rows: bytes
) -> None:
    channel = asked(engine_home, request_for(face))
    assert next_but_progress(channel) == {"kind": "send"}
    sender = threading.Thread(target=_send, args=(channel, rows))  # more than the socket holds
    sender.start()
    assert next_but_progress(channel)["code"] == "protocol"
    sender.join()
    works(engine_home, face)


def _send(channel, rows: bytes) -> None:
    with contextlib.suppress(OSError):  # the engine has closed before it read everything
        channel.connection.send_bytes(rows)


def test_a_wrong_key(service: Service, engine_home: EngineHome, face: np.ndarray) -> None:
    connection = stranger(engine_home)
    with pytest.raises(AuthenticationError):
        answer_challenge(connection, b"wrong")
    key = engine_home.private / "key"
    right = key.read_bytes()
    key.write_bytes(bytes(32))
    with pytest.raises(GpenError) as refused:
        connect(engine_home)
    assert refused.value.code == "engine_refused"
    key.write_bytes(right)
    works(engine_home, face)
    assert "turned away: AuthenticationError" in (engine_home.logs / NAME).read_text()


@pytest.mark.parametrize(
    "words", [b"GET / HTTP/1.1\r\n\r\n", b"", bytes(1000), b"\x00\x00\x00\x05"]
)
def test_strangers_are_turned_away(
    service: Service, engine_home: EngineHome, face: np.ndarray, words: bytes
) -> None:
    connection = stranger(engine_home)
    with open(connection.fileno(), "wb", closefd=False) as raw:
        raw.write(words)
    connection.close()
    works(engine_home, face)


def test_a_silent_stranger_blocks_nobody_and_is_given_up(
    engine_home: EngineHome, models: OneModel, face: np.ndarray
) -> None:
    with serving(engine_home, models, Limits(greeting=1.0, stalled=1.2)):
        silent = [stranger(engine_home) for _ in range(5)]
        works(engine_home, face)
        silent.append(friend(engine_home).connection)  # this one only asks for nothing
        for connection in silent:
            if connection is not silent[-1]:
                connection.recv_bytes()  # the challenge
            assert connection.poll(PATIENCE)
            with pytest.raises(EOFError):
                connection.recv_bytes()
        works(engine_home, face)


def test_an_unexpected_error_is_logged_and_told(
    service: Service, engine_home: EngineHome, model: PaintedModel, face: np.ndarray
) -> None:
    def fail() -> None:
        raise ZeroDivisionError("by nought.\nand more")

    model.before = fail
    with pytest.raises(GpenError) as told:
        restored(engine_home, face)
    assert told.value.code == "unexpected"
    assert told.value.sentence == "Something unexpected went wrong: by nought."
    assert str(engine_home.logs) in told.value.hint
    model.before = lambda: None
    works(engine_home, face)
    log = (engine_home.logs / NAME).read_text()
    assert "ZeroDivisionError: by nought" in log
    assert "in fail\n" in log


def test_an_incomplete_installation_is_told_with_its_repair(
    service: Service, engine_home: EngineHome, model: PaintedModel, face, launch
) -> None:
    def fail() -> None:
        raise ModuleNotFoundError("No module named 'facexlib'")

    model.before = fail
    engine_home.write_launch(launch)
    with pytest.raises(GpenError, match="No module named 'facexlib'") as told:
        restored(engine_home, face)
    assert told.value.code == "engine_broken"
    assert told.value.hint.endswith("run: python3 install.py")
    (engine_home.folder / "engine.json").write_text("{")
    with pytest.raises(GpenError, match="No module named 'facexlib'"):
        restored(engine_home, face)


@pytest.mark.parametrize(
    "fault", [MemoryError(), RuntimeError("DefaultCPUAllocator: not enough memory")]
)
def test_memory_that_runs_out_in_the_network(
    service: Service, engine_home: EngineHome, model, models, face, fault: Exception
) -> None:
    def fail() -> None:
        raise fault

    model.before = fail
    with pytest.raises(GpenError) as told:
        restored(engine_home, face)
    assert (told.value.code, models.dropped) == ("out_of_memory", 1)
    model.before = lambda: None
    works(engine_home, face)


def test_memory_that_runs_out_beside_the_network(
    service: Service, engine_home: EngineHome, models, face, monkeypatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    with monkeypatch.context() as broken:
        broken.setattr("gpen_engine.server.job.planes", fail)
        with pytest.raises(GpenError) as told:
            restored(engine_home, face)
    assert (told.value.code, models.dropped) == ("out_of_memory", 1)
    works(engine_home, face)


def test_a_picture_for_which_there_is_no_room_is_not_sent(
    service: Service, engine_home: EngineHome, models, face, monkeypatch
) -> None:
    picture = 200 * 200 * 5
    free = [MARGIN + picture - 1, MARGIN + picture - 1]

    def available() -> SimpleNamespace:
        return SimpleNamespace(available=free.pop(0) if free else 1 << 40)

    monkeypatch.setattr(psutil, "virtual_memory", available)
    selection = np.full(face.shape[:2], 255, np.uint8)
    request = request_for(face, selected=True)
    assert said_error(asked(engine_home, request)) == "out_of_memory"
    assert models.dropped == 1
    free = [MARGIN + picture - 1, MARGIN + picture]  # the warm models were in the way
    restored(engine_home, face, selection)
    assert models.dropped == 2
    free = [MARGIN + picture]
    restored(engine_home, face, selection)
    assert models.dropped == 2


def test_room_that_is_not_there_after_all(
    service: Service, engine_home: EngineHome, face, monkeypatch
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as broken:
        broken.setattr(np, "empty", fail)
        assert said_error(asked(engine_home, request_for(face))) == "out_of_memory"
    works(engine_home, face)


def test_several_questions_in_one_conversation(service: Service, engine_home: EngineHome) -> None:
    with connect(engine_home) as engine:
        for _ in range(3):
            status = engine.status()
        assert status.state == "idle"
        assert status.models == ("painted",)
        assert (status.engine, status.pid) == (service.hello.engine, service.hello.pid)
        assert status.memory > 1 << 20
        assert 0 < status.uptime < 100
        assert status.log == str(engine_home.logs)


def test_status_and_stop_are_answered_whatever_the_protocol(
    service: Service, engine_home: EngineHome
) -> None:
    for protocol in ({}, {"protocol": 99}, {"protocol": "x"}):
        channel = friend(engine_home)
        channel.send({"kind": "status", **protocol})
        assert channel.receive()["kind"] == "status"
    channel.send({"kind": "stop", "protocol": 99, "more": 1})
    assert channel.receive() == {"kind": "stopping"}
    until(lambda: not engine_home.lock.exists())


def test_speaking_while_it_works_ends_the_job(
    service: Service, engine_home: EngineHome, model: PaintedModel, face: np.ndarray
) -> None:
    gate = Gate(model)
    channel = asked(engine_home, request_for(face))
    assert next_but_progress(channel) == {"kind": "send"}
    channel.send_rows(strips(face.data, 800))
    gate.reached()
    channel.send({"kind": "status"})
    gate.open()
    assert next_but_progress(channel)["code"] == "protocol"
    works(engine_home, face)


def test_what_the_guard_says_comes_along(
    service: Service, engine_home: EngineHome, face: np.ndarray
) -> None:
    """The model paints all red: with the colours kept there is still no face left."""
    reply, patches = restored(engine_home, face, guard="warn")
    assert len(patches) == 1
    (info,) = reply.faces
    assert (info.similarity or 0) < 0.8
    assert (info.changed, info.restored) == (True, True)
    assert reply.notes == ("The face changed much. Look closely.",)
    with pytest.raises(GpenError) as nothing:
        restored(engine_home, face, guard="skip")
    assert nothing.value.code == "changed"
    assert "stayed as it was" in nothing.value.sentence
    works(engine_home, face)
