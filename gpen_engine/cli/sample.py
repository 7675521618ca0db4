"""``gpen sample``: shows that everything works."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import guarded


@guarded
def sample(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Gets four pictures.")
    ],
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME|PATH", help="The weights; by default those that come along."),
    ] = None,
    device: Annotated[str, typer.Option(metavar="auto|cpu|cuda", help="What computes.")] = "auto",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Damages a portrait that comes along, and restores it.

    The folder gets it before, after and as it was taken, and a sheet of the three.
    """
    from ..checkpoints.catalogue import DEFAULT
    from ..restore import Restorer
    from ..sample import restore_sample

    restorer = Restorer(model or DEFAULT.name, device=device)
    for path in restore_sample(output, restorer):
        if not quiet:
            print(path)
