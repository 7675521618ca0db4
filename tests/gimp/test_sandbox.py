"""Runs in a root are shut off from each other and leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sandbox
from console import Gimp, RootGimp

HERE = Path(__file__).resolve().parent


@pytest.fixture
def root(gimp: Gimp) -> Path:
    if not isinstance(gimp, RootGimp):
        pytest.skip("an installed GIMP has no root")
    return gimp.root


def shell(root: Path, script: str, folder: Path, limit: float = 20) -> sandbox.Finished:
    home = folder / "home"
    home.mkdir(parents=True)
    return sandbox.run(root, ["sh", "-c", script], output=folder / "out", home=home, limit=limit)


def alive(mark: str) -> bool:
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    return mark in listed.stdout


def test_status_output_and_what_may_be_written(root: Path, tmp_path: Path) -> None:
    script = "echo told; pwd; touch /usr/x /etc/x /var/x; echo y > y; ls -A /tmp; id -u >&2; exit 3"
    done = shell(root, script, tmp_path)
    assert done.status == 3
    lines = done.output.splitlines()
    assert lines[:2] == ["told", str(tmp_path / "home")]
    assert sum("Read-only file system" in line for line in lines) == 3
    assert lines[-1] == "0"
    assert (tmp_path / "home" / "y").read_text() == "y\n"


def test_two_at_once_do_not_meet(root: Path, tmp_path: Path) -> None:
    # Both use the same file and the same X display, and both are there at the same time.
    script = (
        "Xvfb :1 -noreset -screen 0 64x64x24 2>&1 & echo {name} > /tmp/name; touch ~/ready; "
        "until xdpyinfo -display :1 > /dev/null 2>&1; do sleep 0.05; done; "
        "xprop -display :1 -root -format WHO 8s -set WHO {name}; sleep 1; "
        "xprop -display :1 -root WHO; cat /tmp/name; ps -e | grep -c Xvfb"
    )
    with ThreadPoolExecutor(2) as pool:
        names = ["first", "second"]
        runs = [pool.submit(shell, root, script.format(name=n), tmp_path / n) for n in names]
        for name, run in zip(names, runs, strict=True):
            assert run.result().output.splitlines()[-3:] == [f'WHO(STRING) = "{name}"', name, "1"]
    begun = [(tmp_path / name / "home" / "ready").stat().st_mtime for name in names]
    assert abs(begun[0] - begun[1]) < 1


def test_the_time_limit_ends_everything(root: Path, tmp_path: Path) -> None:
    mark = f"9{os.getpid()}"
    done = shell(root, f"sleep {mark} & setsid sleep {mark} & sleep {mark}", tmp_path, limit=1)
    assert done.status is None
    assert done.seconds < 5
    assert not alive(f"sleep {mark}")


def test_a_killed_pytest_takes_its_runs_with_it(root: Path, tmp_path: Path) -> None:
    mark = f"8{os.getpid()}"
    code = (
        f"import sys; sys.path.insert(0, {str(HERE)!r}); import sandbox; from pathlib import Path; "
        f"sandbox.run(Path({str(root)!r}), ['sleep', '{mark}'], output=Path('out'), home=Path('.'))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path)
    wait_until(lambda: alive(f"sleep {mark}"))
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_until(lambda: not alive(f"sleep {mark}"))


def wait_until(so: Callable[[], bool], patience: float = 10) -> None:
    end = time.monotonic() + patience
    while not so():
        assert time.monotonic() < end
        time.sleep(0.05)
