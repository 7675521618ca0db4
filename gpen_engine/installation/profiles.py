"""The profile folders of GIMP 3, one for each minor version."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path


def profiles() -> list[Path]:
    """The profile folders of this user, oldest version first.

    These are the folders of every GIMP 3 that was started once, Flatpaks among them, and that of
    the GIMP on the PATH even before its first start.
    """
    chosen = os.environ.get("GIMP3_DIRECTORY")
    if chosen:
        return [Path(chosen)]
    base = profile_base()
    found = {path.name for path in base.glob("3.*") if path.is_dir()} if base.is_dir() else set()
    names = {name for name in {*found, installed_version()} if re.fullmatch(r"3\.\d+", name)}
    return [base / name for name in sorted(names, key=lambda name: int(name.partition(".")[2]))]


def profile_base() -> Path:
    """Where GIMP keeps the profiles of all its versions."""
    if os.name == "nt":
        return Path(os.environ.get("APPDATA", "~/AppData/Roaming"), "GIMP").expanduser()
    if sys.platform == "darwin":
        return Path("~/Library/Application Support/GIMP").expanduser()
    return Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config", "GIMP").expanduser()


def installed_version() -> str:
    """ "3.0" or the like for the GIMP on the PATH; empty where there is none."""
    program = shutil.which("gimp-console") or shutil.which("gimp")
    if program is None:
        return ""
    try:
        said = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=30, check=False
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    version = re.search(r"\b(3\.\d+)\.\d+", said)
    return version[1] if version else ""
