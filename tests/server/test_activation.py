"""An engine that the system starts when somebody connects, as systemd does with a socket unit."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from serving import PATIENCE, OneModel, restored, serving, status_of, until
from systemd_stand_in import SystemdStandIn, listener

from gpen_engine import GpenError
from gpen_engine.server import Limits
from gpen_engine.server.listening import InheritedDoor, inherited
from gpen_engine.server.log import NAME
from gpen_engine.wire import EngineHome, Launch, reach
from gpen_engine.wire.launch import glance, is_listened_to, stop_running

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has no such service")


@pytest.fixture
def system(engine_home: EngineHome, launch: Launch) -> Iterator[SystemdStandIn]:
    engine_home.write_launch(launch)
    stand_in = SystemdStandIn(engine_home, launch.command)
    yield stand_in
    stand_in.end()


def pid_of(home: EngineHome) -> int:
    with reach(home) as engine:
        return engine.hello.pid


def left(home: EngineHome) -> None:
    until(lambda: not home.lock.exists())


def test_a_connection_starts_it_and_the_next_ones_find_it(
    system: SystemdStandIn, engine_home: EngineHome, face: np.ndarray
) -> None:
    key = engine_home.key()
    first = pid_of(engine_home)
    assert pid_of(engine_home) == first
    assert system.starts == 1
    assert engine_home.key() == key
    assert len(restored(engine_home, face)[0].faces) == 1
    assert not (engine_home.logs / "engine.out").exists()  # the client started none


def test_the_socket_outlives_it(system: SystemdStandIn, engine_home: EngineHome) -> None:
    first = pid_of(engine_home)
    stop_running(engine_home)
    left(engine_home)
    assert is_socket(engine_home)
    assert pid_of(engine_home) != first
    assert system.starts == 2


def test_looking_does_not_start_it(system: SystemdStandIn, engine_home: EngineHome) -> None:
    with pytest.raises(GpenError) as gone:
        glance(engine_home)
    assert gone.value.code == "gone"
    stop_running(engine_home)
    assert system.starts == 0


def test_one_of_another_version_is_replaced(
    system: SystemdStandIn, engine_home: EngineHome, launch: Launch
) -> None:
    old = pid_of(engine_home)
    renamed = "import gpen_engine.version as v; v.version = lambda: '99.0'"
    path, rest = launch.command[2].split("\n", 1)
    system.command = (*launch.command[:2], f"{path}\n{renamed}\n{rest}", *launch.command[3:])
    engine_home.write_launch(replace(launch, version="99.0"))
    with reach(engine_home) as engine:
        assert engine.hello.engine == "99.0"
        assert engine.hello.pid != old
    assert system.starts == 2


def test_one_started_by_hand_leaves_it_to_the_system(
    system: SystemdStandIn, engine_home: EngineHome, launch: Launch
) -> None:
    done = subprocess.run(
        launch.command, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert done.stdout == "The GPEN engine is running already.\n"
    until(lambda: system.starts == 1)
    with reach(engine_home) as engine:
        assert engine.status().pid == engine.hello.pid


def test_where_the_system_does_not_listen_the_client_starts_it(
    engine_home: EngineHome, launch: Launch
) -> None:
    """As after a login without systemd, or with a unit that failed."""
    listener(engine_home).close()
    assert not is_listened_to(engine_home)
    engine_home.write_launch(launch)
    pid = pid_of(engine_home)
    assert status_of(engine_home).pid == pid
    stop_running(engine_home)
    left(engine_home)


def test_it_leaves_when_nobody_comes_and_lets_those_who_wait_wait(
    engine_home: EngineHome, models: OneModel
) -> None:
    kept = listener(engine_home)
    key = engine_home.key()
    for _ in range(2):
        door = InheritedDoor(kept.dup())
        with serving(engine_home, models, Limits(idle=0.3), door=door):
            assert engine_home.key() == key
            assert status_of(engine_home).engine
            left(engine_home)
        assert (engine_home.logs / NAME).read_text().endswith("s: nobody came\n")
        assert not select.select([kept], [], [], 0)[0]  # nothing would start the next one
    assert is_socket(engine_home)
    kept.close()


def is_socket(home: EngineHome) -> bool:
    return Path(home.address).is_socket() and is_listened_to(home)


@contextmanager
def variables(**values: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        yield


def test_what_was_handed_to_others_or_not_at_all_is_none() -> None:
    assert inherited() is None
    with variables(LISTEN_FDS="1", LISTEN_PID="1"):
        assert inherited() is None
        assert "LISTEN_FDS" not in os.environ  # and what the engine starts is not misled
    with variables(LISTEN_FDS="2", LISTEN_PID=str(os.getpid())), pytest.raises(GpenError) as two:
        inherited()
    assert two.value.code == "bad_socket"


ACTIVATE = shutil.which("systemd-socket-activate")


@pytest.mark.skipif(ACTIVATE is None, reason="systemd-socket-activate is not installed here")
def test_systemd_itself_hands_the_socket_over(engine_home: EngineHome, launch: Launch) -> None:
    engine_home.make()
    engine_home.kept_key()
    engine_home.autostart.touch()
    engine_home.write_launch(launch)
    given = [f"--setenv={name}" for name in ("GPEN_ENGINE_HOME", "HOME", "PATH")]
    words = [str(ACTIVATE), f"--listen={engine_home.address}", *given, *launch.command]
    process = subprocess.Popen(words, stderr=sys.stderr)
    try:
        until(lambda: Path(engine_home.address).exists())
        # It becomes what it starts, so that this is the engine's own process id.
        assert pid_of(engine_home) == process.pid
        stop_running(engine_home)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait(PATIENCE)
    assert Path(engine_home.address).is_socket()
