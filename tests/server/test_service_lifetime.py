"""How the engine ends, and what it finds when it starts."""

from __future__ import annotations

import threading
import time
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
    next_but_progress,
    request_for,
    restored,
    said_error,
    serving,
    status_of,
    until,
)

from gpen_engine import GpenError
from gpen_engine.lock import Lock
from gpen_engine.server import Limits, Service
from gpen_engine.server.log import NAME
from gpen_engine.wire import EngineHome, connect

# Its end


def is_gone(home: EngineHome) -> None:
    assert not Path(home.address).exists()
    assert not home.lock.exists()
    with pytest.raises(GpenError) as gone:
        connect(home)
    assert gone.value.code == "gone"


def test_stopped_by_a_client(engine_home: EngineHome, models: OneModel) -> None:
    threads = threading.active_count()
    with serving(engine_home, models):
        with connect(engine_home) as engine:
            engine.stop()
        until(lambda: not engine_home.lock.exists())
        is_gone(engine_home)
    assert (engine_home.logs / NAME).read_text().endswith("s: a client asked for it\n")
    until(lambda: threading.active_count() <= threads)


def test_stopped_while_it_works(
    engine_home: EngineHome, models: OneModel, model: PaintedModel, face: np.ndarray
) -> None:
    """The job that runs, those that wait and one that sends: all hear it."""
    gate = Gate(model)
    with serving(engine_home, models):
        working = begun(engine_home, face)
        gate.reached()
        waiting = [asked(engine_home, request_for(face)) for _ in range(2)]
        until(lambda: status_of(engine_home).waiting == 2)
        with connect(engine_home) as engine:
            engine.stop()
        assert [said_error(channel) for channel in waiting] == ["stopped", "stopped"]
        gate.open()
        assert said_error(working) == "stopped"
        until(lambda: not engine_home.lock.exists())
        is_gone(engine_home)


def test_stopped_while_a_client_sends(
    engine_home: EngineHome, models: OneModel, face: np.ndarray
) -> None:
    with serving(engine_home, models) as service:
        request = request_for(face)

        def rows():
            yield face[:100].tobytes()
            service.stop("because")
            until(service.stopping.is_set)
            for row in face[100:]:
                time.sleep(0.005)
                yield row.tobytes()

        with connect(engine_home) as engine, pytest.raises(GpenError) as stopped:
            engine.restore(request, rows())
        assert stopped.value.code == "stopped"  # though the connection broke while it sent


def test_a_worker_that_does_not_end_is_left_behind(
    engine_home: EngineHome, models: OneModel, model: PaintedModel, face: np.ndarray
) -> None:
    gate = Gate(model)
    with serving(engine_home, models, Limits(parting=0.3)) as service:
        channel = begun(engine_home, face)
        gate.reached()
        started = time.monotonic()
        service.stop("because")
        until(lambda: not engine_home.lock.exists())
        assert time.monotonic() - started < 20
        gate.open()
        channel.close()
    assert "1 clients were left behind" in (engine_home.logs / NAME).read_text()


def test_it_leaves_when_nobody_comes(engine_home: EngineHome, models: OneModel) -> None:
    with serving(engine_home, models, Limits(idle=0.3)):
        started = time.monotonic()
        until(lambda: not engine_home.lock.exists())
        assert time.monotonic() - started < 20
        is_gone(engine_home)
    assert (engine_home.logs / NAME).read_text().endswith("s: nobody came\n")


def test_it_stays_while_somebody_is_there(
    engine_home: EngineHome, models: OneModel, model: PaintedModel, face: np.ndarray
) -> None:
    with serving(engine_home, models, Limits(idle=0.3)):
        gate = Gate(model)
        channel = begun(engine_home, face)
        gate.reached()
        time.sleep(0.8)
        assert engine_home.lock.exists()
        gate.open()
        assert next_but_progress(channel)["kind"] == "result"
        channel.close()
        until(lambda: not engine_home.lock.exists())


@pytest.mark.parametrize("way", ["idle", "stopped"])
def test_clients_who_come_while_it_leaves_are_served_or_sent_away(
    engine_home: EngineHome, models: OneModel, way: str
) -> None:
    """Never anything between: that is what lets a client start another engine."""

    def knock(pause: float) -> list[str]:
        heard = []
        end = time.monotonic() + PATIENCE
        while "gone" not in heard and time.monotonic() < end:
            try:
                with connect(engine_home) as engine:
                    engine.status()
                heard.append("served")
            except GpenError as error:
                heard.append(error.code)
            time.sleep(pause)
        return heard

    idle = 0.01 if way == "idle" else 60
    for pause in (0, 0.008, 0.01, 0.012, 0.02):
        with serving(engine_home, models, Limits(idle=idle)) as service, ThreadPoolExecutor() as p:
            heard = [p.submit(knock, pause) for _ in range(1 if way == "idle" else 4)]
            time.sleep(0.05)
            service.stop("because")
            for job in heard:
                assert set(job.result(PATIENCE)) <= {"served", "gone"}


# Other engines


def test_a_second_one_leaves_the_first_alone(
    service: Service, engine_home: EngineHome, models: OneModel, face: np.ndarray
) -> None:
    assert Service(engine_home, models=models).run() is False
    assert len(restored(engine_home, face)[0].faces) == 1


def test_a_socket_and_a_key_that_were_left_behind(
    engine_home: EngineHome, models: OneModel, face: np.ndarray
) -> None:
    engine_home.make()
    key = engine_home.new_key()
    Path(engine_home.address).touch()
    engine_home.lock.write_text("1")
    with serving(engine_home, models):
        assert engine_home.key() != key
        assert len(restored(engine_home, face)[0].faces) == 1


def test_one_that_just_leaves_is_waited_for(engine_home: EngineHome, models: OneModel) -> None:
    engine_home.make()
    leaving = Lock(engine_home.lock)
    assert leaving.take()
    timer = threading.Timer(0.5, leaving.release)
    timer.start()
    with serving(engine_home, models):
        assert not timer.is_alive()


def test_one_that_hangs_is_named(engine_home: EngineHome, models: OneModel) -> None:
    engine_home.make()
    hanging = Lock(engine_home.lock)
    assert hanging.take()
    with pytest.raises(GpenError) as stuck:
        Service(engine_home, Limits(predecessor=0.2), models).run()
    assert stuck.value.code == "engine_stuck"
    assert f"(process {hanging.holder()})" in stuck.value.sentence
    hanging.release()


def test_a_folder_that_others_can_read_is_refused(
    engine_home: EngineHome, models: OneModel
) -> None:
    engine_home.private.mkdir()
    engine_home.private.chmod(0o755)
    with pytest.raises(GpenError) as refused:
        Service(engine_home, models=models).run()
    assert refused.value.code == "bad_home"
