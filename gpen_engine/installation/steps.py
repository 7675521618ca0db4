"""Doing steps once: what is finished is not repeated, what was cut short is."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

STATE = "install-state.json"
LOG = "install.log"

# What venv and pip print when they fail -> what the user can do. The first that fits is shown.
HINTS = {
    r"ensurepip|No module named '?venv": "Python's venv part is missing (on Debian and Ubuntu: "
    "sudo apt install python3-venv)",
    r"No space left|Errno 28\b|not enough space": "the disk is full (this takes about 2 GB, and "
    "room for temporary files); make room, or choose another disk with --venv FOLDER",
    r"NewConnection|NameResolution|name resolution|ProxyError|SSLError|Max retries|timed out"
    r"|Connection (aborted|refused|reset)": "the package registry cannot be reached; check the "
    "network, or the proxy in the variable HTTPS_PROXY",
    r"Permission denied|Read-only file system|Access is denied": "a folder may not be written to; "
    "choose another with --venv FOLDER",
    r"No matching distribution": "a package does not exist for this Python and system; try Python "
    "3.11, 3.12 or 3.13",
}


class Failed(Exception):
    """The installer cannot go on; the text is one sentence for the user."""


class Step(NamedTuple):
    """One command that is run once."""

    name: str  # in the state file
    does: str  # on the screen; also read after "Could not"
    key: str  # done while the state file holds this for it: a new key means doing it again
    command: list[str]
    makes: Path  # what must still be there for the step to count as done


Run = Callable[[Sequence[str]], "tuple[int, str]"]
"""Runs a command; returns its exit status and what it printed."""


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
        status, output = run(step.command)
        if status != 0:
            raise Failed(
                f"Could not {step.does}: {advice(output)}. Then run the same command again, it "
                f"goes on from here. The whole story is in {env / LOG}"
            )
        done[step.name] = step.key
        write_state(env, done)
        say(f"      done in {time.monotonic() - started:.0f} s")


def is_done(step: Step, done: dict[str, str]) -> bool:
    return done.get(step.name) == step.key and step.makes.exists()


def advice(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()][-30:]
    for pattern, hint in HINTS.items():
        if re.search(pattern, "\n".join(lines), re.IGNORECASE):
            return hint
    return lines[-1].rstrip(".") if lines else "it said nothing"


def claim(env: Path) -> dict[str, str]:
    """Makes the folder ours and returns what is done there.

    The state file is there before anything else. It tells a half-made environment, which may be
    emptied, from a folder of the user's, which may not: Failed is raised for that.
    """
    env.mkdir(parents=True, exist_ok=True)
    if not (env / STATE).exists():
        if any(env.iterdir()):
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
