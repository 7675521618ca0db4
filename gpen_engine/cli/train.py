"""``gpen train``: a network of one's own."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import GpenError
from .console import INTERRUPTED, guarded

if TYPE_CHECKING:
    import torch

    from ..training.options import TrainingOptions
    from ..training.trainer import Trainer

NETWORK = ("size", "narrow", "channel_multiplier")
"""What a run cannot change that goes on from weights."""
FURTHER = {"steps": 1300, "learning_rate": 1e-3, "decay": 0.05, "warm_up": 0, "head_start": 100}
"""Other defaults for weights that are trained already: smaller steps, and the discriminator from
the start, unheard until it has learned something."""


@guarded
def train(
    folders: Annotated[
        list[Path], typer.Argument(metavar="FOLDER", help="Pictures, each one aligned face.")
    ],
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="RUN", help="A folder for all that it makes.")
    ],
    val: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Faces to measure with, not to learn.")
    ] = None,
    size: Annotated[
        int | None, typer.Option(metavar="N", help="Side of the network's faces (256).")
    ] = None,
    narrow: Annotated[
        float | None, typer.Option(metavar="X", help="Scales all widths (0.25).")
    ] = None,
    channel_multiplier: Annotated[
        float | None, typer.Option(metavar="X", help="Widens the levels from 64 pixels up (1).")
    ] = None,
    steps: Annotated[int | None, typer.Option(metavar="N", min=1, help="In all (7000).")] = None,
    batch: Annotated[int | None, typer.Option(metavar="N", min=1, help="Faces a step (4).")] = None,
    learning_rate: Annotated[
        float | None, typer.Option(metavar="X", min=0, help="Adam's (0.002).")
    ] = None,
    adversarial: Annotated[
        float | None, typer.Option(metavar="X", min=0, help="Weight of the discriminator (0.04).")
    ] = None,
    warm_up: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Steps without discriminator (5200).")
    ] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", min=0, help="(0)")] = None,
    workers: Annotated[
        int, typer.Option(metavar="N", min=0, help="Processes that prepare pictures.")
    ] = 1,
    device: Annotated[str, typer.Option(metavar="auto|cpu|cuda", help="What computes.")] = "auto",
    start: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="MODEL", help="Train this file or known model further, 1300 steps."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in RUN.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Trains a GPEN network on pictures of aligned faces: a new one, or MODEL further.

    RUN gets state.pt, log.jsonl, with --val sheet.png, and at the end model.safetensors. After
    Ctrl-C the run can be resumed, with other options if wished.
    """
    given = {
        "size": size,
        "narrow": narrow,
        "channel_multiplier": channel_multiplier,
        "steps": steps,
        "batch": batch,
        "learning_rate": learning_rate,
        "adversarial": adversarial,
        "warm_up": warm_up,
        "seed": seed,
    }
    from ..checkpoints import convert
    from ..device import choose_device
    from ..training.validation import Validation

    changes = {name: value for name, value in given.items() if value is not None}
    trainer = prepare(output, changes, choose_device(device), start=start, resume=resume)
    total = trainer.options.steps
    validation = Validation(val, trainer.options.size) if val else None
    with asked_to_stop(quiet=quiet) as stop:
        trainer.run(
            folders,
            validation,
            validate_every=min(500, total),
            workers=workers,
            report=(lambda _: None) if quiet else (lambda row: print(shown(row), flush=True)),
            stop=stop,
        )
    if trainer.step < total:
        print(f"Stopped after step {trainer.step} of {total}; saved.", file=sys.stderr)
        print("To go on, give the same command with --resume.", file=sys.stderr)
        raise typer.Exit(INTERRUPTED)
    target = output / "model.safetensors"
    convert(trainer.state_file, target, dtype="float16")
    if not quiet:
        print(f"{target}: {target.stat().st_size / 1e6:.1f} MB, after {trainer.step} steps")


def prepare(
    folder: Path, changes: dict[str, Any], device: torch.device, *, start: str | None, resume: bool
) -> Trainer:
    """A new run, with new weights or those of the model ``start``, or the run in the folder.

    Raises:
        GpenError: ``bad_option`` for a network that cannot be, or is not the model's;
            ``output_exists`` when a new run would overwrite an older one; ``nothing_to_resume``;
            those of ``open_checkpoint``.
    """
    from ..checkpoints import open_checkpoint
    from ..network import SIZES, Gpen
    from ..training.options import TrainingOptions
    from ..training.trainer import Trainer

    if resume:  # has long left the model it was begun with
        kept = {name: changes.pop(name) for name in NETWORK if name in changes}
        trainer = Trainer.resume(folder, device, changes)
        _check_same(kept, trainer.options, f"The run in {folder}")
        return trainer
    if (folder / "state.pt").exists():
        raise GpenError(
            "output_exists",
            f"There is a run in {folder} already.",
            "Go on with it (--resume), or choose another folder.",
        )
    if start:
        checkpoint = open_checkpoint(start)
        config = checkpoint.config
        own = {
            "size": config.in_size,
            "narrow": config.narrow,
            "channel_multiplier": config.channel_multiplier,
        }
        options = TrainingOptions(**(FURTHER | changes | own))
        _check_same(changes, options, f"The model {checkpoint.name}")
        if options.config != config or checkpoint.form.build is not Gpen:
            raise GpenError(
                "bad_option",
                f"The model {checkpoint.name} cannot be trained further.",
                "It takes a GPEN for restoring faces, with input and output of one size.",
            )
        trainer = Trainer(folder, options, device)
        trainer.start_from(checkpoint.tensors)
        return trainer
    options = TrainingOptions(**changes)
    if options.size not in SIZES:
        raise GpenError(
            "bad_option",
            f"There is no network for faces of {options.size} pixels.",
            f"Sizes are {', '.join(map(str, SIZES))}.",
        )
    if min(map(options.config.channels, options.config.generator_sizes)) < 1:
        raise GpenError(
            "bad_option", "The network would have levels without channels.", "Raise --narrow."
        )
    return Trainer(folder, options, device)


def _check_same(wanted: dict[str, Any], options: TrainingOptions, whose: str) -> None:
    """Refuses a network that weights are not made for: ``bad_option``."""
    for name in NETWORK:
        own = getattr(options, name)
        if wanted.get(name, own) != own:
            raise GpenError(
                "bad_option",
                f"{whose} has {name.replace('_', ' ')} {own:g}, not {wanted[name]:g}.",
                "That cannot change. Leave the option out, or begin a run in another folder.",
            )


def shown(row: dict[str, Any]) -> str:
    """A row of the log as text."""
    head, rest = f"step {row['step']:6d}", [item for item in row.items() if item[0] != "step"]
    if any(isinstance(value, dict) for _, value in rest):
        lines = [
            f"    {name:8}" + "".join(f"  {key} {value}" for key, value in scores.items())
            for name, scores in rest
        ]
        return "\n".join([head, *lines])
    return head + "".join(f"  {name} {value}" for name, value in rest)


@contextmanager
def asked_to_stop(*, quiet: bool) -> Iterator[Callable[[], bool]]:
    """Makes the first Ctrl-C a polite request, which the value tells; the second is as always."""
    asked = False

    def ask(*_: object) -> None:
        nonlocal asked
        asked = True
        signal.signal(signal.SIGINT, before)
        if not quiet:
            print("Stopping after this step ...", file=sys.stderr)

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)
