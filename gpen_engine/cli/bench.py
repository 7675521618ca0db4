"""``gpen bench``: how fast everything is on this machine, or how well a model restores."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import GpenError
from .console import guarded, progress_bar
from .lists import fractions, numbers, words

WHAT, HOW, QUALITY = "What is measured", "How", "Quality instead of speed"
FLICKER = "Films instead of speed"


@guarded
def bench(
    json_to: Annotated[
        str | None,
        typer.Option("--json", metavar="FILE|-", help="Write all numbers there, as JSON."),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(
            metavar="PARTS",
            rich_help_panel=WHAT,
            help="Some of network,stages,start.",
        ),
    ] = None,
    sizes: Annotated[
        str | None,
        typer.Option(
            metavar="N,...", rich_help_panel=WHAT, help="Networks: 256,512,1024,2048 if not given."
        ),
    ] = None,
    batches: Annotated[
        str | None,
        typer.Option(
            metavar="N,...", rich_help_panel=WHAT, help="Faces at once: 1,4,16 if not given."
        ),
    ] = None,
    precisions: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...",
            rich_help_panel=WHAT,
            help="float32,bfloat16,float16; if not given, those that pay here.",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|PATH",
            rich_help_panel=WHAT,
            help="Weights of whole restorations and --quality; by default those that come along.",
        ),
    ] = None,
    device: Annotated[
        str, typer.Option(metavar="auto|cpu|cuda", rich_help_panel=HOW, help="What computes.")
    ] = "auto",
    repeats: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, rich_help_panel=HOW, help="Calls of each at most."),
    ] = None,
    longest: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            min=0,
            rich_help_panel=HOW,
            help="Leave out what takes longer a call (batches: a twelfth).",
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", rich_help_panel=HOW, help="Less of everything.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", rich_help_panel=HOW, help="No progress.")
    ] = False,
    quality: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            rich_help_panel=QUALITY,
            help="Aligned faces: damage and restore them, compare with the truth.",
        ),
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", rich_help_panel=QUALITY, help="Write a picture, worst faces first."
        ),
    ] = None,
    faces: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, rich_help_panel=QUALITY, help="So many of them at most."),
    ] = None,
    damages: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...",
            rich_help_panel=QUALITY,
            help="Some of lowres64,lowres32,blur,motion,jpeg,noise,mixed,oldphoto.",
        ),
    ] = None,
    strengths: Annotated[
        str | None,
        typer.Option(
            metavar="X,...", rich_help_panel=QUALITY, help="0.2,0.4,0.6,0.8,1 if not given."
        ),
    ] = None,
    keep_colours: Annotated[
        bool | None,
        typer.Option(
            "--keep-colours/--no-keep-colours",
            rich_help_panel=QUALITY,
            help="As gpen restore does, or not.",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, rich_help_panel=QUALITY, help="Of the damages (1)."),
    ] = None,
    video: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            rich_help_panel=FLICKER,
            help="Photographs with faces: move and restore them, measure how the faces flicker.",
        ),
    ] = None,
) -> None:
    """Measures how fast this machine is, or how well a model restores.

    Speed: the network runs with random weights, beside the published code's operations and beside
    the fastest convolution of this machine; then whole restorations and the start of the engine.
    Nothing else should run meanwhile.

    Quality (--quality FOLDER): faces are damaged in named ways with a fixed seed, restored, and
    compared with what they were, beside no restoration and a classical filter.

    Films (--video FOLDER): up to 16 photographs are moved, damaged frame by frame, and restored as
    a film and frame by frame; the faces' change along the known motion is their flicker.
    """
    of_quality = {
        "sheet": sheet,
        "faces": faces,
        "damages": damages,
        "strengths": strengths,
        "keep-colours": keep_colours,
        "seed": seed,
    }
    of_speed = {
        "only": only,
        "sizes": sizes,
        "batches": batches,
        "precisions": precisions,
        "repeats": repeats,
        "longest": longest,
        "quick": quick or None,
    }
    if video:
        if any(v is not None for v in ({**of_speed, **of_quality, "quick": quality}).values()):
            hint = "Beside it go --model, --device, --quick, --json and --quiet."
            raise GpenError("bad_option", "An option does not go with --video.", hint)
        _check_json(json_to)
        _video(video, model, device, quick, json_to, quiet)
        return
    for name, value in (of_speed if quality else of_quality).items():
        if value is not None:
            hint = f"Leave --{name} out, or {'--quality' if quality else 'add --quality FOLDER'}."
            raise GpenError("bad_option", f"--{name} does not go with what is measured.", hint)
    _check_json(json_to)
    if quality:
        _quality(quality, of_quality, model, device, json_to, quiet)
        return
    from ..bench.run import measure
    from ..bench.settings import PARTS, QUICK, Settings
    from ..bench.tables import text
    from ..device import DTYPES, choose_device
    from ..network import SIZES

    given = {
        "parts": words(only, "part", PARTS),
        "sizes": numbers(sizes, "size", SIZES),
        "batches": numbers(batches, "batch"),
        "precisions": words(precisions, "precision", tuple(DTYPES)),
        "model": model,
        "repeats": repeats,
        "longest": longest,
    }
    chosen = (QUICK if quick else {}) | {k: v for k, v in given.items() if v is not None}
    settings = Settings(**chosen, device=str(choose_device(device)))
    with progress_bar(quiet=quiet) as bars:
        bar = bars.add_task("measuring", total=None)

        def announce(seconds: float, steps: int) -> None:
            if not quiet:
                print(f"This takes about {_duration(seconds)}.", file=sys.stderr)
            bars.reset(bar, total=steps)

        def watch(what: str) -> None:
            bars.update(bar, description=what)
            bars.advance(bar)

        found = measure(settings, watch=watch, announce=announce)
    _tell(found, text(found), json_to)


def _quality(
    folder: Path,
    given: dict[str, Any],
    model: str | None,
    device: str,
    json_to: str | None,
    quiet: bool,
) -> None:
    """``gpen bench --quality``."""
    from ..checkpoints.catalogue import DEFAULT
    from ..quality.damage import CLASSES
    from ..quality.run import Settings, measure
    from ..quality.sheet import write_sheet
    from ..quality.tables import text
    from ..restore import Restorer
    from ..restore.files import check_target

    if given["sheet"]:
        check_target(folder, given["sheet"], force=True)
    chosen = {
        "faces": given["faces"],
        "classes": words(given["damages"], "damage", tuple(CLASSES)),
        "strengths": fractions(given["strengths"], "strengths"),
        "keep_colours": given["keep-colours"],
        "seed": given["seed"],
    }
    settings = Settings(folder, **{k: v for k, v in chosen.items() if v is not None})
    restorer = Restorer(model or DEFAULT.name, device=device)
    with progress_bar(quiet=quiet) as bars:
        bar = bars.add_task("reading", total=None)

        def watch(damage: str, done: int, total: int) -> None:
            bars.update(bar, description=damage, completed=done, total=total)

        cases, found = measure(restorer, settings, watch)
    _tell(found, text(found), json_to)
    if given["sheet"]:
        write_sheet(given["sheet"], cases, restorer, settings)


def _video(
    folder: Path, model: str | None, device: str, quick: bool, json_to: str | None, quiet: bool
) -> None:
    """``gpen bench --video``."""
    from ..bench.flicker import measure_flicker, text
    from ..checkpoints.catalogue import DEFAULT
    from ..restore import Restorer

    restorer = Restorer(model or DEFAULT.name, device=device)
    less = {"frames": 8, "photos": 2} if quick else {}
    with progress_bar(quiet=quiet) as bars:
        bar = bars.add_task("measuring", total=None, completed=-1)

        def watch(what: str, total: int) -> None:
            bars.update(bar, description=what, total=total, advance=1)

        found = measure_flicker(folder, restorer, **less, watch=watch)
    _tell(found, text(found), json_to)


def _check_json(json_to: str | None) -> None:
    if json_to and json_to != "-" and not Path(json_to).parent.is_dir():
        raise GpenError(
            "cannot_write",
            f"There is no folder {Path(json_to).parent} for the numbers.",
            "Make the folder first, or choose another.",
        )


def _tell(found: dict[str, Any], words: str, json_to: str | None) -> None:
    """Prints what was found, and writes its numbers to a file or instead."""
    from ..files import replacing

    data = json.dumps(found, indent=1) + "\n"
    if json_to == "-":
        print(data, end="")
        return
    if json_to:
        with replacing(Path(json_to)) as temporary:
            temporary.write_text(data, encoding="utf-8")
    print(words)


def _duration(seconds: float) -> str:
    return (
        f"{round(seconds, -1) or 10:.0f} seconds"
        if seconds < 100
        else f"{seconds / 60:.0f} minutes"
    )
