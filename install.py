#!/usr/bin/env python3
"""Sets up the GPEN engine and the GIMP plug-in, and shows that they work: ``python3 install.py``.

``python3 install.py --test`` runs the tests instead, in an environment of their own;
``--help`` names what else it can do.

Everything happens in steps. Run it again at any time: finished steps are not repeated, a step
that was cut short is. Standard library only, and it must start under Python 3.9, for which it
fetches a newer one or says what to do.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from gpen_engine.errors import GpenError
from gpen_engine.installation import torch_build, uninstalling
from gpen_engine.installation.advice import advice
from gpen_engine.installation.environment import (
    OLDEST,
    QUIETLY,
    Uv,
    newer_python_needed,
)
from gpen_engine.installation.gimps import found
from gpen_engine.installation.hardware import detect
from gpen_engine.installation.options import parse
from gpen_engine.installation.product import CHOICE, Product
from gpen_engine.installation.screen import FOREVER, Screen, run_logged
from gpen_engine.installation.steps import (
    LOG,
    Failed,
    Step,
    alone,
    install,
    is_done,
    python_of,
    read_state,
)
from gpen_engine.wire.home import EngineHome

HERE = Path(__file__).resolve().parent
TESTS_FAILED, NO_TESTS = 1, 5
"""Exit statuses of pytest."""


def main(argv: Sequence[str] | None = None) -> int:
    options, extra = parse(argv)
    screen = Screen(options.verbose)
    env = environment(options)
    try:
        if options.uninstall:
            return uninstall(options, env, screen)
        if options.fill_offline is not None:
            return fill(options, screen)
        return set_up(options, extra, env, screen)
    except Failed as failure:
        screen.say(str(failure))
    except GpenError as error:
        screen.say(str(error))
    except OSError as error:
        screen.say(f"Cannot use {error.filename or env}: {advice(error.strerror or str(error))}.")
    except KeyboardInterrupt:
        screen.say("Stopped. Run the same command again, it goes on where it was.")
        return 130
    return 1


def environment(options: argparse.Namespace) -> Path:
    """The folder of the engine's Python environment."""
    if options.venv:
        env: Path = options.venv
    elif options.uninstall:
        env = uninstalling.environment_of(EngineHome.of_user())
    else:
        env = HERE / ".venv" if options.test else EngineHome.of_user().folder / "env"
    return env.expanduser().absolute()


# Installing


def set_up(options: argparse.Namespace, extra: Sequence[str], env: Path, screen: Screen) -> int:
    needs_newer = sys.version_info[:2] < OLDEST
    if needs_newer and (options.test or options.offline or options.python == "here"):
        raise Failed(newer_python_needed())
    if torch_build.is_missing_here():
        raise Failed("PyTorch is not made for Macs with Intel processors any more, so this fails.")
    if options.offline and not any(options.offline.glob("torch-*.whl")):
        raise Failed(
            f"There is no PyTorch in {options.offline}; fill it on a computer of the same kind "
            f"with: python3 install.py --fill-offline {shlex.quote(str(options.offline))}"
        )
    product = Product(HERE, env, options, screen.say)
    steps = product.test_steps() if options.test else product.steps()
    if not options.test:
        say_what_was_found(screen)
    if options.dry_run:
        show_plan(steps, env, screen)
        return 0
    screen.say(f"Setting up the GPEN engine in {env}")
    with alone(env) as lock:
        surroundings = {**Uv(product.home).variables, **where_from(options), **room(env)}

        def run(command: Sequence[str], patience: float = FOREVER, /) -> tuple[int, str]:
            (env / "tmp").mkdir(exist_ok=True)
            return run_logged(command, env / LOG, screen, surroundings, patience, [lock])

        try:
            install(steps, env, run, screen.say)
        finally:
            shutil.rmtree(env / "tmp", ignore_errors=True)
        if options.test:
            prepare_gimp(env, screen)
            return run_tests(env, extra)
    say_what_was_done(options, env, screen)
    return 0


def where_from(options: argparse.Namespace) -> dict[str, str]:
    """Tells pip to take everything from a folder, if that is wanted."""
    if options.offline is None:
        return {}
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(options.offline.absolute())}


def room(env: Path) -> dict[str, str]:
    """pip unpacks gigabytes: not in /tmp, which may be small, nor where a killed one litters."""
    return {"TMPDIR": str(env / "tmp")} if os.name == "posix" else {}


def say_what_was_found(screen: Screen) -> None:
    gimps = found()
    names = [f"{gimp.version} ({gimp.kind})" for gimp in gimps if gimp.supported]
    if names:
        screen.say(f"Found: GIMP {' and '.join(names)}")
    for gimp in gimps:
        if not gimp.supported:
            screen.say(f"Not for GIMP {gimp.version} ({gimp.kind}): {gimp.note}")


