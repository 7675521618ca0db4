"""A real GIMP for tests: one in a Debian root, or the one installed on this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, Protocol

import pytest
import roots
import sandbox
from attendant import Attendant

from gpen_engine.installation.placing import place

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
INSIDE = HERE / "inside"


@dataclass(frozen=True)
class Setting:
    """What surrounds a run of GIMP.

    Attributes:
        before: called before GIMP is started (and not by workers that only read results).
        plugin: puts a plug-in into a profile; None for GIMP as it is.
        files: contents of files that the half inside finds in its work folder.
        environment: variables for GIMP and its plug-ins.
        readable: folders of this machine that are seen inside, at the same paths; the checkout
            always is.
        writable: those that may be written to as well, such as the engine's home.
        calls: functions that the half inside may call, by the name it uses.
        limit: seconds for one start of GIMP, with everything that runs in it.
    """

    before: Callable[[], object] | None = None
    plugin: Callable[[Path], None] | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    readable: Sequence[Path] = ()
    writable: Sequence[Path] = ()
    calls: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    limit: float = 300


class Gimp(Protocol):
    """A GIMP that can be started any number of times, also at the same time.

    Attributes:
        name: "3.0", "3.2" or "installed".
        version: like "3.0.4".
        has_screen: whether windows can be tested.
    """

    name: str
    version: str
    has_screen: bool

    def new_home(self, home: Path) -> Path:
        """Makes a home folder for one run; returns GIMP's profile folder in it."""
        ...

    def start(
        self, command: Sequence[str], home: Path, output: Path, setting: Setting
    ) -> sandbox.Finished:
        """Runs a command with this GIMP on its path."""
        ...


class RootGimp:
    """GIMP in a Debian root."""

    has_screen = True

    def __init__(self, name: str) -> None:
        self.name = name
        made = roots.obtain(roots.SUITES[name])
        self.root, self._home, self.version = made

    def new_home(self, home: Path) -> Path:
        shutil.copytree(self._home, home)
        return home / ".config" / "GIMP" / ".".join(self.version.split(".")[:2])

    def start(
        self, command: Sequence[str], home: Path, output: Path, setting: Setting
    ) -> sandbox.Finished:
        return sandbox.run(
            self.root,
            command,
            output=output,
            home=home,
            readable=[CHECKOUT, *setting.readable],
            writable=[home.parent, *setting.writable],
            environment=setting.environment,
            limit=setting.limit,
        )


class InstalledGimp:
    """The GIMP 3 of this machine, with a profile of its own; without windows."""

    name = "installed"
    has_screen = False

    def __init__(self) -> None:
        for program in ("gimp-console-3.2", "gimp-console-3.0", "gimp-console"):
            self._program = shutil.which(program)
            if self._program:
                break
        else:
            raise roots.RootUnavailable("There is no gimp-console on this machine's PATH.")
        said = subprocess.run([self._program, "--version"], capture_output=True, text=True).stdout
        self.version = said.split()[-1] if said.split() else "unknown"
        if not self.version.startswith("3."):
            raise roots.RootUnavailable(f"GIMP {self.version} is installed here, and not GIMP 3.")

    def new_home(self, home: Path) -> Path:
        profile = home / "profile"
        profile.mkdir(parents=True)
        return profile

    def start(
        self, command: Sequence[str], home: Path, output: Path, setting: Setting
    ) -> sandbox.Finished:
        assert self._program is not None
        assert command[0] == "gimp-console", "only what has no window runs in an installed GIMP"
        environment = {
            **os.environ,
            "GIMP3_DIRECTORY": str(home / "profile"),
            **setting.environment,
        }
        argv = [self._program, *command[1:]]
        return sandbox.watch(argv, output=output, environment=environment, limit=setting.limit)


def do_without(error: roots.RootUnavailable) -> NoReturn:
    """Skips what needs a GIMP that cannot be had; fails where GPEN_REQUIRE_GIMP is set (CI)."""
    if os.environ.get("GPEN_REQUIRE_GIMP", "0") not in ("", "0"):
        pytest.fail(f"GPEN_REQUIRE_GIMP is set. {error}", pytrace=False)
    pytest.skip(str(error))


def place_plugin(profile: Path) -> None:
    """Puts this checkout's plug-in into a profile, as the installer does."""
    place(CHECKOUT, profile)


class HalvesFailed(AssertionError):
    """GIMP did not come as far as it should; the text holds what it said."""


def run_halves(
    gimp: Gimp, decorator: str, file: Path, names: Iterable[str], folder: Path, setting: Setting
) -> None:
    """Runs the given functions of a test file in one GIMP, or as few as crashes allow.

    Args:
        gimp: where.
        decorator: ``in_gimp``, or ``on_screen`` for functions that start GIMP themselves.
        file: the test file.
        names: of the functions, run in this order.
        folder: gets ``home`` and ``work``, with ``work/results/NAME.json`` for each function.
        setting: what surrounds the run.

    Raises:
        HalvesFailed: GIMP did not even come to a function.
    """
    work, home = folder / "work", folder / "home"
    work.mkdir(parents=True, exist_ok=True)
    for name, content in setting.files.items():
        (work / name).write_bytes(content)
    if setting.before:
        setting.before()
    profile = gimp.new_home(home)
    if setting.plugin:
        setting.plugin(profile)
    job = folder / "job.json"
    left = list(names)
    with Attendant(work / "calls", setting.calls):
        while left:
            facts = {"file": str(file), "decorator": decorator, "names": left}
            job.write_text(json.dumps({**facts, "work": str(work), "inside": str(INSIDE)}))
            output = folder / f"output-{len(left)}.txt"
            done = gimp.start(_command(decorator, job), home, output, setting)
            left = _left_after(done, left, work / "results")


def _command(decorator: str, job: Path) -> list[str]:
    runner = str(INSIDE / "run_halves.py")
    if decorator == "on_screen":
        return ["dbus-run-session", "--", "python3", runner, str(job)]
    code = f"import runpy; runpy.run_path({runner!r})['main']({str(job)!r})"
    batch = ["--batch-interpreter=python-fu-eval", "-b", code]
    return ["gimp-console", "-i", "-d", "--quit", *batch]


def _left_after(done: sandbox.Finished, wanted: list[str], results: Path) -> list[str]:
    """Notes what a start of GIMP printed for each function, and which still have to run."""
    said = _by_function(done.output)
    for name in wanted:
        note = results / f"{name}.json"
        if not note.exists():
            break
        result = json.loads(note.read_text())
        note.write_text(json.dumps({**result, "output": said.get(name, "")}))
    else:
        if done.status != 0:
            raise HalvesFailed(f"GIMP ended with status {done.status}:\n{done.output}")
        return []
    if not (results / f"{name}.started").exists():
        raise HalvesFailed(f"GIMP ended with status {done.status} before {name}:\n{done.output}")
    why = "the time was over" if done.status is None else f"it ended with status {done.status}"
    error = f"GIMP did not finish {name}: {why}"
    note.write_text(json.dumps({"value": None, "error": error, "output": said.get(name, "")}))
    return wanted[wanted.index(name) + 1 :]


def _by_function(output: str) -> dict[str, str]:
    parts = ("\n" + output).split("\n== ")[1:]
    return {part.partition("\n")[0].strip(): part.partition("\n")[2] for part in parts}
