"""``gpen batch``: any number of pictures; goes on after a bad one, and where it was stopped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import GpenError
from .choices import Choices, network_file, with_choices
from .console import complain, explained, guarded, progress_bar
from .reporting import Entries, reported
from .tasks import SCALE, TASK, UPSCALER, TaskChoices, for_task

if TYPE_CHECKING:
    from ..batch.cluster import Pool
    from ..batch.journal import Line
    from ..batch.run import Run
    from ..batch.work import Finished, Order
    from ..restore import Restorer
    from ..restore.task import Task

MANY, CLUSTER = "Many pictures", "Many machines"


@guarded
@with_choices
def batch(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="Files, folders, 'patterns/*.tif', numbered frames (scan_####.png), @list.txt.",
            show_default=False,
        ),
    ],
    *,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="DIR", help="Gets a tree of the same form.")
    ],
    name: Annotated[
        str,
        typer.Option(
            metavar="PATTERN", rich_help_panel=MANY, help="What results are called in DIR."
        ),
    ] = "{dir}/{stem}{suffix}",
    copy_others: Annotated[
        bool,
        typer.Option(
            "--copy-others",
            rich_help_panel=MANY,
            help="Copy pictures without a face as they are.",
        ),
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            rich_help_panel=MANY,
            help="Pictures worked on at once; by default one a core.",
        ),
    ] = None,
    memory: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            metavar="GB",
            rich_help_panel=MANY,
            help="For pixels in flight; by default a quarter of what is free.",
        ),
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", rich_help_panel=MANY, help="Keep the journal there, not with results."
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS|local",
            rich_help_panel=CLUSTER,
            help="Work on a Ray cluster: auto, an address, or one made here.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", rich_help_panel=CLUSTER, help="By default all there is room for."
        ),
    ] = None,
    worker_cpus: Annotated[
        int, typer.Option(min=1, metavar="N", rich_help_panel=CLUSTER, help="Cores of each.")
    ] = 1,
    worker_gpus: Annotated[
        float,
        typer.Option(
            min=0,
            metavar="F",
            rich_help_panel=CLUSTER,
            help="Graphics cards of each; 0.5 when two share one.",
        ),
    ] = 0.0,
    task: TASK = "restore",
    scale: SCALE = None,
    upscaler: UPSCALER = None,
    choices: Choices,
) -> None:
    """Restores the faces of any number of pictures; or does another task to them.

    Run it again to go on where it stopped: what has not changed is not done again. The report
    gpen-report.jsonl in the output folder has a line for each picture. Hidden files and links to
    folders are left out. --device takes several, such as cuda:0,cuda:1.
    """
    with reported(choices.json) as entries:
        from ..batch.cluster import Pool
        from ..batch.run import begun
        from ..batch.sources import find_items
        from ..batch.work import Order

        if task == "inpaint":
            raise GpenError(
                "bad_option",
                "The task inpaint takes a mask of its own for each picture.",
                "Do one after the other: gpen restore IN -o OUT --task inpaint --mask FILE",
            )
        choice = TaskChoices(task, None, scale, upscaler).checked()
        choices = for_task(choices.with_preset(), choice)
        items = find_items(sources, output, name)
        order = Order(
            output,
            choices.options(),
            choices.quality,
            choices.digest(choice),
            force=choices.force,
            copy_others=copy_others,
            task=choice,
        )
        with begun(order, items, journal) as run:
            unchanged = Counter({"unchanged": len(items) - len(run.todo)})
            tally = _Tally([item.path for item in items], unchanged, entries)
            if run.todo:
                try:
                    bytes_in_flight = None if memory is None else int(memory * 1e9)
                    if cluster is None:
                        started = _here(order, run, choices, jobs, bytes_in_flight)
                    else:
                        pool = Pool(workers, worker_cpus, worker_gpus, bytes_in_flight)
                        started = _there(order, run, choices, cluster, pool)
                    with started as results:
                        _follow(results, run, tally, quiet=choices.quiet)
                finally:
                    tally.sort()
            if not choices.quiet and choices.json != "-":
                print(summary(tally.counts, run.journal.path))
    if tally.failures:
        text = f"{len(tally.failures)} of {len(tally.paths)} pictures could not be restored:"
        complain(GpenError("failed", text, "\n".join(tally.failures)))
        raise typer.Exit(1)


def summary(counts: Counter[str], report: Path) -> str:
    """One line about a whole run."""
    names = {
        "done": "restored",
        "no_face": "without a face",
        "error": "failed",
        "unchanged": "unchanged",
    }
    parts = [f"{counts[key]} {name}" for key, name in names.items() if counts[key]]
    return f"{', '.join(parts)}. Report: {report}"


@dataclass
class _Tally:
    """What became of the pictures."""

    paths: list[str]
    """Of all results, in the order in which they are told."""
    counts: Counter[str]
    entries: Entries
    failures: list[str] = field(default_factory=list)

    def add(self, line: Line) -> None:
        self.entries.append(asdict(line))
        self.counts[line.status] += 1

    def sort(self) -> None:
        """Results come as they are finished; they are told in the order of the sources."""
        places = {path: place for place, path in enumerate(self.paths)}
        self.entries.sort(key=lambda entry: places[entry["path"]])
        self.failures = [
            f"  {entry['path']}: {entry['error']['sentence']} {entry['error']['hint']}"
            for entry in self.entries
            if entry["error"]
        ]


@contextmanager
def _here(
    order: Order, run: Run, choices: Choices, jobs: int | None, memory: int | None
) -> Iterator[Iterator[Finished]]:
    from ..batch.local import run_here

    def task(restorer: Restorer) -> Task:
        upscaler = order.task.load_upscaler(restorer.model.device)
        return order.task.made(restorer, upscaler=upscaler)

    restorers = [choices.restorer(device.strip()) for device in choices.device.split(",")]
    results = run_here(
        order, run.todo, restorers, jobs=jobs, memory=memory, explain=explained, task=task
    )
    with closing(results):
        yield results


@contextmanager
def _there(
    order: Order, run: Run, choices: Choices, address: str, pool: Pool
) -> Iterator[Iterator[Finished]]:
    from ..batch.cluster import Networks, connected, run_there

    choices.restorer("cpu")  # refuses here, with its sentence, what workers would have to refuse
    networks = Networks(
        choices.model_file(),
        network_file(choices.detector, "detect"),
        network_file(choices.parser, "parse"),
        choices.dtype,
        order.task.upscaler_file(),
    )
    with connected(address, pool), closing(run_there(order, run.todo, networks, pool)) as results:
        yield results


def _follow(results: Iterator[Finished], run: Run, tally: _Tally, *, quiet: bool) -> None:
    """Puts results in place as they come, and shows how far it is."""
    from rich import progress

    columns = (
        progress.MofNCompleteColumn(),
        progress.TextColumn("{task.fields[rate]}"),
        progress.TimeRemainingColumn(elapsed_when_finished=True),
    )
    with progress_bar(*columns, quiet=quiet) as bars:
        bar = bars.add_task("", total=len(run.todo), rate="")
        for finished in results:
            line = run.put_in_place(finished)
            tally.add(line)
            bars.update(bar, description=line.path, advance=1)
            speed = bars.tasks[0].finished_speed or bars.tasks[0].speed
            bars.update(bar, rate=f"{speed:.2f} a second" if speed else "")
