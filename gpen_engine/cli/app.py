"""The commands, put together."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ..version import version
from .batch import batch
from .bench import bench
from .doctor import doctor
from .inspect import inspect
from .models import models
from .restore import restore
from .sample import sample
from .serve import serve
from .tasks import palette
from .train import train
from .video import video


class Commands(TyperGroup):
    """Knows that ``gpen --input ...``, as scripts for other GPEN tools write it, restores."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0].startswith("-") and any(a.split("=")[0] == "--input" for a in args):
            args = ["restore", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="gpen",
    cls=Commands,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"gpen {version()}")
        raise typer.Exit


@app.callback()
def gpen(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and leave."
        ),
    ] = False,
) -> None:
    """Restores the faces of photographs, with GPEN."""


app.command()(restore)
app.command()(batch)
app.command()(inspect)
app.command()(video)
app.add_typer(models, name="models")
app.command()(train)
app.command()(sample)
app.command()(serve)
app.command()(doctor)
app.command()(bench)
app.command()(palette)
