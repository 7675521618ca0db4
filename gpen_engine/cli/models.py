"""``gpen models``: weights files, known and own."""

from __future__ import annotations

import json as json_format
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import GpenError
from .asking import agree, asked_name
from .console import guarded, progress_bar

if TYPE_CHECKING:
    from ..checkpoints.catalogue import Entry
    from ..checkpoints.download import Progress, ProgressHook

models = typer.Typer(no_args_is_help=True, help="Lists, fetches, checks and converts weights.")

Names = Annotated[list[str], typer.Argument(metavar="NAME...", help="Names of models.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]


@models.command("list")
@guarded
def list_models(
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Shows the known models and your own: which are here, and what they may be used for."""
    from ..checkpoints.catalogue import ENTRIES, known, own_models
    from ..wire import EngineHome

    own = [path for path in own_models() if known(path.stem) is None]
    if json:
        rows = [_described(entry) for entry in ENTRIES]
        rows += [
            {"name": path.stem, "path": str(path), "bytes": path.stat().st_size} for path in own
        ]
        print(json_format.dumps(rows, indent=1, ensure_ascii=False))
        return
    terms = list(dict.fromkeys(entry.terms for entry in ENTRIES))
    lines = [("model", "here", "size", "pixels", "task", "terms")]
    for entry in ENTRIES:
        path = entry.path
        size = megabytes(path) if path else f"{entry.megabytes:.1f} MB"
        note = f"({terms.index(entry.terms) + 1})"
        here = "-" if path is None else "embedded" if entry.embedded else "yes"
        pixels = "any" if entry.in_size is None else str(entry.in_size)
        lines.append((entry.name, here, size, pixels, entry.task, note))
    lines += [(path.stem, "yes", megabytes(path), "", "own", "") for path in own]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = zip(line, widths, strict=True)
        print("  ".join(cell.ljust(width) for cell, width in cells).rstrip())
    print()
    for number, sentence in enumerate(terms, 1):
        print(f"({number}) {sentence}")
    print(f"Models go to {EngineHome.of_user().models}.")


@models.command()
@guarded
def get(
    names: Names,
    accept: Annotated[
        bool, typer.Option("--accept", help="Accept the terms without being asked.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Downloads known models; goes on where it was interrupted."""
    from ..checkpoints.obtain import obtain

    entries = [_entry(name) for name in names]
    agree([entry for entry in entries if entry.path is None], accept=accept)
    for entry in entries:
        with _download_bar(entry, quiet=quiet) as show:
            there = obtain(entry, progress=show)
        if quiet:
            continue
        print(f"{entry.name}: {there.path}")
        whose = "the published sum" if there.published else "no sum is published; this one is kept"
        print(f"  SHA-256 {there.sha256} ({whose})")


@models.command()
@guarded
def verify(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME...]", help="All that are here by default.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Checks that weights files are whole and unchanged; status 1 when one is not."""
    from ..checkpoints import find_model
    from ..checkpoints.catalogue import ENTRIES, own_models
    from ..checkpoints.verify import verify as check

    embedded = [entry.path for entry in ENTRIES if entry.embedded and entry.path]
    paths = [find_model(name) for name in names] if names else [*embedded, *own_models()]
    verdicts = [check(path) for path in paths]
    for verdict in verdicts:
        if verdict.sound and quiet:
            continue
        mark = "ok " if verdict.sound else "BAD"
        print(f"{mark} {verdict.name}: {verdict.sentence}")
        print(f"    {verdict.path}")
        print(f"    SHA-256 {verdict.sha256 or 'unknown'}")
    if not all(verdict.sound for verdict in verdicts):
        raise GpenError(
            "bad_checkpoint",
            "Not every model is as it should be.",
            "Remove those and get them again: gpen models remove NAME, gpen models get NAME",
        )


@models.command("import")
@guarded
def import_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Weights files.")],
    name: Annotated[
        str | None,
        typer.Option("--as", metavar="NAME", help="What it is, where its content cannot tell."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a model of this name.")] = False,
    quiet: Quiet = False,
) -> None:
    """Takes files that you fetched by hand, known by their content, into the models' folder."""
    from ..checkpoints.importing import import_model, recognise

    if name is not None and len(files) > 1:
        raise GpenError("bad_option", "--as names one file, but several are given.")
    for file in files:
        found = recognise(file)
        path = import_model(found, name or found.name or asked_name(found), replace=force)
        if not quiet:
            whose = "a known sum" if found.published else "no sum to compare; this one is kept"
            print(f"{path.stem}: {path}")
            print(f"  SHA-256 of {file.name}: {found.sha256} ({whose})")


@models.command()
@guarded
def remove(
    names: Names,
    yes: Annotated[
        bool, typer.Option("--yes", help="Also those that are in no catalogue.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Deletes weights files from the models' folder."""
    from ..checkpoints.removing import remove_model

    for name in names:
        for path in remove_model(name, own_too=yes):
            if not quiet:
                print(f"Removed: {path}")


@models.command()
@guarded
def path(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The folder by default.")
    ] = None,
) -> None:
    """Shows where weights lie."""
    from ..checkpoints import find_model
    from ..wire import EngineHome

    print(find_model(name).absolute() if name else EngineHome.of_user().models)


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


def _described(entry: Entry) -> dict[str, object]:
    path = entry.path
    return {
        "name": entry.name,
        "path": None if path is None else str(path),
        "task": entry.task,
        "in_size": entry.in_size,
        "out_size": entry.out_size,
        "bytes": path.stat().st_size if path else entry.bytes,
        "megabytes": entry.megabytes,
        "sha256": entry.sha256,
        "urls": entry.urls,
        "terms": entry.terms,
        "citation": entry.citation,
    }


def _entry(name: str) -> Entry:
    from ..checkpoints.catalogue import ENTRIES, known

    entry = known(name)
    if entry is None:
        names = ", ".join(entry.name for entry in ENTRIES if not entry.embedded)
        raise GpenError(
            "model_missing", f'There is no known model "{name}".', f"Choose from {names}."
        )
    return entry


@contextmanager
def _download_bar(entry: Entry, *, quiet: bool) -> Iterator[ProgressHook]:
    """A bar with bytes, their rate and the time left."""
    from rich import progress

    columns = (progress.DownloadColumn(), progress.TextColumn("{task.fields[rate]}"))
    with progress_bar(*columns, quiet=quiet) as bars:
        task = bars.add_task(entry.name, total=None, rate="")

        def show(how_far: Progress) -> None:
            left = "" if how_far.left is None else f", {how_far.left:.0f} s left"
            rate = f"{how_far.rate / 1e6:.1f} MB/s{left}" if how_far.rate else ""
            bars.update(task, completed=how_far.done, total=how_far.total, rate=rate)

        yield show
