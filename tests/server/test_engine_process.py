"""The engine as a process of its own, found and started by a client."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from serving import PATIENCE, answers, request_for, status_of, until

from gpen_engine import GpenError
from gpen_engine.server.log import NAME
from gpen_engine.wire import Engine, EngineHome, Launch, Progress, connect, reach
from gpen_engine.wire.channel import strips

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
ROOT = Path(__file__).parents[2]
Start = Callable[[], "subprocess.Popen[bytes]"]
WATCHED_IMPORTS = """
import json, sys, threading, time
from gpen_engine.server import service
from gpen_engine.wire import EngineHome

importers = {}

class Watch:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.startswith("gpen_engine."):
            importers[name] = threading.current_thread().name
            time.sleep(0.01)  # so that clients come meanwhile

sys.meta_path.insert(0, Watch)
service.Service(EngineHome.of_user()).run(lambda: print("ready", flush=True))
print(json.dumps(importers))
"""


@pytest.fixture
def installed(
    engine_home: EngineHome, launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> Iterator[EngineHome]:
    """A home that says how to start the engine; whatever runs there in the end is killed."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    engine_home.write_launch(launch)
    yield engine_home
    try:
        with connect(engine_home) as engine:
            os.kill(engine.hello.pid, signal.SIGKILL)
    except GpenError:
        pass


def restored(engine: Engine, picture: np.ndarray, **more: object) -> int:
    """How many faces were."""
    request = request_for(picture, **more)
    with engine:
        reply, _ = engine.restore(request, strips(picture.data, request.row_bytes))
    return len(reply.faces)


def test_it_answers_before_pytorch_is_loaded(start: Start, engine_home: EngineHome) -> None:
    process = start()
    until(lambda: answers(engine_home))
    with connect(engine_home) as engine:
        assert engine.hello.pid == process.pid
        status = engine.status()
    assert status.state == "starting"
    process.terminate()
    assert process.wait(PATIENCE) == 0


