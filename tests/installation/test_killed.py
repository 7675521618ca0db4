"""An installer that is killed again and again, with the real venv and pip, and small wheels."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from gpen_engine.installation.steps import STATE, python_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="kills as POSIX does"),
]
ROOT = Path(__file__).resolve().parents[2]
INSTALLER = """
import sys
from functools import partial
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from gpen_engine.installation.screen import FOREVER, Screen, run_logged
from gpen_engine.installation.steps import LOG, Failed, alone, command, install, python_of
env, wheels = Path(sys.argv[2]), sys.argv[3]
python, venv = str(python_of(env)), [sys.executable, "-m", "venv", str(env)]
pip = [python, "-m", "pip", "install", "--no-index", "--find-links", wheels]
steps = [
    command("environment", "make it", "1", venv, python_of(env)),
    command("torch", "install one", "1", [*pip, "one"], env),
    command("engine", "install two", "1", [*pip, "two"], env),
]
try:
    with alone(env) as lock:
        def run(words, patience=FOREVER, /):
            return run_logged(words, env / LOG, Screen(False), {}, patience, [lock])
        install(steps, env, run, partial(print, flush=True))
except Failed as failure:
    print(failure)
    sys.exit(3 if "Another installer" in str(failure) else 1)
"""


def wheel(folder: Path, name: str, files: int) -> None:
    """A package of many small modules, so that copying it takes a while."""
    info = f"{name}-1.dist-info"
    content = {f"{name}/m{number}.py": f"VALUE = {number}\n" for number in range(files)}
    content[f"{name}/__init__.py"] = "".join(f"from . import m{n}\n" for n in range(files))
    content[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n"
    content[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = f"{info}/RECORD"
    content[record] = "".join(f"{path},,\n" for path in [*content, record])
    with zipfile.ZipFile(folder / f"{name}-1-py3-none-any.whl", "w") as archive:
        for path, text in content.items():
            archive.writestr(path, text)


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    wheel(wheels, "one", 800)
    wheel(wheels, "two", 800)
    return [sys.executable, "-c", INSTALLER, str(ROOT), str(tmp_path / "env"), str(wheels)]


def finished(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Runs it to its end, as soon as no command of a killed one is at work any more."""
    for _ in range(600):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 3:
            return done
        time.sleep(0.1)
    raise AssertionError(done.stdout)


def test_killed_at_five_random_moments_it_recovers(command: list[str], tmp_path: Path) -> None:
    env = tmp_path / "env"
    dice = random.Random(4)
    for _ in range(5):
        installer = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        started = time.monotonic()
        # Some way into a step, whichever the machine has come to by then.
        while time.monotonic() - started < 60 and installer.poll() is None:
            if (env / "pyvenv.cfg").exists() or dice.random() < 0.1:
                break
            time.sleep(0.02)
        time.sleep(dice.uniform(0, 4))
        installer.kill()  # only it: what it runs at the moment goes on alone
        installer.wait()
    done = finished(command)
    assert done.returncode == 0, done.stdout + done.stderr
    state = json.loads((env / STATE).read_text())
    assert state == {"environment": "1", "torch": "1", "engine": "1"}
    check = "import one, two; print(one.m799.VALUE + two.m799.VALUE)"
    assert subprocess.check_output([python_of(env), "-c", check], text=True) == "1598\n"
    assert finished(command).stdout.count("already done") == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["env", "wheels"]
