"""What is installed, step by step."""

from __future__ import annotations

import argparse
import shlex
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from ..wire.home import EngineHome
from . import environment, torch_build
from .hardware import detect
from .placing import NAME
from .profiles import profiles
from .screen import Run, surroundings
from .steps import Failed, Step, command, fingerprint, python_of
from .torch_build import TORCH, TORCHVISION, Build

CHOICE = "gpen-device.txt"
"""In the environment: the device that was seen to compute; see ``gpen_engine.device``."""
WEIGHTS = (".pth", ".pt", ".safetensors", ".onnx")

Say = Callable[[str], None]


class Product:
    """The steps that make an engine and a plug-in of the files in ``source``.

    Args:
        source: the folder that holds ``install.py``.
        env: where the engine goes.
        options: as ``options.parse`` gives them.
        say: tells the user something between two steps.
    """

    def __init__(self, source: Path, env: Path, options: argparse.Namespace, say: Say) -> None:
        self.source, self.env, self.options, self.say = source, env, options, say
        self.home = EngineHome.of_user()
        self.build: Build = torch_build.choose(options.device, detect())
        self.engine_key = fingerprint(source, source / "gpen_engine", source / "pyproject.toml")

    def steps(self) -> list[Step]:
        """The engine as a copy in the environment: the source may be deleted afterwards."""
        # The weights come last: they may take long, and the rest works without them.
        asked = [
            *([self.autostart()] if self.options.autostart else []),
            *([self.models()] if self.options.models else []),
            *([self.imported_models()] if self.found_models() else []),
        ]
        first = self.first_steps()
        return [*first, self.engine(), self.device(), self.plug_in(), self.sample(), *asked]

    def test_steps(self) -> list[Step]:
        """The engine as it lies here, and what its tests need."""
        key = f"{fingerprint(self.source, self.source / 'pyproject.toml')} in {self.source}"
        words = [*self.pip(), TORCH, TORCHVISION, "--editable", f"{self.source}[test]"]
        does = "install the engine and the test tools"
        return [*self.first_steps(), command("engine", does, key, words, self.env)]

    def first_steps(self) -> list[Step]:
        return [self.environment(), self.torch()]

    def environment(self) -> Step:
        # A Python of its own is the default, though it costs a download of 50 MB: an environment
        # on the system's Python breaks when the system is upgraded, and inside of GIMP's Flatpak,
        # which may be installed later. --test takes the Python at hand, as developers expect.
        here = self.options.python == "here" or self.options.test or self.options.offline

        def work(run: Run) -> tuple[int, str]:
            need_room(self.env, torch_build.SIZES[self.build.tag][1])
            return environment.make(self.env, self.home, not here, run, self.say)

        version = environment.wanted_version()
        fetch = f"uv python install {version}  (else the Python that runs this)"
        plan = [*([] if here else [fetch]), f"python -m venv {shlex.quote(str(self.env))}"]
        # Another Python than the one that is there is made for those only who ask for it.
        key = self.options.python or "a Python"
        made = python_of(self.env)
        return Step("environment", "make a Python environment", key, work, plan, (made,))

    def torch(self) -> Step:
        build, pip = self.build, self.pip()

        def work(run: Run) -> tuple[int, str]:
            download, disk = torch_build.SIZES[build.tag]
            size = "" if self.options.offline else f"; about {download} MB to download in all"
            self.say(f"      {build.shown}{size}")
            need_room(self.env, disk)
            return torch_build.install(build, pip, run)

        plan = [build.shown, *(shlex.join([*pip, *way]) for way in torch_build.sources(build))]
        plan = [f"or: {line}" if number > 1 else line for number, line in enumerate(plan)]
        key = f"{TORCH} {build.tag}".rstrip()
        return Step("torch", "install PyTorch, the largest part", key, work, plan, (self.env,))

    def engine(self) -> Step:
        words = [*self.pip(), TORCH, TORCHVISION, str(self.source)]
        return command("engine", "install the engine", self.engine_key, words, self.env)

    def device(self) -> Step:
        def work(run: Run) -> tuple[int, str]:
            return self.settle(self.build.device, run)

        plan = [shlex.join(self.check(self.build.device))]
        if self.build.device != "cpu":
            plan.append("or, if it does not compute, the processor")
        key = f"{self.build.device}: {self.build.why}"
        return Step("device", "let the device compute", key, work, plan, (self.env / CHOICE,))

    def settle(self, device: str, run: Run) -> tuple[int, str]:
        """Makes the device the engine's if it computes, else the processor, and says so."""
        status, output = run(self.check(device))
        if status == 0 or device == "cpu":
            return status, output
        why = (output.strip().splitlines() or ["it crashed"])[-1].rstrip(".")
        self.say(f"      The processor is used instead of the graphics: {why}.")
        return run(self.check("cpu"))

    def check(self, device: str) -> list[str]:
        return self.module("device_check", device)

    def plug_in(self) -> Step:
        folders = [folder.expanduser().absolute() for folder in self.options.plug_in_dir]
        extra = [word for folder in folders for word in ("--plug-in-dir", str(folder))]
        words = self.module("installation.placing", str(self.source), *extra)
        places = [*(profile / "plug-ins" for profile in profiles()), *folders]
        made = [self.home.launch_file, *(place / NAME for place in places)]
        parts = [self.engine_key, fingerprint(self.source, self.source / "gimp_plugin")]
        key = " ".join([*parts, *map(str, places)])
        return command("plug-in", "put the plug-in into GIMP", key, words, *made)

    def autostart(self) -> Step:
        words = self.module("installation.autostart", "on")
        return command("autostart", "let the system start the engine", "", words)

    def sample(self) -> Step:
        folder = self.env / "sample"
        words = self.gpen("sample", "-o", str(folder))

        def work(run: Run) -> tuple[int, str]:
            status, output = run(words)
            if status != 0 and (self.env / CHOICE).read_text(encoding="utf-8").strip() != "cpu":
                self.say("      The graphics failed at a photo, so the processor is used.")
                run(self.check("cpu"))
                return run(words)
            return status, output

        key = f"{self.engine_key} {self.build.device}"
        plan = [shlex.join(words)]
        return Step("sample", "restore the sample portrait", key, work, plan, (folder,))

    def models(self) -> Step:
        accept = ["--accept"] if self.options.accept_terms else []
        return self.shown("get the weights", ["get", *accept, *self.options.models])

    def found_models(self) -> list[str]:
        """Weights in the folder that everything is taken from."""
        folder = self.options.offline
        files = sorted(folder.iterdir()) if folder and folder.is_dir() else []
        return [str(path.absolute()) for path in files if path.suffix in WEIGHTS]

    def imported_models(self) -> Step:
        return self.shown("import the weights", ["import", "--force", *self.found_models()])

    def shown(self, does: str, words: Sequence[str]) -> Step:
        """Work on models: speaks with the user itself, and sees what there is to do."""
        words = self.gpen("models", *words)

        def work(_: Run) -> tuple[int, str]:
            return subprocess.call(words, env=surroundings({})), "for the reason above"

        return Step("models", does, "", work, [shlex.join(words)])

    def pip(self) -> list[str]:
        return [str(python_of(self.env)), "-m", "pip", "install", *environment.QUIETLY]

    def gpen(self, *words: str) -> list[str]:
        return [str(python_of(self.env)), "-P", "-m", "gpen_engine", *words]

    def module(self, name: str, *words: str) -> list[str]:
        return [str(python_of(self.env)), "-P", "-m", f"gpen_engine.{name}", *words]


def need_room(folder: Path, megabytes: int) -> None:
    """Raises Failed when the disk has less, before a long download instead of after it."""
    free = shutil.disk_usage(folder).free // 1_000_000
    if free < megabytes:
        raise Failed(
            f"There is too little room in {folder}: this takes about {megabytes} MB and {free} MB "
            "are free; make room, or choose another disk with --venv FOLDER."
        )
