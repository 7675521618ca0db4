"""What ``gpen restore --task`` chooses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import GpenError
from .choices import Choices

if TYPE_CHECKING:
    from ..restore.task import Task

NAMES = ("restore", "colorize")


@dataclass(frozen=True)
class TaskChoices:
    """The task and what only some of them take, as typed."""

    name: str

    def check(self) -> None:
        """Refuses what cannot be meant, before anything is read.

        Raises:
            GpenError: ``bad_option``.
        """
        if self.name not in NAMES:
            raise GpenError(
                "bad_option",
                f'There is no task "{self.name}".',
                f"Choose {', '.join(NAMES[:-1])} or {NAMES[-1]}.",
            )

    def task(self, choices: Choices) -> Task:
        """The task with its networks loaded; the catalogue's model for it, where none is named.

        Raises:
            GpenError: those of ``Choices.restorer``; ``wrong_task`` for a model
                of another task.
        """
        from ..checkpoints.catalogue import ENTRIES
        from ..restore.task import Task, check_task

        model = choices.model or next(e.name for e in ENTRIES if e.task == self.name)
        for name in (model, Path(model).stem):  # before the seconds of loading it
            check_task(name, self.name)
        choices = replace(choices, model=model)
        match self.name:
            case "colorize":
                from ..tasks.colorize import Colorizer

                return Colorizer(choices.restorer())
            case _:
                return Task(choices.restorer())
