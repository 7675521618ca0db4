"""The Python environment that the engine gets, and the Python that it is made with."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin

from ..wire.home import EngineHome
from .advice import NO_PIP
from .screen import Run
from .steps import Failed, python_of

OLDEST = (3, 11)
NEWEST = (3, 13)
"""Of those that uv is asked for; a newer one that runs the installer may be used all the same."""
QUIETLY = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
OF_ITSELF = ["install", *QUIETLY, "--ignore-installed", "pip"]
"""The borrowed one takes itself for installed."""
PIP_ON_PYPI = "https://pypi.org/pypi/pip/json"
PATIENCE = 30.0
"""Seconds without an answer."""
UV_PATIENCE = 600.0
"""Seconds in which uv must have fetched a Python, of 30 MB."""


def make(
    env: Path, home: EngineHome, own: bool, run: Run, say: Callable[[str], None]
) -> tuple[int, str]:
    """Makes the environment in the folder ``env``.

    Args:
        own: with a Python of our own if one can be had, else with the one that runs this.

    Returns:
        Exit status and output of the last command.

    Raises:
        Failed: no Python is new enough.
    """
    uv = Uv(home)
    python = uv.python(run) if own else sys.executable
    shutil.rmtree(uv.folder, ignore_errors=True)  # 40 MB; it has done its work
    if python is None:
        if sys.version_info[:2] < OLDEST:
            raise Failed(f"A newer Python could not be fetched. {newer_python_needed()}")
        shutil.rmtree(uv.pythons, ignore_errors=True)
        say("      No Python of its own could be fetched, so the engine gets that of this system.")
        python = sys.executable
    status, output = run([python, "-m", "venv", str(env)])
    if status == 0 or not re.search(NO_PIP, output):
        return status, output
    pip = borrowed_pip(home.folder / "uv")
    if pip is None:
        return status, output
    status, output = run([python, "-m", "venv", "--without-pip", str(env)])
    return run([str(python_of(env)), pip, *OF_ITSELF]) if status == 0 else (status, output)


class Uv:
    """A tool that is used for one thing only: to fetch a Python below the engine's home.

    That Python does not change when the system is upgraded, and it runs inside of GIMP's Flatpak
    too, which has other system folders but the same home. The packages are installed by pip all
    the same, so that what the user set up for pip holds: mirrors, proxies, folders of wheels.
    """

    def __init__(self, home: EngineHome) -> None:
        self.folder = home.folder / "uv"
        self.pythons = home.folder / "python"

    @property
    def variables(self) -> dict[str, str]:
        """They keep uv inside of the home, and let it give up soon; the user's own limits hold."""
        limits = {"UV_HTTP_RETRIES": "1", "UV_HTTP_CONNECT_TIMEOUT": "10", "UV_HTTP_TIMEOUT": "30"}
        return {
            **{name: os.environ.get(name, value) for name, value in limits.items()},
            "UV_CACHE_DIR": str(self.folder / "cache"),
            "UV_PYTHON_INSTALL_DIR": str(self.pythons),
            "UV_PYTHON_INSTALL_BIN": "0",
            "UV_PYTHON_INSTALL_REGISTRY": "0",
        }

    def get(self, run: Run) -> str | None:
        """Its path: that of the system, else one of our own; None where there is none to get."""
        present = shutil.which("uv")
        if present:
            return present
        tool = self.folder / "tool"
        own = tool / "bin" / ("uv.exe" if os.name == "nt" else "uv")
        shutil.rmtree(tool, ignore_errors=True)  # of an installer that was killed
        pip = borrowed_pip(self.folder)
        if pip is None:
            return None
        options = [*QUIETLY, "--retries", "2", "--timeout", "15", "--target", str(tool)]
        status, _ = run([sys.executable, pip, "install", *options, "uv"])
        return str(own) if status == 0 and own.exists() else None

    def python(self, run: Run) -> str | None:
        """A Python of our own; None where none can be had. One that is here costs no network."""
        uv = self.get(run)
        if uv is None or run([uv, "python", "install", wanted_version()], UV_PATIENCE)[0] != 0:
            return None
        status, output = run([uv, "python", "find", "--managed-python", wanted_version()])
        lines = output.strip().splitlines()
        return lines[-1] if status == 0 and lines else None


def wanted_version() -> str:
    """Of the Python for uv to fetch: as the one that runs this, since the user's folders of wheels
    may hold those for one version only."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return "{}.{}".format(*sys.version_info[:2])
    return "3.12"


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


def borrowed_pip(folder: Path) -> str | None:
    """A pip that Python can be started with, as ``python PIP install``; None if there is none.

    That of this Python, else the wheel from the package index, which runs as it is.
    """
    here = importlib.util.find_spec("pip")
    if here is not None and here.origin is not None:
        return str(Path(here.origin).parent)
    wheel = folder / "pip.whl"
    try:
        with urllib.request.urlopen(PIP_ON_PYPI, timeout=PATIENCE) as answer:
            files = json.load(answer)["urls"]
        file = next(file for file in files if file["packagetype"] == "bdist_wheel")
        with urllib.request.urlopen(urljoin(PIP_ON_PYPI, file["url"]), timeout=PATIENCE) as answer:
            content = answer.read()
    except (OSError, ValueError, KeyError, StopIteration):
        return None
    if hashlib.sha256(content).hexdigest() != file["digests"]["sha256"]:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    wheel.write_bytes(content)
    return str(wheel / "pip")
