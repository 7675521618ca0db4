"""``gpen bench``: how fast everything is on this machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..errors import GpenError
from .console import guarded, progress_bar

WHAT, HOW = "What is measured", "How"


@guarded
def bench(
    json_to: Annotated[
        str | None,
        typer.Option("--json", metavar="FILE|-", help="Write all numbers there, as JSON."),
    ] = None,
    only: Annotated[
        str, typer.Option(metavar="PARTS", rich_help_panel=WHAT, help="Some of the three parts.")
    ] = "network,stages,start",
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
            help="Weights of whole restorations; by default those that come along.",
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
) -> None:
    """Measures how fast the network, whole restorations and the start are on this machine.

    The network runs with random weights, beside the published code's operations and beside the
    fastest convolution of this machine. Nothing else should run meanwhile.
    """
    from ..bench.run import measure
    from ..bench.settings import PARTS, QUICK, Settings
    from ..bench.tables import text
    from ..device import DTYPES, choose_device
    from ..files import replacing
    from ..network import SIZES

    given = {
        "parts": _words(only, "part", PARTS),
        "sizes": _numbers(sizes, "size", SIZES),
        "batches": _numbers(batches, "batch"),
        "precisions": _words(precisions, "precision", tuple(DTYPES)),
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
    data = json.dumps(found, indent=1) + "\n"
    if json_to == "-":
        print(data, end="")
        return
    if json_to:
        with replacing(Path(json_to)) as temporary:
            temporary.write_text(data, encoding="utf-8")
    print(text(found))


def _words(given: str | None, what: str, known: tuple[str, ...]) -> tuple[str, ...] | None:
    if given is None:
        return None
    words = tuple(dict.fromkeys(word.strip() for word in given.split(",")))
    for word in words:
        if word not in known:
            hint = f"Choose some of {', '.join(known)}, with commas between."
            raise GpenError("bad_option", f'There is no {what} "{word}".', hint)
    return words


def _numbers(
    given: str | None, what: str, known: tuple[int, ...] | None = None
) -> tuple[int, ...] | None:
    if given is None:
        return None
    if known:
        words = _words(given, what, tuple(map(str, known)))
        return tuple(map(int, words or ()))
    try:
        numbers = tuple(dict.fromkeys(int(word) for word in given.split(",")))
    except ValueError:
        numbers = (0,)
    if min(numbers) < 1:
        hint = "Give whole numbers from 1, with commas between."
        raise GpenError("bad_option", f'"{given}" is no list for --{what}es.', hint)
    return numbers


def _duration(seconds: float) -> str:
    return (
        f"{round(seconds, -1) or 10:.0f} seconds"
        if seconds < 100
        else f"{seconds / 60:.0f} minutes"
    )
