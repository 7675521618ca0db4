"""What ``gpen restore --task`` chooses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import GpenError
from .choices import Choices
from .console import guarded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..restore.task import Task

NAMES = ("restore", "colorize", "inpaint", "seg2face", "enlarge")
MODELS = {"enlarge": "restore"}
"""The catalogue's task of a task's models, where that is another."""


@dataclass(frozen=True)
class TaskChoices:
    """The task and what only some of them take, as typed."""

    name: str
    mask: Path | None = None
    scale: int | None = None
    upscaler: str | None = None
    """A name, a file or ``none``."""

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
        if (self.mask is not None) != (self.name == "inpaint"):
            raise GpenError(
                "bad_option",
                "The task inpaint, and no other, takes a mask.",
                "Give both: --task inpaint --mask FILE, where white is the hole.",
            )
        if self.name != "enlarge" and (self.scale is not None or self.upscaler is not None):
            raise GpenError(
                "bad_option",
                "Only the task enlarge takes a scale and an upscaler.",
                "Add --task enlarge, or leave them out.",
            )
        if self.scale not in (None, 2, 4):
            raise GpenError(
                "bad_option", f"Pictures are not enlarged {self.scale} times.", "Choose 2 or 4."
            )

    def task(self, choices: Choices) -> Task:
        """The task with its networks loaded; the catalogue's model for it, where none is named.

        Raises:
            GpenError: those of ``Choices.restorer`` and ``read_mask``; ``wrong_task`` for a model
                of another task.
        """
        from ..checkpoints.catalogue import ENTRIES
        from ..restore.task import Task, check_task

        kind = MODELS.get(self.name, self.name)
        model = choices.model or next(e.name for e in ENTRIES if e.task == kind)
        for name in (model, Path(model).stem):  # before the seconds of loading it
            check_task(name, kind)
        choices = replace(choices, model=model)
        match self.name:
            case "colorize":
                from ..tasks.colorize import Colorizer

                return Colorizer(choices.restorer())
            case "inpaint" if self.mask:
                from ..tasks.inpaint import Completer

                hole = read_mask(self.mask)
                return Completer(choices.restorer(), hole)
            case "seg2face":
                from ..tasks.seg2face import FaceDrawer

                return FaceDrawer(choices.restorer())
            case "enlarge":
                return self._enlarger(choices)
            case _:
                return Task(choices.restorer())

    def _enlarger(self, choices: Choices) -> Task:
        from ..checkpoints import find_model
        from ..checkpoints.catalogue import known
        from ..restore.task import check_task
        from ..tasks.enlarge import Enlarger
        from ..tasks.upscaling import Upscaler

        scale = self.scale or 2
        usual = known(f"realesrnet_x{scale}")
        weights = usual and usual.path
        if self.upscaler is not None:
            check_task(self.upscaler, "upscale")
            weights = None if self.upscaler == "none" else find_model(self.upscaler)
        upscaler = Upscaler(weights, choices.device) if weights else None
        return Enlarger(choices.restorer(), scale, upscaler)


def read_mask(path: Path) -> NDArray[np.float32]:
    """(H, W) float32 in 0..1: a picture's luma, black where it is transparent.

    Raises:
        GpenError: those of ``read_picture``.
    """
    from ..pictures import read_picture, to_unit
    from ..pixels import Pixels
    from ..restore.layering import in_channels

    picture = read_picture(path)
    height, width = picture.pixels.shape[:2]
    mask = in_channels(Pixels(picture.pixels).rgb((0, 0, width, height)), 1)[:, :, 0]
    return mask if picture.alpha is None else mask * to_unit(picture.alpha)


@guarded
def palette(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE.gpl", help="The palette's file.")
    ],
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Writes the colours of face maps, each with its name, as a palette for GIMP."""
    from ..tasks.palette import write_palette

    if output.suffix.lower() != ".gpl":
        raise GpenError(
            "bad_output", f"The name {output.name} does not end in .gpl.", "GIMP goes by that."
        )
    if output.exists() and not force:
        raise GpenError(
            "output_exists",
            f"The file {output} already exists.",
            "Choose another name, or allow overwriting (--force).",
        )
    write_palette(output)