def test_clients_that_come_before_all_is_imported(engine_home: EngineHome) -> None:
    """One thread imports. If two did at once, one could meet a module that is half there."""
    command = [sys.executable, "-c", WATCHED_IMPORTS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

        def models(_: int) -> int:
            with connect(engine_home) as engine:
                return len(engine.models().models)

        with ThreadPoolExecutor(8) as clients:
            counts = set(clients.map(models, range(8)))
        with connect(engine_home) as engine:
            engine.stop()
        importers = json.loads(process.stdout.read())
    assert len(counts) == 1
    assert "gpen_engine.network.generator" in importers
    assert {name.partition("_")[0] for name in importers.values()} == {"gpen-worker"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_end_it_cleanly(start: Start, engine_home: EngineHome, number: int) -> None:
    process = start()
    until(lambda: answers(engine_home))
    process.send_signal(number)
    assert process.wait(PATIENCE) == 0
    assert list(engine_home.private.iterdir()) == [engine_home.private / "key"]
    log = (engine_home.logs / NAME).read_text()
    assert log.endswith(f"s: {signal.Signals(number).name}\n")
    assert (engine_home.logs / "engine.out").read_text() == (
        "The GPEN engine is ready for GIMP. Ctrl+C ends it.\n"
    )


def test_a_second_one_says_so_and_leaves(start: Start, engine_home: EngineHome) -> None:
    out = engine_home.logs / "engine.out"
    first = start()
    until(lambda: answers(engine_home))
    until(lambda: "ready" in out.read_text())  # both write there; the first has no more to say
    second = start()
    assert second.wait(PATIENCE) == 0
    assert out.read_text().endswith("The GPEN engine is running already.\n")
    assert status_of(engine_home).pid == first.pid


def test_it_does_not_keep_the_clients_folder(
    installed: EngineHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with reach(installed) as engine:
        folder = psutil.Process(engine.hello.pid).cwd()
    assert folder == installed.folder.anchor


def test_the_first_call_starts_it_and_the_next_ones_find_it(
    installed: EngineHome, face: np.ndarray
) -> None:
    said: list[str] = []
    with reach(installed, starting=lambda: said.append("starting")) as engine:
        pid = engine.hello.pid
        assert restored(engine, face, keep_colours=True) == 1
    with reach(installed, starting=lambda: said.append("again")) as engine:
        assert engine.hello.pid == pid
    assert said == ["starting"]
    status = status_of(installed)
    assert status.models == ("GPEN-Mini-256",)
    assert status.device.startswith(("cpu", "cuda"))


def test_after_kill_9_the_next_call_starts_another(installed: EngineHome, face: np.ndarray) -> None:
    with reach(installed) as engine:
        pid = engine.hello.pid
        request = request_for(face)

        def kill(_: Progress) -> None:
            os.kill(pid, signal.SIGKILL)

        with pytest.raises(GpenError) as lost:
            engine.restore(request, strips(face.data, request.row_bytes), progress=kill)
        assert lost.value.code == "gone"
    assert Path(installed.address).exists()  # nobody removed it
    with reach(installed) as engine:
        assert engine.hello.pid != pid
        reply, _ = engine.restore(request, strips(face.data, request.row_bytes))
    assert len(reply.faces) == 1


def test_many_first_calls_start_one(installed: EngineHome) -> None:
    with ThreadPoolExecutor(4) as pool:
        engines = [job.result(PATIENCE) for job in [pool.submit(reach, installed) for _ in "1234"]]
    assert len({engine.hello.pid for engine in engines}) == 1
    for engine in engines:
        engine.close()


def test_one_of_another_version_is_replaced(installed: EngineHome, launch: Launch) -> None:
    """Which of the two is older does not matter: the installed one is the right one."""
    with reach(installed) as engine:
        old = engine.hello.pid
    renamed = "import gpen_engine.version as v; v.version = lambda: '99.0'"
    path, rest = launch.command[2].split("\n", 1)
    command = (*launch.command[:2], f"{path}\n{renamed}\n{rest}", *launch.command[3:])
    installed.write_launch(replace(launch, command=command, version="99.0"))
    with reach(installed) as engine:
        assert engine.hello.engine == "99.0"
        assert engine.hello.pid != old
        new = engine.hello.pid
    until(lambda: not psutil.pid_exists(old) or psutil.Process(old).status() == "zombie")
    installed.write_launch(launch)
    with reach(installed) as engine:
        assert engine.hello.engine == launch.version
        assert engine.hello.pid not in (old, new)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("nothing-of-this-name", "serve"), "nothing-of-this-name: No such file or directory"),
        ((sys.executable, "-c", "print(1, flush=True); raise SystemExit('no torch')"), "no torch"),
        ((sys.executable, "-c", "raise SystemExit(3)"), "it ended with 3"),
        ((sys.executable, "-m", "no_such_module"), "No module named no_such_module"),
    ],
)
def test_one_that_does_not_start(
    engine_home: EngineHome, launch: Launch, command: tuple[str, ...], why: str
) -> None:
    engine_home.write_launch(replace(launch, command=command))
    with pytest.raises(GpenError) as broken:
        reach(engine_home)
    assert broken.value.code == "engine_broken"
    assert broken.value.sentence.startswith("The GPEN engine does not start (")
    assert why in broken.value.sentence
    assert broken.value.hint.endswith("run: python3 install.py")


def test_one_that_never_answers(engine_home: EngineHome, launch: Launch) -> None:
    command = (sys.executable, "-c", "import time; time.sleep(3)")
    engine_home.write_launch(replace(launch, command=command))
    with pytest.raises(GpenError, match="did not answer within 0 seconds"):
        reach(engine_home, patience=0.4)
    cancel = iter([False, True])
    with pytest.raises(GpenError) as cancelled:
        reach(engine_home, cancelled=lambda: next(cancel))
    assert cancelled.value.code == "cancelled"


def test_none_was_ever_installed(engine_home: EngineHome) -> None:
    with pytest.raises(GpenError) as missing:
        reach(engine_home)
    assert missing.value.code == "engine_missing"
    assert "install.py" in missing.value.hint


def test_a_folder_that_was_deleted_while_it_ran(start: Start, engine_home: EngineHome) -> None:
    first = start()
    until(lambda: answers(engine_home))
    shutil.rmtree(engine_home.folder)
    second = start()
    until(lambda: answers(engine_home))
    first.terminate()
    assert first.wait(PATIENCE) == 0
    assert status_of(engine_home).pid == second.pid  # its socket and its lock are still there
    assert engine_home.lock.read_text() == str(second.pid)
    second.terminate()
    assert second.wait(PATIENCE) == 0
    assert list(engine_home.private.iterdir()) == [engine_home.private / "key"]
