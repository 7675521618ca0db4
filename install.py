#!/usr/bin/env python3
"""Sets up the GPEN engine and the GIMP plug-in, and shows that they work: ``python3 install.py``.

``python3 install.py --test`` runs the tests instead, in an environment of their own.

Everything happens in steps. Run it again at any time: finished steps are not repeated, a step
that was cut short is. Standard library only, and it must start under Python 3.9, if only to say
that the engine needs a newer one.
"""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from gpen_engine.installation.profiles import profiles
from gpen_engine.installation.screen import Screen, run_logged
from gpen_engine.installation.steps import (
    LOG,
    Failed,
    Step,
    advice,
    fingerprint,
    install,
    is_done,
    python_of,
    read_state,
)
from gpen_engine.wire.home import EngineHome

HERE = Path(__file__).resolve().parent
OLDEST = (3, 11)
# torch is asked for alone and first, then named again with what needs it: it is by far the largest
# part, and so nothing can replace the build that was chosen, or fetch a second one.
TORCH = "torch==2.13.0"
TORCHVISION = "torchvision==0.28.0"
# The steps


def product_steps(env: Path) -> list[Step]:
    """The engine as a copy in ``env``: this folder may be deleted afterwards."""
    source = fingerprint(HERE, HERE / "gpen_engine", HERE / "pyproject.toml")
    engine = pip(env, TORCH, TORCHVISION, str(HERE))
    python, sample = str(python_of(env)), env / "sample"
    restore = [python, "-m", "gpen_engine", "sample", "-o", str(sample)]
    place = [python, "-m", "gpen_engine.installation.placing", str(HERE)]
    parts = [source, fingerprint(HERE, HERE / "gimp_plugin"), *map(str, profiles())]
    link = EngineHome.of_user().launch_file
    return [
        *first_steps(env),
        Step("engine", "install the engine", source, engine, env),
        Step("plug-in", "put the plug-in into GIMP", " ".join(parts), place, link),
        Step("sample", "restore the sample portrait", source, restore, sample),
    ]


def test_steps(env: Path) -> list[Step]:
    """The engine as it lies here, and what its tests need."""
    source = f"{fingerprint(HERE, HERE / 'pyproject.toml')} in {HERE}"
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


def prepare_gimp(env: Path, say: Callable[[str], None]) -> None:
    """A real GIMP 3.0 and 3.2 to test in, where this system allows it."""
    say("Preparing GIMP 3.0 and 3.2 for the tests (once about two minutes)")
    if subprocess.call([str(python_of(env)), str(HERE / "tests/gimp/roots.py"), "all"]) != 0:
        say("Left out: the tests in a real GIMP, for the reason above.")


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
    env = options.venv or (HERE / ".venv" if options.test else EngineHome.of_user().folder / "env")
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
            prepare_gimp(env, screen.say)
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
        description="Sets up the GPEN engine and the GIMP plug-in, and restores a sample.",
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
    if profiles():
        versions = " and ".join(profile.name for profile in profiles())
        say(f"In GIMP {versions} (start it anew): Filters > Enhance > Restore Faces (GPEN)…")
    else:
        say("Not set up: the GIMP plug-in, because no GIMP 3 was found. Install GIMP 3, start it")
        say("      once, and run this again.")
    gpen = python_of(env).with_name("gpen.exe" if os.name == "nt" else "gpen")
    say(f"On the command line: {shlex.quote(str(gpen))} restore PHOTO -o RESULT")
    say("Not downloaded: the published GPEN weights; a small model that comes along did this.")
    say(f"      Put weights files that you have into {EngineHome.of_user().models}")


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
