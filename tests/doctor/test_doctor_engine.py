"""An engine that cannot be started, hangs, or is another one than GIMP expects."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from examining import all_well, do, look, the_fault

from gpen_engine.doctor import engine as module
from gpen_engine.doctor.engine import engine, start
from gpen_engine.version import version
from gpen_engine.wire import EngineHome

Install = Callable[[], None]
OTHER_VERSION = """
from gpen_engine.server import service
from gpen_engine.wire import EngineHome
service.version = lambda: "0.0.1"
service.Worker.start = lambda self: (self.imported.set(), self.ready.set())
service.Service(EngineHome.of_user()).run(lambda: print("ready", flush=True))
"""


@pytest.fixture
def old_engine(install: Install) -> Iterator[subprocess.Popen[str]]:
    """A real engine of an older version."""
    command = [sys.executable, "-c", OTHER_VERSION]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def test_how_gimp_starts_it(install: Install) -> None:
    assert [(f.mark, f.name) for f in look(start)] == [("ok", "Start")]
    assert look(engine)[0].sentence == "It is not running; GIMP starts it when it is needed."


@pytest.mark.parametrize("content", [None, "{", '{"command": []}'])
def test_a_launch_file_that_is_missing_or_damaged(
    install: Install, repair: str, placed_anew: str, engine_home: EngineHome, content: str | None
) -> None:
    if content is None:
        engine_home.launch_file.unlink()
    else:
        engine_home.launch_file.write_text(content)
    fault = the_fault(start)
    assert fault.name == "Start"
    assert ("missing" if content is None else "damaged") in fault.sentence
    assert fault.cure == (repair if content is None else placed_anew)
    install()
    assert all_well(start)


def test_what_gimp_is_to_start_is_gone(
    install: Install, repair: str, engine_home: EngineHome
) -> None:
    change(engine_home, command=["/nowhere/bin/python", "-m", "gpen_engine", "serve"])
    fault = the_fault(start)
    assert fault.sentence == "GIMP is to start /nowhere/bin/python, which is not there."
    assert fault.cure == repair
    install()
    assert all_well(start)


def test_gimp_expects_another_version(
    install: Install, placed_anew: str, engine_home: EngineHome
) -> None:
    change(engine_home, version="99.0")
    fault = the_fault(start)
    assert fault.sentence == f"GIMP expects the engine 99.0, but this one is {version()}."
    assert fault.cure == placed_anew


def test_the_folder_it_was_installed_from_is_gone(
    install: Install, engine_home: EngineHome, tmp_path: Path
) -> None:
    change(engine_home, version="99.0", repair=f"python3 {tmp_path}/gone/install.py")
    cure = the_fault(start).cure
    assert cure == (
        f"Delete {engine_home.launch_file}, then:"
        " Download GPEN for GIMP again and run in its folder: python3 install.py"
    )


def test_another_environment_than_gimp_s(install: Install, engine_home: EngineHome) -> None:
    change(engine_home, command=["/bin/sh", "serve"])
    note = the_fault(start, "note")
    assert note.sentence == "GIMP starts another engine, /bin/sh."
    assert note.cure == "/bin/sh -m gpen_engine doctor"


def test_one_of_another_version_runs(old_engine: subprocess.Popen[str]) -> None:
    finding = the_fault(engine, "warning")
    assert finding.name == "Engine"
    assert finding.sentence.startswith(f"0.0.1 runs, but {version()} is installed")
    assert finding.cure.endswith("gpen serve --stop")
    do(finding.cure)
    assert old_engine.wait(20) == 0
    assert all_well(engine)


def test_one_that_fits(old_engine: subprocess.Popen[str], engine_home: EngineHome) -> None:
    change(engine_home, version="0.0.1")
    (finding,) = look(engine)
    assert finding.mark == "ok"
    assert finding.sentence.startswith("It answers: 0.0.1, idle, ")


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no process can be made to hang here")
def test_one_that_hangs(old_engine: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.5)
    os.kill(old_engine.pid, signal.SIGSTOP)
    began = time.monotonic()
    fault = the_fault(engine)
    assert time.monotonic() - began < 5  # a client gives up after 10
    assert fault.sentence == f"It runs (process {old_engine.pid}) but does not answer."
    assert fault.cure == f"kill -9 {old_engine.pid}"
    do(fault.cure)
    old_engine.wait(20)
    assert all_well(engine)


def test_one_with_another_key(old_engine: subprocess.Popen[str], engine_home: EngineHome) -> None:
    (engine_home.private / "key").write_bytes(bytes(32))
    fault = the_fault(engine)
    assert "did not accept" in fault.sentence
    assert fault.cure == f"kill -9 {old_engine.pid}"


def change(home: EngineHome, **fields: object) -> None:
    data = json.loads(home.launch_file.read_text())
    home.launch_file.write_text(json.dumps({**data, **fields}))
