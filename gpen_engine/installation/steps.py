"""Doing steps once: what is finished is not repeated, what was cut short is."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ..lock import Lock
from .advice import advice
from .screen import Run

STATE = "install-state.json"
LOG = "install.log"


class Failed(Exception):
    """The installer cannot go on; the text is one sentence for the user."""


class Step(NamedTuple):
    """Something that is done once."""

    name: str  # in the state file
    does: str  # on the screen; also read after "Could not"
    key: str  # done while the state file holds this for it; empty: it looks itself what is to do
    work: Callable[[Run], tuple[int, str]]  # returns the exit status and what was printed
    plan: list[str]  # what it does, for those who only want to know
    makes: tuple[Path, ...] = ()  # what must still be there for the step to count as done


def command(name: str, does: str, key: str, words: Sequence[str], *makes: Path) -> Step:
    """A step that is one command."""
    return Step(name, does, key, lambda run: run(words), [shlex.join(words)], makes)


def install(steps: Sequence[Step], env: Path, run: Run, say: Callable[[str], None]) -> None:
    """Runs every step that is not done yet; raises Failed at the first that does not succeed."""
    done = claim(env)
    if is_done(steps[0], done) and run([str(python_of(env)), "-c", "import pip"])[0] != 0:
        done = {}  # its Python is gone or another one, as after an upgrade of the system
    for number, step in enumerate(steps, 1):
        title = f"[{number}/{len(steps)}] {step.does}"
        if is_done(step, done):
            say(f"{title}: already done")
            continue
        say(title)
        for later in steps[number - 1 :]:  # what follows stands on this step
            done.pop(later.name, None)
        write_state(env, done)
        if number == 1:
            empty(env)
        forget_half_installed(env)
        started = time.monotonic()
        status, output = step.work(run)
        if status != 0:
            raise Failed(
                f"Could not {step.does}: {advice(output)}. Then run the same command again, it "
                f"goes on from here. The whole story is in {env / LOG}"
            )
        done[step.name] = step.key
        write_state(env, done)
        say(f"      done in {time.monotonic() - started:.0f} s")


def is_done(step: Step, done: dict[str, str]) -> bool:
    made = all(path.exists() for path in step.makes)
    return bool(step.key) and done.get(step.name) == step.key and made


@contextmanager
def alone(env: Path) -> Iterator[int]:
    """Keeps a second installer out; raises Failed when one is at work. The lock lies beside.

    Gives the lock's handle: a command that outlives a killed installer is to hold it as well.
    """
    env.parent.mkdir(parents=True, exist_ok=True)
    lock = Lock(env.with_name(f"{env.name}.lock"))
    if not lock.take():
        raise Failed(
            f"Another installer (process {lock.holder()}) is at work on {env}; wait until it has "
            "ended."
        )
    try:
        yield lock.handle
    finally:
        lock.release()


def claim(env: Path) -> dict[str, str]:
    """Makes the folder ours and returns what is done there.

    The state file is there before anything else. It tells a half-made environment, which may be
    emptied, from a folder of the user's, which may not: Failed is raised for that.
    """
    env.mkdir(parents=True, exist_ok=True)
    if not (env / STATE).exists():
        if any(path.name != f"{STATE}.new" for path in env.iterdir()):
            raise Failed(
                f"{env} holds something that this installer did not make, so it is left alone; "
                "move it away, or choose another place with --venv FOLDER."
            )
        write_state(env, {})
    return read_state(env)


def read_state(env: Path) -> dict[str, str]:
    try:
        return dict(json.loads((env / STATE).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return {}


def write_state(env: Path, done: dict[str, str]) -> None:
    fresh = env / f"{STATE}.new"
    fresh.write_text(json.dumps(done, indent=1) + "\n", encoding="utf-8")
    fresh.replace(env / STATE)


def empty(env: Path) -> None:
    for path in env.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name not in (STATE, LOG):
            path.unlink()


def forget_half_installed(env: Path) -> None:
    """Lets pip see that a package is not there when an earlier pip was killed while copying it.

    pip writes INSTALLER last, but takes a package for installed once its METADATA is there.
    """
    for packages in (*env.glob("lib/*/site-packages"), env / "Lib/site-packages"):
        for info in packages.glob("*.dist-info"):
            if not (info / "INSTALLER").exists():
                shutil.rmtree(info)


def python_of(env: Path) -> Path:
    return env / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def fingerprint(base: Path, *sources: Path) -> str:
    """One short sum over the names, as seen from ``base``, and contents of files and folders."""
    total = hashlib.sha256()
    for source in sources:
        for path in sorted([source, *source.rglob("*")]):
            if path.is_file() and "__pycache__" not in path.parts:
                total.update(path.relative_to(base).as_posix().encode() + b"\0")
                total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:16]
