"""What ``gpen restore --task`` chooses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import GpenError
from ..wire import TASKS
from .choices import Choices
from .console import guarded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..restore.task import Task
    from ..tasks.choice import TaskChoice

PANEL = "Tasks"
TASK = Annotated[
    str, typer.Option(metavar="|".join(TASKS), rich_help_panel=PANEL, help="What is done.")
]
SCALE = Annotated[
    int | None,
    typer.Option(metavar="2|4", rich_help_panel=PANEL, help="For enlarge; 2 by default."),
]
UPSCALER = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|PATH|none",
        rich_help_panel=PANEL,
        help="For enlarge: an ESRGAN-like network; by default realesrnet, if it is here.",
    ),
]


@dataclass(frozen=True)
class TaskChoices:
    """The task and what only some of them take, as typed."""

    name: str
    mask: Path | None = None
    scale: int | None = None
    upscaler: str | None = None
    """A name, a file or ``none``."""

    def checked(self) -> TaskChoice:
        """The choice, unless it cannot be meant; nothing is read for that.

        Raises:
            GpenError: ``bad_option``.
        """
        from ..tasks.choice import TaskChoice

        choice = TaskChoice(self.name)
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
        return replace(choice, scale=self.scale or choice.scale, upscaler=self.upscaler or "")

    def task(self, choices: Choices) -> Task:
        """The task with its networks loaded; the catalogue's model for it, where none is named.

        Raises:
            GpenError: those of ``checked``, ``Choices.restorer``, ``Upscaler`` and ``read_mask``;
                ``wrong_task`` for a model of another task.
        """
        choice = self.checked()
        hole = read_mask(self.mask) if self.mask else None
        upscaler = choice.load_upscaler(choices.device)
        restorer = for_task(choices, choice).restorer()
        return choice.made(restorer, upscaler=upscaler, hole=hole)


def for_task(choices: Choices, choice: TaskChoice) -> Choices:
    """The choices with the task's own model where none was named.

    Raises:
        GpenError: ``wrong_task``.
    """
    return replace(choices, model=choice.model(choices.model or "") or None)


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
