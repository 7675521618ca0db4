"""Which task is done, and with what: said once for the command line, batches and the engine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from ..checkpoints import find_model
from ..checkpoints.catalogue import ENTRIES, known
from ..errors import GpenError
from ..restore import Restorer
from ..restore.task import Task, check_task
from ..wire import TASKS
from .colorize import Colorizer
from .enlarge import Enlarger, check_scale
from .inpaint import Completer
from .seg2face import FaceDrawer
from .upscaling import Upscaler

MODELS = {"enlarge": "restore"}
"""The catalogue's task of a task's models, where that is another."""
NO_UPSCALER = "none"


@dataclass(frozen=True)
class TaskChoice:
    """A task, and what it takes beside a picture and ``RestoreOptions``.

    Raises:
        GpenError: ``bad_option``.
    """

    name: str = "restore"
    """One of ``TASKS``."""
    scale: int = 2
    """For ``enlarge``: how many times larger the picture becomes."""
    upscaler: str = ""
    """For ``enlarge``: name or path of a network, or ``NO_UPSCALER``; empty for the published one
    of this scale if it is installed."""

    def __post_init__(self) -> None:
        if self.name not in TASKS:
            raise GpenError(
                "bad_option",
                f'There is no task "{self.name}".',
                f"Choose {', '.join(TASKS[:-1])} or {TASKS[-1]}.",
            )
        if self.name == "enlarge":
            check_scale(self.scale)

    @property
    def times(self) -> int:
        """How many times larger the result is."""
        return self.scale if self.name == "enlarge" else 1

    def model(self, named: str = "") -> str:
        """Name or path of the model; empty for whatever restores when nobody chose.

        Args:
            named: what was chosen, if anything.

        Raises:
            GpenError: ``wrong_task`` when that is known to be for another task.
        """
        kind = MODELS.get(self.name, self.name)
        for name in (named, Path(named).stem):
            check_task(name, kind)
        if named or kind == "restore":
            return named
        return next(entry.name for entry in ENTRIES if entry.task == kind)

    def upscaler_file(self) -> Path | None:
        """The weights of the network for all but the faces; None where none is to be used.

        Raises:
            GpenError: ``wrong_task``, ``model_missing``.
        """
        if self.name != "enlarge" or self.upscaler == NO_UPSCALER:
            return None
        if self.upscaler:
            check_task(self.upscaler, "upscale")
            return find_model(self.upscaler)
        usual = known(f"realesrnet_x{self.scale}")
        return usual.path if usual else None

    def load_upscaler(self, device: str | torch.device) -> Upscaler | None:
        """That network; raises GpenError as ``upscaler_file`` and ``Upscaler`` do."""
        weights = self.upscaler_file()
        return Upscaler(weights, device) if weights else None

    def made(
        self,
        restorer: Restorer,
        *,
        upscaler: Upscaler | None = None,
        hole: NDArray[Any] | None = None,
        keep_size: bool = False,
    ) -> Task:
        """The task itself.

        Args:
            restorer: with a model for it.
            upscaler: see ``Enlarger``.
            hole: see ``Completer``.
            keep_size: see ``FaceDrawer``.

        Raises:
            GpenError: ``wrong_task``.
        """
        match self.name:
            case "colorize":
                return Colorizer(restorer)
            case "inpaint":
                return Completer(restorer, hole)
            case "seg2face":
                return FaceDrawer(restorer, keep_size=keep_size)
            case "enlarge":
                return Enlarger(restorer, self.scale, upscaler)
            case _:
                return Task(restorer)
