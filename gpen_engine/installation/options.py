"""The command line of ``install.py``."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from .torch_build import DEVICES

EPILOG = """Run it again at any time: what is finished is not repeated, what was cut short is.
With --test, all arguments that are not explained here go to pytest: --test -k masks"""


def parse(argv: Sequence[str] | None) -> tuple[argparse.Namespace, list[str]]:
    """The options, and what is meant for pytest."""
    parser = argparse.ArgumentParser(
        prog="install.py",
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Sets up the GPEN engine and the GIMP plug-in, and restores a sample.",
        epilog=EPILOG,
    )
    what = parser.add_argument_group("what to install")
    what.add_argument("--models", nargs="+", metavar="NAME", help="also download these weights")
    what.add_argument("--no-models", action="store_true", help="do not speak of further weights")
    what.add_argument(
        "--accept-terms", action="store_true", help="accept the weights' terms without being asked"
    )
    what.add_argument(
        "--device", choices=DEVICES, default="auto", help="what computes; rocm is AMD, xpu is Intel"
    )
    what.add_argument(
        "--autostart", action="store_true", help="let the system start the engine when GIMP asks"
    )
    where = parser.add_argument_group("where, and from where")
    where.add_argument("--venv", "--env", type=Path, metavar="FOLDER", help="put the engine there")
    where.add_argument(
        "--plug-in-dir",
        type=Path,
        action="append",
        default=[],
        metavar="FOLDER",
        help="put the plug-in there too; a folder that GIMP looks for plug-ins in",
    )
    python = where.add_mutually_exclusive_group()
    python.add_argument(
        "--uv", dest="python", action="store_const", const="uv", help="fetch a Python of its own"
    )
    python.add_argument(
        "--no-uv", dest="python", action="store_const", const="here", help="use this Python"
    )
    where.add_argument(
        "--offline", type=Path, metavar="FOLDER", help="take everything from this folder"
    )
    where.add_argument(
        "--fill-offline", type=Path, metavar="FOLDER", help="only download what --offline needs"
    )
    instead = parser.add_argument_group("instead of installing")
    instead.add_argument("--dry-run", action="store_true", help="only say what would be done")
    instead.add_argument("--uninstall", action="store_true", help="remove all but the weights")
    instead.add_argument("--purge", action="store_true", help="with --uninstall: the weights too")
    instead.add_argument("--test", action="store_true", help="run the tests, in .venv beside this")
    parser.add_argument("--verbose", action="store_true", help="show what pip and others print")
    options, extra = parser.parse_known_args(argv)
    trouble = complaint(options, extra)
    if trouble:
        parser.error(trouble)
    return options, extra


def complaint(options: argparse.Namespace, extra: Sequence[str]) -> str:
    """What does not go together; empty if all does."""
    if extra and not options.test:
        return f"unknown: {shlex.join(extra)}"
    modes = [options.uninstall, options.test, options.fill_offline is not None]
    if sum(modes) > 1:
        return "give one of --uninstall, --test and --fill-offline"
    if options.purge and not options.uninstall:
        return "--purge goes with --uninstall"
    if options.models and options.no_models:
        return "give one of --models and --no-models"
    if options.offline and (options.models or options.python == "uv"):
        return "--offline downloads nothing, so --models and --uv do not go with it"
    asking = options.models and not options.dry_run and not options.accept_terms
    if asking and not (sys.stdin and sys.stdin.isatty()):
        return "nobody can be asked here; add --accept-terms to accept the terms of the weights"
    return ""