def show_plan(steps: Sequence[Step], env: Path, screen: Screen) -> None:
    done = read_state(env)
    so_far = True
    for number, step in enumerate(steps, 1):
        so_far = so_far and is_done(step, done)
        title = f"[{number}/{len(steps)}] {step.does}"
        screen.say(f"{title}{': already done' if so_far else ''}")
        for line in step.plan:
            screen.say(f"      {line}")


def say_what_was_done(options: argparse.Namespace, env: Path, screen: Screen) -> None:
    """In five lines."""
    device = (env / CHOICE).read_text(encoding="utf-8").strip()
    what = {"cpu": "the processor", "cuda": "the graphics card"}.get(device, device)
    versions = sorted({gimp.version for gimp in found() if gimp.supported and gimp.profile})
    if versions:
        screen.say(
            f"Done: the engine computes on {what}, the plug-in is in GIMP {' and '.join(versions)}."
        )
        screen.say(
            "In GIMP (start it anew), open a photo: Filters > Enhance > Restore Faces (GPEN)…"
        )
    else:
        screen.say(f"Done: the engine computes on {what}.")
        screen.say("No GIMP 3 was found: install it, and run this again for the plug-in.")
    screen.say(f"A portrait before and after: {env / 'sample'}")
    gpen = shlex.quote(str(python_of(env).with_name("gpen.exe" if os.name == "nt" else "gpen")))
    screen.say(f"On the command line: {gpen} restore PHOTO -o RESULT")
    if not options.models and not options.no_models:
        screen.say(f"Better than the small model that came along: {gpen} models get GPEN-BFR-512")


# In place of installing


def uninstall(options: argparse.Namespace, env: Path, screen: Screen) -> int:
    home = EngineHome.of_user()
    if options.dry_run:
        uninstalling.show(home, env, options.purge, screen.say)
        return 0
    if not env.parent.is_dir():
        uninstalling.uninstall(home, env, options.purge, screen.say)
        return 0
    with alone(env):
        uninstalling.uninstall(home, env, options.purge, screen.say)
    with contextlib.suppress(OSError):  # the models, or something of the user's, are in it
        home.folder.rmdir()
    return 0


def fill(options: argparse.Namespace, screen: Screen) -> int:
    """Downloads into a folder what another computer of this kind can be set up from."""
    if sys.version_info[:2] < OLDEST:
        raise Failed(newer_python_needed())
    folder = options.fill_offline.expanduser().absolute()
    build = torch_build.choose(options.device, detect())
    pip = [sys.executable, "-m", "pip", "download", *QUIETLY, "--dest", str(folder)]
    # The first of these is there by then, so that pip finds no other build newer.
    rest = [*pip, "--find-links", str(folder), torch_build.TORCH, torch_build.TORCHVISION]
    rest += ["hatchling", str(HERE)]
    size = torch_build.SIZES[build.tag][0]
    screen.say(f"Filling {folder} with about {size} MB. {build.shown}")
    if options.dry_run:
        screen.say(shlex.join(rest))
        return 0
    folder.mkdir(parents=True, exist_ok=True)

    def run(command: Sequence[str], patience: float = FOREVER, /) -> tuple[int, str]:
        return run_logged(command, folder / LOG, screen, patience=patience)

    status, output = torch_build.install(build, pip, run)
    if status == 0:
        status, output = run(rest)
    if status != 0:
        raise Failed(f"Could not download everything: {advice(output)}. Run it again, it goes on.")
    screen.say("Put weights files there too, if you have any. On the other computer:")
    screen.say("      python3 install.py --offline FOLDER   (with the same version of Python)")
    return 0


def prepare_gimp(env: Path, screen: Screen) -> None:
    """A real GIMP 3.0 and 3.2 to test in, where this system allows it."""
    screen.say("Preparing GIMP 3.0 and 3.2 for the tests (once about two minutes)")
    if subprocess.call([str(python_of(env)), str(HERE / "tests/gimp/roots.py"), "all"]) != 0:
        screen.say("Left out: the tests in a real GIMP, for the reason above.")


def run_tests(env: Path, extra: Sequence[str]) -> int:
    """pytest with its own output, once more for the tests that run apart; returns its exit
    status."""
    # A process per core, four at most since each loads torch, and so one thread in each.
    spread = ["-n", "auto", "--maxprocesses", "4", "--dist", "worksteal"]
    command = [str(python_of(env)), "-m", "pytest", "-q", "-rs"]
    variables = {"OMP_NUM_THREADS": "1", **os.environ}
    status = subprocess.call([*command, *spread, *extra], cwd=HERE, env=variables)
    if status not in (0, TESTS_FAILED, NO_TESTS):
        return status
    apart = subprocess.call([*command, "--apart", *extra], cwd=HERE, env=variables)
    return max({status, apart} - {NO_TESTS}, default=NO_TESTS)


def stop(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    sys.exit(main())
