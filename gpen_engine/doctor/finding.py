"""What a check found."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..errors import GpenError
from ..installation.steps import STATE
from ..wire import EngineHome, Launch

MARKS = ("ok", "warning", "fault", "note")
NEW_COPY = "Download GPEN for GIMP again and run in its folder:"


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    mark: str
    """One of ``MARKS``. With a fault something does not work; a warning is worth a look."""
    name: str
    """What it is about, short and always the same."""
    sentence: str
    cure: str = ""
    """The command that mends it, or a step to take; may be empty."""


@dataclass(frozen=True)
class Case:
    """The installation that is looked at."""

    home: EngineHome

    @classmethod
    def of_user(cls) -> Case:
        return cls(EngineHome.of_user())

    @cached_property
    def launch(self) -> Launch | None:
        """What the installer wrote for GIMP; None when it cannot be read."""
        try:
            return self.home.launch()
        except GpenError:
            return None

    @cached_property
    def product(self) -> Path | None:
        """The folder that the engine was installed from; None when it is gone."""
        if self.launch:
            installer = Path((shlex.split(self.launch.repair) or [""])[-1])
        else:  # as it is unpacked
            installer = Path(__file__).parents[2] / "install.py"
        return installer.parent if installer.is_absolute() and installer.is_file() else None

    @cached_property
    def env(self) -> Path | None:
        """The environment that runs this, if the installer made it."""
        env = Path(sys.prefix)
        return env if (env / STATE).is_file() else None

    def repair(self, *options: str) -> str:
        """The command that installs what is missing; finished steps are not repeated."""
        place = [] if self.env in (None, self.home.folder / "env") else ["--venv", str(self.env)]
        if self.product is None:
            return f"{NEW_COPY} {command(['python3', 'install.py', *place, *options])}"
        return command(["python3", self.product / "install.py", *place, *options])

    def anew(self, path: Path) -> str:
        """Deletes what is broken, so that the installer sees that it has to make it again."""
        if self.product is None or os.name == "nt":
            return f"Delete {path}, then: {self.repair()}"
        return f"{command(['rm', '-rf', path])} && {self.repair()}"

    def placed_anew(self) -> str:
        """Puts the plug-in into every profile again, and tells GIMP anew how to start the engine:
        by the file that tells it the installer sees whether that was done."""
        return self.anew(self.home.launch_file)

    def environment_anew(self) -> str:
        """Installs all packages again, most of them from pip's cache."""
        return self.anew(self.env) if self.env else self.repair()

    def gpen(self, *words: str | Path) -> str:
        """A command of this engine, for a terminal that may know nothing of its environment."""
        beside = Path(sys.executable).with_name("gpen.exe" if os.name == "nt" else "gpen")
        if shutil.which("gpen") == str(beside):
            return command(["gpen", *words])
        program = [beside] if beside.is_file() else [sys.executable, "-m", "gpen_engine"]
        return command([*program, *words])


def command(words: Sequence[str | Path]) -> str:
    """A command as it is typed in a terminal of this system."""
    texts = [str(word) for word in words]
    return subprocess.list2cmdline(texts) if os.name == "nt" else shlex.join(texts)


def faults(findings: Iterable[Finding]) -> int:
    return sum(finding.mark == "fault" for finding in findings)
