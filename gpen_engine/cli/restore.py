"""``gpen restore``: one picture, or several."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import GpenError
from .choices import Choices, with_choices
from .console import UNEXPECTED, complain, explained, guarded, progress_bar
from .reporting import error_as_json, reported
from .tasks import PANEL, SCALE, TASK, UPSCALER, TaskChoices

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from ..restore.files import FileReport
    from ..restore.options import Progress, ProgressHook

OTHERS = "Spelling of other GPEN tools"


@guarded
@with_choices
def restore(
    sources: Annotated[
        list[Path] | None, typer.Argument(metavar="IN", help="Pictures to restore.")
    ] = None,
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="OUT", help="A file; for several, a folder.")
    ],
    task: TASK = "restore",
    mask: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", rich_help_panel=PANEL, help="For inpaint: a picture, white is the hole."
        ),
    ] = None,
    scale: SCALE = None,
    upscaler: UPSCALER = None,
    also: Annotated[
        list[Path] | None,
        typer.Option("--input", metavar="IN", rich_help_panel=OTHERS, help="A picture to restore."),
    ] = None,
    face_align: Annotated[
        bool,
        typer.Option(
            "--face_align", rich_help_panel=OTHERS, help="Find and align faces, as we always do."
        ),
    ] = False,
    choices: Choices,
) -> None:
    """Restores the faces of one picture, or of several; or does another task to them."""
    with reported(choices.json) as entries:
        if face_align and choices.aligned:
            raise GpenError(
                "bad_option",
                "--face_align and --aligned contradict each other.",
                "Give --aligned alone for a picture that is one aligned face, else neither.",
            )
        jobs = plan([*(sources or []), *(also or [])], output)
        choices = choices.with_preset()
        options = choices.options()
        wanted = TaskChoices(task, mask, scale, upscaler)
        wanted.checked()
        from ..restore.files import check_target, restore_file

        if len(jobs) == 1:
            check_target(*jobs[0], force=choices.force)  # before the seconds of loading a model
        loaded = wanted.task(choices)
        failures: list[tuple[Path, GpenError]] = []
        with progress_bar(quiet=choices.quiet) as bars:
            for source, target in jobs:
                try:
                    report = restore_file(
                        loaded,
                        source,
                        target,
                        options,
                        force=choices.force,
                        quality=choices.quality,
                        progress=_shown_on(bars, source.name),
                    )
                except Exception as error:
                    fault = explained(error)
                    failures.append((source, fault))
                    entries.append({"source": str(source), "error": error_as_json(fault)})
                else:
                    entries.append(report.as_json())
                    if not choices.quiet and choices.json != "-":
                        print(described(report))
    if failures:
        _complain_of(failures, len(jobs))
        raise typer.Exit(2 if any(fault.code == UNEXPECTED for _, fault in failures) else 1)


def plan(sources: list[Path], output: Path) -> list[tuple[Path, Path]]:
    """(source, target) of each picture; makes the folder for several.

    Raises:
        GpenError: ``bad_option`` when there is no source, or two would have the same target;
            OSError when the folder cannot be made.
    """
    if not sources:
        raise GpenError("bad_option", "No picture was named.", "gpen restore IN -o OUT")
    if len(sources) == 1 and not output.is_dir():
        return [(sources[0], output)]
    output.mkdir(parents=True, exist_ok=True)
    jobs = [(source, output / source.name) for source in sources]
    targets: dict[str, Path] = {}
    for source, target in jobs:
        twin = targets.setdefault(os.path.normcase(target), source)
        if twin is not source:
            raise GpenError(
                "bad_option",
                f"{twin} and {source} would both be written to {target}.",
                "Restore them one after the other, to different folders.",
            )
    return jobs


def described(report: FileReport) -> str:
    """One line about a restored file, and its notes."""
    count = len(report.faces)
    line = (
        f"{report.target}: {count} {'face' if count == 1 else 'faces'}"
        f" in {report.seconds['total']:.1f} s ({report.model}, {report.device})"
    )
    return "\n".join([line, *(f"  {note}" for note in report.notes)])


def _shown_on(bars: Bars, name: str) -> ProgressHook:
    doing = {
        "detect": "looking for faces",
        "restore": "restoring",
        "paste": "putting back",
        "enlarge": "enlarging",
    }
    for old in bars.task_ids:
        bars.remove_task(old)
    bar = bars.add_task(name, total=None)

    def show(progress: Progress) -> None:
        bars.update(
            bar,
            description=f"{name}: {doing[progress.stage]}",
            completed=progress.done,
            total=progress.total,
        )

    return show


def _complain_of(failures: list[tuple[Path, GpenError]], total: int) -> None:
    if total == 1:
        complain(failures[0][1])
        return
    lines = "\n".join(f"  {source}: {fault}" for source, fault in failures)
    text = f"{len(failures)} of {total} pictures could not be restored:"
    complain(GpenError("failed", text, lines))
