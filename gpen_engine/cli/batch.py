"""``gpen batch``: a folder tree of pictures; goes on after a bad one, and where it was stopped."""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import GpenError
from ..files import replacing
from .choices import Choices, with_choices
from .console import complain, explained, guarded, progress_bar
from .journal import Journal, Line, stamp
from .reporting import error_as_json, reported
from .tree import check_folders, find_pictures

if TYPE_CHECKING:
    from ..restore import Restorer


@guarded
@with_choices
def batch(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Its pictures are restored.")],
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Gets a tree of the same form.")
    ],
    copy_others: Annotated[
        bool, typer.Option("--copy-others", help="Copy pictures without a face as they are.")
    ] = False,
    choices: Choices,
) -> None:
    """Restores the faces of all pictures in a folder and its folders.

    Run it again to go on where it stopped: what has not changed is not done again. The report
    gpen-report.jsonl in the output folder has a line for each picture. Hidden files and links to
    folders are left out.
    """
    with reported(choices.json) as entries:
        check_folders(folder, output)
        digest = choices.digest()
        pictures = list(find_pictures(folder, output))
        if not pictures:
            raise GpenError("no_pictures", f"There are no pictures in {folder}.")
        output.mkdir(parents=True, exist_ok=True)
        tree = _Tree(folder, output, digest, choices, copy_others, Journal(output))
        todo = [path for path in pictures if not tree.is_done(path)]
        counts = Counter({"unchanged": len(pictures) - len(todo)})
        failures = []
        if todo:
            restorer = choices.restorer()
            with progress_bar(quiet=choices.quiet) as bars:
                bar = bars.add_task("", total=len(todo))
                for path in todo:
                    bars.update(bar, description=path.as_posix())
                    line = tree.restore(path, restorer)
                    entries.append(asdict(line))
                    counts[line.status] += 1
                    if line.error:
                        failures.append(f"  {path}: {line.error['sentence']} {line.error['hint']}")
                    bars.advance(bar)
        if not choices.quiet and choices.json != "-":
            print(summary(counts, tree.journal.path))
    if failures:
        text = f"{len(failures)} of {len(pictures)} pictures could not be restored:"
        complain(GpenError("failed", text, "\n".join(failures)))
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


@dataclass(frozen=True)
class _Tree:
    """Pictures that are restored one by one, each with its line in the journal."""

    folder: Path
    output: Path
    digest: str
    choices: Choices
    copy_others: bool
    journal: Journal

    def is_done(self, path: Path) -> bool:
        """Whether picture, options and result are still those of the journal's line."""
        line = self.journal.lines.get(path.as_posix())
        if (
            line is None
            or line.status == "error"
            or line.options != self.digest
            or line.source_stamp != stamp(self.folder / path)
        ):
            return False
        if line.status == "no_face" and not self.copy_others:
            return True
        return line.output_stamp is not None and line.output_stamp == stamp(self.output / path)

    def restore(self, path: Path, restorer: Restorer) -> Line:
        """Restores a picture; whatever goes wrong with it stands in its line."""
        started = time.perf_counter()
        source = self.folder / path
        whole = os.path.realpath(source)
        line = Line(path.as_posix(), whole, stamp(source), self.digest, "error")
        try:
            return self._write(line, restorer, started)
        except Exception as error:
            return self._noted(replace(line, error=error_as_json(explained(error))), started)

    def _write(self, line: Line, restorer: Restorer, started: float) -> Line:
        from ..restore.files import check_target, restore_file

        source, target = self.folder / line.path, self.output / line.path
        ours = self.journal.is_ours(line, target)
        target.parent.mkdir(parents=True, exist_ok=True)
        check_target(source, target, force=self.choices.force or ours)
        # A line is noted before the result takes its name: no crash leaves one unknown.
        try:
            with replacing(target) as temporary:
                report = restore_file(
                    restorer,
                    source,
                    temporary,
                    self.choices.options(),
                    force=True,
                    quality=self.choices.quality,
                )
                report = replace(report, target=target)
                line = replace(line, status="done", report=report.as_json())
                return self._noted(replace(line, output_stamp=stamp(temporary)), started)
        except GpenError as error:
            if error.code != "no_face":
                raise
        line = replace(line, status="no_face")
        if self.copy_others:
            with replacing(target) as temporary:
                shutil.copyfile(source, temporary)
                return self._noted(replace(line, output_stamp=stamp(temporary)), started)
        if ours:  # other options found a face in it
            target.unlink()
        return self._noted(line, started)

    def _noted(self, line: Line, started: float) -> Line:
        line = replace(line, seconds=round(time.perf_counter() - started, 4))
        self.journal.append(line)
        return line
