"""``gpen doctor``: what is wrong, and what mends it."""

from __future__ import annotations

from typing import Annotated

import typer

from .console import guarded


@guarded
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="For bug reports.")] = False,
) -> None:
    """Checks the whole installation; for each fault it shows what mends it.

    Names, pictures and your home folder stay out of what it prints. Status 1 when there is a fault.
    """
    from ..doctor import main

    raise typer.Exit(main(["--json"] if as_json else []))
