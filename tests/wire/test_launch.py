"""Who starts the engine; real engines are in ``tests/server``."""

from __future__ import annotations

import os
import shlex
import socket
import sys
from pathlib import Path

import pytest

from gpen_engine import GpenError
from gpen_engine.wire import EngineHome, Launch, launch, reach
from gpen_engine.wire.launch import is_listened_to

REPAIR = "python3 '/some where/install.py'"
ENDS = Launch((sys.executable, "-c", "raise SystemExit('it ran')"), "1.0", REPAIR)


@pytest.fixture
def flatpak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside of a Flatpak's sandbox."""
    mark = tmp_path / ".flatpak-info"
    mark.touch()
    monkeypatch.setattr(launch, "FLATPAK", mark)


def refused(home: EngineHome) -> GpenError:
    with pytest.raises(GpenError) as refusal:
        reach(home, patience=20)
    return refusal.value


def test_a_flatpak_cannot_start_an_engine_of_the_system_s_python(
    engine_home: EngineHome, flatpak: None
) -> None:
    engine_home.write_launch(ENDS)
    error = refused(engine_home)
    assert error.code == "engine_outside"
    once, now = error.hint.splitlines()
    assert once.endswith(f"run, once and for all: {REPAIR} --autostart")
    assert now.endswith(shlex.join(ENDS.command))
    assert not (engine_home.logs / "engine.out").exists()


def test_a_flatpak_starts_one_that_lies_in_the_home_as_a_whole(
    engine_home: EngineHome, flatpak: None
) -> None:
    engine_home.write_launch(Launch(ENDS.command, "1.0", REPAIR, standalone=True))
    error = refused(engine_home)
    assert (error.code, error.sentence) == (
        "engine_broken",
        "The GPEN engine does not start (it ran).",
    )


def test_outside_of_a_flatpak_any_python_will_do(engine_home: EngineHome) -> None:
    engine_home.write_launch(ENDS)
    assert refused(engine_home).code == "engine_broken"


def test_a_system_that_does_not_listen_any_more_is_not_waited_for(
    engine_home: EngineHome, flatpak: None
) -> None:
    engine_home.write_launch(ENDS)
    engine_home.autostart.touch()
    assert refused(engine_home).code == "engine_outside"


@pytest.mark.skipif(os.name != "posix", reason="a socket of POSIX")
def test_a_system_that_listens_and_starts_nothing_is_told(
    engine_home: EngineHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client does not start one beside it, which would take the socket away."""
    engine_home.write_launch(ENDS)
    engine_home.make()
    engine_home.new_key()
    engine_home.autostart.touch()
    monkeypatch.setattr("gpen_engine.wire.client.GREETING", 0.1)
    with socket.socket(socket.AF_UNIX) as system:
        system.bind(engine_home.address)
        system.listen()
        assert is_listened_to(engine_home)
        with pytest.raises(GpenError, match="did not answer") as broken:
            reach(engine_home, patience=0.5)
        assert broken.value.code == "engine_broken"
    assert not (engine_home.logs / "engine.out").exists()
    assert not is_listened_to(engine_home)
