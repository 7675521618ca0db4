"""``gpen serve``."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpen_engine.cli import serve as module
from gpen_engine.lock import Lock
from gpen_engine.server import Limits, Service
from gpen_engine.server.models import Models
from gpen_engine.version import version
from gpen_engine.wire import EngineHome, Status

ROOT = Path(__file__).parents[2]


class NoModels(Models):
    """Loads nothing, so that these tests are about the command only."""

    def restorer(self, *_: object) -> None:  # type: ignore[override]
        return None

    def names(self) -> tuple[str, ...]:
        return ("one", "two")


@pytest.fixture
def engine(engine_home: EngineHome) -> Iterator[Service]:
    """An engine that runs in this process."""
    service, listening = Service(engine_home, Limits(), NoModels()), threading.Event()
    thread = threading.Thread(target=service.run, args=(listening.set,))
    thread.start()
    assert listening.wait(10)
    assert service.worker.ready.wait(10)
    yield service
    service.stop("the test is over")
    thread.join(10)
    assert not thread.is_alive()


def test_no_engine_runs(gpen) -> None:
    for _ in range(2):
        result = gpen("serve", "--status")
        assert (result.exit_code, result.stdout) == (1, "The GPEN engine is not running.\n")
        result = gpen("serve", "--status", "--json")
        assert (result.exit_code, json.loads(result.stdout)) == (1, {"state": "stopped"})
        result = gpen("serve", "--stop")
        assert (result.exit_code, result.stdout) == (0, "No GPEN engine is running.\n")


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such service")
def test_asking_does_not_start_what_the_system_would(gpen, engine_home: EngineHome) -> None:
    engine_home.make()
    engine_home.autostart.touch()
    with socket.socket(socket.AF_UNIX) as system:
        system.bind(engine_home.address)
        system.listen()
        assert gpen("serve", "--status").stdout == "The GPEN engine is not running.\n"
        assert gpen("serve", "--stop").stdout == "No GPEN engine is running.\n"
        assert select.select([system], [], [], 0)[0] == []


def test_the_status(gpen, engine: Service, engine_home: EngineHome) -> None:
    result = gpen("serve", "--status")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == f"The GPEN engine {version()} is idle."
    assert lines[1].startswith(f"  Process: {engine.hello.pid}, for ")
    assert "  Models:  one, two" in lines
    assert lines[-1] == f"  Log:     {engine_home.logs}"
    status = json.loads(gpen("serve", "--status", "--json").stdout)
    assert (status["state"], status["models"]) == ("idle", ["one", "two"])


def test_stopping(gpen, engine: Service, engine_home: EngineHome) -> None:
    result = gpen("serve", "--stop")
    assert (result.exit_code, result.stdout) == (0, "The GPEN engine was stopped.\n")
    assert not engine_home.lock.exists()
    assert gpen("serve", "--status").exit_code == 1


def test_a_second_engine_leaves(gpen, engine: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.signal, "signal", lambda *_: None)
    monkeypatch.setattr(module.os, "chdir", lambda _: None)
    result = gpen("serve")
    assert (result.exit_code, result.stdout) == (0, "The GPEN engine is running already.\n")


def test_another_key_is_an_error(gpen, engine: Service, engine_home: EngineHome) -> None:
    (engine_home.private / "key").write_bytes(bytes(32))
    for words in ("--status", "--stop"):
        result = gpen("serve", words)
        assert result.exit_code == 1
        assert "did not accept" in result.stderr


@pytest.mark.parametrize("word", ["--status", "--stop"])
def test_one_that_hangs_is_named(gpen, engine_home: EngineHome, word: str) -> None:
    engine_home.make()
    lock = Lock(engine_home.lock)
    assert lock.take()
    result = gpen("serve", word)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: The GPEN engine (process {lock.holder()}) runs but")
    lock.release()
    lock.path.write_text("1")  # of one that was killed
    result = gpen("serve", word)
    assert "not running" in result.stdout or "No GPEN engine" in result.stdout


def test_one_that_agrees_to_stop_and_does_not(
    gpen, engine: Service, engine_home: EngineHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "stop", lambda why: None)
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    result = gpen("serve", "--stop")
    assert result.exit_code == 1
    assert f"(process {engine.hello.pid}) runs but does not answer" in result.stderr
    monkeypatch.undo()


@pytest.mark.parametrize("words", [["--status", "--stop"], ["--json"], ["--stop", "--json"]])
def test_words_that_do_not_go_together(gpen, words: list[str]) -> None:
    result = gpen("serve", *words)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: Give one of --status")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.4, "59 s"), (60, "1 min"), (3599, "59 min"), (3660, "1 h 1 min")],
)
def test_durations(seconds: float, text: str) -> None:
    status = Status("working", "1.0", 7, "", (), 12_400_000, 2, seconds, "logs")
    assert module._described(status) == [
        "The GPEN engine 1.0 is working, 2 waiting.",
        f"  Process: 7, for {text}",
        "  Device:  not known yet",
        "  Models:  none loaded",
        "  Memory:  12 MB",
        "  Log:     logs",
    ]


@pytest.mark.parametrize("words", [["--status"], ["--stop"], ["--help"]])
def test_asking_is_light(words: list[str]) -> None:
    script = (
        f"import sys; sys.argv = ['gpen', 'serve', *{words}]\n"
        "from gpen_engine.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "import gpen_engine.server\n"  # nor is what the engine needs before it listens
        "heavy = {'torch', 'numpy', 'cv2', 'PIL', 'psutil'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
