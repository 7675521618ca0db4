"""The engine's queue, and clients who leave."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from serving import (
    PATIENCE,
    Gate,
    OneModel,
    PaintedModel,
    asked,
    begun,
    is_free,
    next_but_progress,
    request_for,
    restored,
    serving,
    status_of,
    until,
)

from gpen_engine import GpenError, Restorer
from gpen_engine.server import Limits, Service
from gpen_engine.server.log import NAME
from gpen_engine.server.models import Models
from gpen_engine.wire import EngineHome, Progress

# Clients who leave


@pytest.mark.parametrize("bytes_sent", [0, 800 * 50, 800 * 199])
def test_gone_while_it_sends(
    service: Service, engine_home: EngineHome, face: np.ndarray, bytes_sent: int
) -> None:
    channel = asked(engine_home, request_for(face))
    assert next_but_progress(channel) == {"kind": "send"}
    if bytes_sent:
        channel.connection.send_bytes(face.tobytes()[:bytes_sent])
    assert status_of(engine_home).state == "working"
    channel.close()
    is_free(engine_home)
    assert len(restored(engine_home, face)[0].faces) == 1


def test_gone_in_the_middle_of_a_frame(
    service: Service, engine_home: EngineHome, face: np.ndarray
) -> None:
    channel = asked(engine_home, request_for(face))
    assert next_but_progress(channel) == {"kind": "send"}
    with open(channel.connection.fileno(), "wb", closefd=False) as raw:
        raw.write((face.nbytes).to_bytes(4, "big") + face.tobytes()[:1000])
    channel.close()
    is_free(engine_home)
    assert len(restored(engine_home, face)[0].faces) == 1


def test_gone_while_it_works(
    service: Service, engine_home: EngineHome, model: PaintedModel, face: np.ndarray
) -> None:
    """Nothing but the batch that runs is finished."""
    gate = Gate(model)
    nine = np.tile(face, (3, 3, 1))
    channel = begun(engine_home, nine)
    gate.reached()
    channel.close()
    gate.open()
    is_free(engine_home)
    assert model.batches == 1
    assert len(restored(engine_home, nine)[0].faces) == 9
    assert model.batches == 1 + 3


def test_cancelled_while_it_works(
    service: Service, engine_home: EngineHome, model: PaintedModel, face: np.ndarray
) -> None:
    gate, asked_for_it = Gate(model), threading.Event()
    with ThreadPoolExecutor() as pool:
        job = pool.submit(restored, engine_home, face, cancelled=asked_for_it.is_set)
        gate.reached()
        asked_for_it.set()
        with pytest.raises(GpenError) as cancelled:
            job.result(5)  # at once, whatever the engine does
    assert cancelled.value.code == "cancelled"
    gate.open()
    is_free(engine_home)
    assert len(restored(engine_home, face)[0].faces) == 1


def test_gone_while_it_waits(
    service: Service, engine_home: EngineHome, model: PaintedModel, face: np.ndarray
) -> None:
    gate = Gate(model)
    first = begun(engine_home, face)
    gate.reached()
    second = asked(engine_home, request_for(face))
    until(lambda: status_of(engine_home).waiting == 1)
    second.close()
    until(lambda: status_of(engine_home).waiting == 0)
    gate.open()
    assert next_but_progress(first)["kind"] == "result"


@pytest.mark.parametrize("reads", [False, True])
def test_gone_while_it_is_answered(
    service: Service, engine_home: EngineHome, face: np.ndarray, reads: bool
) -> None:
    large = np.repeat(np.repeat(face, 6, 0), 6, 1).astype(np.float32) / 255
    channel = begun(engine_home, large, detection_size=200)
    if reads:
        reply = next_but_progress(channel)
        assert reply["patches"][0]["width"] > 300  # more than a socket holds
    else:
        until(lambda: len(service.turns) == 0)
    channel.close()
    is_free(engine_home)
    assert len(restored(engine_home, face)[0].faces) == 1


def test_one_that_does_not_read_keeps_nobody_waiting(
    service: Service, engine_home: EngineHome, face: np.ndarray
) -> None:
    large = np.repeat(np.repeat(face, 6, 0), 6, 1).astype(np.float32) / 255
    slow = begun(engine_home, large, detection_size=200)
    assert len(restored(engine_home, face)[0].faces) == 1
    assert len(restored(engine_home, face)[0].faces) == 1
    reply = next_but_progress(slow)
    info = reply["patches"][0]
    pixels = bytearray(info["width"] * info["height"] * 16)
    slow.receive_rows(pixels, info["width"] * 16)
    coverage = bytearray(info["width"] * info["height"] * 4)
    slow.receive_rows(coverage, info["width"] * 4)
    assert np.frombuffer(coverage, np.float32).max() == 1
    with pytest.raises(GpenError):
        slow.receive()


@pytest.mark.parametrize("sent", [0, 3])
def test_one_that_stalls_loses_its_turn(
    engine_home: EngineHome, models: OneModel, face: np.ndarray, sent: int
) -> None:
    with serving(engine_home, models, Limits(stalled=0.5)):
        stalling = asked(engine_home, request_for(face))
        assert next_but_progress(stalling) == {"kind": "send"}
        with open(stalling.connection.fileno(), "wb", closefd=False) as raw:
            raw.write(bytes(sent))
        started = time.monotonic()
        assert len(restored(engine_home, face)[0].faces) == 1
        assert 0.4 < time.monotonic() - started < 10


# The queue


def test_waiting_clients_hear_how_many_are_ahead(
    service: Service, engine_home: EngineHome, model: PaintedModel, face: np.ndarray
) -> None:
    gate = Gate(model)
    seen: dict[str, list[Progress]] = {"second": [], "third": []}
    first = begun(engine_home, face)
    gate.reached()
    with ThreadPoolExecutor() as pool:
        jobs = []
        for name, steps in seen.items():
            jobs.append(pool.submit(restored, engine_home, face, progress=steps.append))
            until(lambda: seen[name])  # noqa: B023 - used at once
        status = status_of(engine_home)
        assert (status.state, status.waiting) == ("working", 2)
        gate.open()
        assert next_but_progress(first)["kind"] == "result"
        assert all(len(job.result(PATIENCE)[0].faces) == 1 for job in jobs)
    assert [s for s in seen["second"] if s.stage == "waiting"] == [Progress("waiting", 1, 0)]
    waiting = [s.done for s in seen["third"] if s.stage == "waiting"]
    assert waiting in ([2, 1], [2])  # the second may be done before the third looks again
    assert seen["third"][-1].stage == "paste"


def test_eight_clients_at_once(
    engine_home: EngineHome, restorer: Restorer, face: np.ndarray
) -> None:
    """With a network: all get the same bytes, one after the other."""
    models = OneModel(restorer.model, restorer.detector)
    pictures = [np.roll(face, shift, axis=1) for shift in (0, 3)]
    with serving(engine_home, models), ThreadPoolExecutor(8) as pool:
        alone = [restored(engine_home, picture) for picture in pictures]
        jobs = [pool.submit(restored, engine_home, pictures[n % 2]) for n in range(8)]
        for number, job in enumerate(jobs):
            reply, patches = job.result(PATIENCE)
            expected, rows = alone[number % 2]
            assert (reply.faces, reply.patches) == (expected.faces, expected.patches)
            assert [(p.pixels, p.coverage) for p in patches] == [
                (p.pixels, p.coverage) for p in rows
            ]


def test_a_job_that_comes_early_hears_that_the_engine_loads(
    engine_home: EngineHome, models: OneModel, face: np.ndarray
) -> None:
    may_load = threading.Event()
    make = models.restorer

    def slowly(name: str, loading: Callable[[], None] = lambda: None) -> Restorer:
        assert may_load.wait(PATIENCE)
        return make(name, loading)

    models.restorer = slowly  # type: ignore[method-assign]
    seen: list[Progress] = []
    with serving(engine_home, models), ThreadPoolExecutor() as pool:
        status = status_of(engine_home)
        assert (status.state, status.device) == ("starting", "")
        job = pool.submit(restored, engine_home, face, progress=seen.append)
        until(lambda: seen)
        assert seen == [Progress("load", 0, 0)]
        assert status_of(engine_home).state == "starting"
        may_load.set()
        assert len(job.result(PATIENCE)[0].faces) == 1


def test_one_that_leaves_while_the_engine_loads(
    engine_home: EngineHome, models: OneModel, face: np.ndarray
) -> None:
    may_load = threading.Event()
    make = models.restorer
    models.restorer = lambda *a: may_load.wait(PATIENCE) and make(*a)  # type: ignore
    with serving(engine_home, models):
        channel = asked(engine_home, request_for(face))
        assert channel.receive()["stage"] == "load"
        channel.close()
        until(lambda: "the client left" in (engine_home.logs / NAME).read_text())
        may_load.set()
        assert len(restored(engine_home, face)[0].faces) == 1


def test_a_start_that_fails_is_tried_again_by_each_job(
    engine_home: EngineHome, models: OneModel, face: np.ndarray
) -> None:
    make = models.restorer

    def fail(*_: object) -> Restorer:
        raise GpenError("model_missing", "The weights are not installed.")

    models.restorer = fail  # type: ignore[method-assign]
    with serving(engine_home, models) as service:
        until(service.worker.ready.is_set)
        with pytest.raises(GpenError) as missing:
            restored(engine_home, face)
        assert missing.value.code == "model_missing"
        models.restorer = make  # type: ignore[method-assign]
        assert len(restored(engine_home, face)[0].faces) == 1
    assert "could not be loaded\nTraceback" in (engine_home.logs / NAME).read_text()


def test_a_model_that_is_deleted_under_it(
    engine_home: EngineHome, model_file: Path, face: np.ndarray
) -> None:
    engine_home.models.mkdir()
    own = engine_home.models / "mine.safetensors"
    shutil.copy(model_file, own)
    with serving(engine_home, Models(str(model_file), "cpu")):
        assert restored(engine_home, face, model="Mine")[0].model == "mine"
        assert status_of(engine_home).models == ("mine", "tiny")
        own.unlink()
        for _ in range(2):
            with pytest.raises(GpenError) as missing:
                restored(engine_home, face, model="Mine")
            assert missing.value.code == "model_missing"
        assert restored(engine_home, face)[0].model == "tiny"
        shutil.copy(model_file, own)
        assert restored(engine_home, face, model="Mine")[0].model == "mine"
