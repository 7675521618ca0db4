#!/usr/bin/env python3
"""Sets up the GPEN engine and shows that it works: ``python3 install.py``.

``python3 install.py --test`` runs the tests instead, in an environment of their own.

Everything happens in steps. Run it again at any time: finished steps are not repeated, a step
that was cut short is. Standard library only, and it must start under Python 3.9, if only to say
that the engine needs a newer one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

HERE = Path(__file__).resolve().parent
OLDEST = (3, 11)
# torch is asked for alone and first, then named again with what needs it: it is by far the largest
# part, and so nothing can replace the build that was chosen, or fetch a second one.
TORCH = "torch==2.13.0"
TORCHVISION = "torchvision==0.28.0"
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


# The steps


def product_steps(env: Path) -> list[Step]:
    """The engine as a copy in ``env``: this folder may be deleted afterwards."""
    source = fingerprint(HERE / "gpen_engine", HERE / "pyproject.toml")
    engine = pip(env, TORCH, TORCHVISION, str(HERE))
    sample = env / "sample"
    restore = [str(python_of(env)), "-m", "gpen_engine", "sample", "-o", str(sample)]
    return [
        *first_steps(env),
        Step("engine", "install the engine", source, engine, env),
        Step("sample", "restore the sample portrait", source, restore, sample),
    ]


def test_steps(env: Path) -> list[Step]:
    """The engine as it lies here, and what its tests need."""
    source = f"{fingerprint(HERE / 'pyproject.toml')} in {HERE}"
    engine = pip(env, TORCH, TORCHVISION, "--editable", f"{HERE}[test]")
    return [
        *first_steps(env),
        Step("engine", "install the engine and the test tools", source, engine, env),
    ]


def first_steps(env: Path) -> list[Step]:
    venv = [sys.executable, "-m", "venv", str(env)]
    return [
        Step("environment", "make a Python environment", "venv", venv, python_of(env)),
        Step("torch", "install PyTorch, the largest part", TORCH, pip(env, TORCH), env),
    ]


def pip(env: Path, *wanted: str) -> list[str]:
    options = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    return [str(python_of(env)), "-m", "pip", "install", *options, *wanted]


def python_of(env: Path) -> Path:
    return env / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def user_folder() -> Path:
    """Where programs of this user keep what they install."""
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA", "~/AppData/Local"), "gpen-gimp")
    if sys.platform == "darwin":
        return Path("~/Library/Application Support/gpen-gimp")
    return Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share", "gpen-gimp")


def fingerprint(*sources: Path) -> str:
    """One short sum over the names and contents of these files and folders."""
    total = hashlib.sha256()
    for source in sources:
        for path in sorted([source, *source.rglob("*")]):
            if path.is_file() and "__pycache__" not in path.parts:
                total.update(path.relative_to(HERE).as_posix().encode() + b"\0")
                total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:16]


# Doing them, once


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


# Screen, log and commands


class Screen:
    """Lines that stay and, on a terminal, one passing line below them: what goes on right now."""

    def __init__(self, verbose: bool) -> None:
        self.verbose = verbose
        self.passing = sys.stdout.isatty() and not verbose

    def say(self, line: str) -> None:
        self.show("")
        print(line, flush=True)

    def show(self, line: str) -> None:
        if self.passing:
            width = shutil.get_terminal_size().columns - 1
            print("\r" + line[:width].ljust(width), end="\r", flush=True)

    def output(self, line: str) -> None:
        """A line that a command printed."""
        if self.verbose:
            print("      " + line, end="", flush=True)
        elif re.match(r"\s*(Collecting|Downloading|Using cached|Building|Installing) ", line):
            self.show("      " + re.sub(r"\S*/", "", line.strip()))


def run_logged(command: Sequence[str], log: Path, screen: Screen) -> tuple[int, str]:
    """Runs the command with its output in the log; stops it too when the installer is stopped."""
    astray = {"PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"}
    process = subprocess.Popen(
        command,
        env={k: v for k, v in os.environ.items() if k not in astray} | {"PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    lines = []
    assert process.stdout is not None  # it was asked for
    try:
        with log.open("a", encoding="utf-8") as file:
            file.write(f"$ {shlex.join(command)}\n")
            for line in process.stdout:
                lines.append(line)
                file.write(line)
                file.flush()
                screen.output(line)
        return process.wait(), "".join(lines)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def run_tests(env: Path, extra: Sequence[str]) -> int:
    """pytest with its own output; returns its exit status."""
    # A process per core, four at most since each loads torch, and so one thread in each.
    spread = ["-n", "auto", "--maxprocesses", "4", "--dist", "worksteal"]
    command = [str(python_of(env)), "-m", "pytest", "-q", "-rs", *spread, *extra]
    return subprocess.call(command, cwd=HERE, env={"OMP_NUM_THREADS": "1", **os.environ})


# The command line


def main(argv: Sequence[str] | None = None) -> int:
    if sys.version_info < OLDEST:
        print(newer_python_needed(), file=sys.stderr)
        return 2
    options, extra = parse(argv)
    env = options.venv or (HERE / ".venv" if options.test else user_folder() / "env")
    env = env.expanduser().absolute()
    steps = test_steps(env) if options.test else product_steps(env)
    if options.dry_run:
        show_plan(steps, env)
        return 0
    screen = Screen(options.verbose)
    log = env / LOG

    def run(command: Sequence[str]) -> tuple[int, str]:
        return run_logged(command, log, screen)

    try:
        screen.say(f"Setting up the GPEN engine in {env}")
        install(steps, env, run, screen.say)
        if options.test:
            return run_tests(env, extra)
        say_what_was_done(env, screen.say)
    except Failed as failure:
        screen.say(str(failure))
        return 1
    except OSError as error:
        screen.say(f"Cannot use {error.filename or env}: {advice(error.strerror or str(error))}.")
        return 1
    except KeyboardInterrupt:
        screen.say("Stopped. Run the same command again, it goes on where it was.")
        return 130
    return 0


def parse(argv: Sequence[str] | None) -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(
        allow_abbrev=False,
        description="Sets up the GPEN engine and restores a sample portrait with it.",
        epilog="With --test, all other arguments go to pytest: --test -k masks",
    )
    parser.add_argument("--test", action="store_true", help="run the tests, in .venv beside this")
    parser.add_argument("--venv", "--env", type=Path, metavar="FOLDER", help="install there")
    parser.add_argument("--dry-run", action="store_true", help="only print the steps")
    parser.add_argument("--verbose", action="store_true", help="show what pip prints")
    options, extra = parser.parse_known_args(argv)
    if extra and not options.test:
        parser.error(f"unknown: {shlex.join(extra)}")
    return options, extra


def show_plan(steps: Sequence[Step], env: Path) -> None:
    done = read_state(env)
    so_far = True
    for number, step in enumerate(steps, 1):
        so_far = so_far and is_done(step, done)
        print(f"[{number}/{len(steps)}] {step.does}{': already done' if so_far else ''}")
        print("     ", shlex.join(step.command))


def say_what_was_done(env: Path, say: Callable[[str], None]) -> None:
    say("The engine works. The sample portrait before and after is here:")
    for picture in sorted((env / "sample").iterdir()):
        say(f"      {picture}")
    gpen = python_of(env).with_name("gpen.exe" if os.name == "nt" else "gpen")
    say(f"Restore a photo of yours: {shlex.quote(str(gpen))} restore PHOTO -o RESULT")
    say("Not set up: the GIMP plug-in, which is not part of this version yet.")
    say("Not downloaded: the published GPEN weights; a small model that comes along did this.")


def newer_python_needed() -> str:
    ways = {
        "win32": "winget install Python.Python.3.13",
        "darwin": "brew install python, or the installer from python.org",
        "linux": "the python3 of Debian 12, Ubuntu 24.04 and Fedora will do, and on older systems "
        "python3.11 or newer from a backport, conda or pyenv",
    }
    have = ".".join(map(str, sys.version_info[:3]))
    way = ways.get(sys.platform, "see python.org")
    return f"The GPEN engine needs Python 3.11 or newer and this is {have}; to get one: {way}."


def stop(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    sys.exit(main())
