"""``gpen models``: weights files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import GpenError
from .console import guarded

models = typer.Typer(no_args_is_help=True, help="Lists and converts weights.")


@models.command("list")
@guarded
def list_models() -> None:
    """Shows the models that have a name."""
    from ..checkpoints.catalogue import ENTRIES

    for entry in ENTRIES:
        there = entry.path.is_file()
        size = megabytes(entry.path) if there else "not installed"
        print(f"{entry.name}  {size}  {entry.path}")


@models.command()
@guarded
def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A weights file of any form.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help=".safetensors, .pth or .pt")],
    dtype: Annotated[
        str | None,
        typer.Option(metavar="float32|float16|bfloat16", help="Precision; float16 halves it."),
    ] = None,
    layout: Annotated[
        str | None, typer.Option(metavar="flat|sectioned", help="How the tensors are stored.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Writes weights in another format, layout or precision."""
    import torch

    from ..checkpoints import convert as write
    from ..checkpoints import open_checkpoint

    if target.exists() and not force:
        raise GpenError(
            "output_exists",
            f"The file {target} already exists.",
            "Choose another name, or allow overwriting (--force).",
        )
    found = open_checkpoint(source)
    with torch.device("meta"):  # the file holds constants too; only the network can tell
        parameters = sum(p.numel() for p in found.form.build(found.config).parameters())
    assert found.path is not None, "it came from a file"
    lines = [
        f"Found: {found.name}, a {found.form.name}",
        f"  {found.config.in_size} pixels in, {found.config.out_size} out,"
        f" {parameters / 1e6:.1f} million parameters",
        f"  {found.path}: {found.layout}, {megabytes(found.path)}",
    ]
    write(source, target, dtype=dtype, layout=layout)
    if not quiet:
        print("\n".join([*lines, f"Written: {target}: {megabytes(target)}"]))


def megabytes(path: Path) -> str:
    """A file's size, in millions of bytes."""
    return f"{path.stat().st_size / 1e6:.1f} MB"
