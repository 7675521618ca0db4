"""What is done with one picture, wherever that is: in a thread here or on a worker far away."""

from __future__ import annotations

import errno
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import GpenError
from ..restore.files import FileReport, check_target, restore_file
from ..restore.options import CancelHook, RestoreOptions
from ..tasks.choice import TaskChoice
from .budget import Budget, bytes_needed
from .journal import Line
from .storage import Folder, at_hand, folder_at, is_remote, stamp, whole

if TYPE_CHECKING:
    from ..restore import Restorer
    from ..restore.task import Task

Explain = Callable[[Exception], GpenError]
"""Makes any error one for users."""


@dataclass(frozen=True)
class Item:
    """One picture and where its result goes."""

    path: str
    """Of the result below the output folder, with slashes."""
    source: str
    """Path or address of the picture."""
    ours: bool = False
    """Whether what lies there is an earlier result, which may be replaced."""


@dataclass(frozen=True)
class Order:
    """What is the same for all pictures of a batch. It can be pickled."""

    output: str
    """Path or address of the folder of the results."""
    options: RestoreOptions
    quality: int
    """1..100, for JPEG and WebP."""
    digest: str
    """Of all that results depend on, but for the pictures."""
    force: bool = False
    """Files that are no results may be replaced."""
    copy_others: bool = False
    """Pictures without a face are copied."""
    task: TaskChoice = field(default_factory=TaskChoice)

    @property
    def folder(self) -> Folder:
        return folder_at(self.output)


@dataclass(frozen=True)
class Finished:
    """A picture that was done, or failed; its result has not got its name yet."""

    line: Line
    part: str | None = None
    """Name of the result among the parts of the output folder."""


def restored(
    order: Order,
    item: Item,
    restorer: Restorer | Task,
    *,
    budget: Budget,
    explain: Explain,
    cancel: CancelHook = lambda: False,
) -> Finished:
    """Restores a picture, or does another task to it; whatever goes wrong stands in its line.

    Raises:
        GpenError: ``cancelled``.
    """
    started = time.perf_counter()
    line = Line(item.path, whole(item.source), stamp(item.source), order.digest, "error")
    try:
        with at_hand(item.source) as source:
            size = order.task.times**2 * bytes_needed(source)
            with budget.held(size, cancel):
                finished = _restored(order, item, line, source, restorer, cancel)
    except Exception as error:
        fault = disk_full(order.output) if is_disk_full(error) else explain(error)
        if fault.code == "cancelled":
            raise
        told = {"code": fault.code, "sentence": fault.sentence, "hint": fault.hint}
        finished = Finished(replace(line, error=told))
    seconds = round(time.perf_counter() - started, 4)
    return replace(finished, line=replace(finished.line, seconds=seconds))


def _restored(
    order: Order,
    item: Item,
    line: Line,
    source: Path,
    restorer: Restorer | Task,
    cancel: CancelHook,
) -> Finished:
    folder = order.folder
    _check_target(order, item, source)
    with_face = True
    try:
        with folder.part(item.path) as part:
            report = restore_file(
                restorer, source, part, order.options, quality=order.quality, cancel=cancel
            )
            line = replace(line, status="done", report=_as_json(report, item, folder))
            line = replace(line, output_stamp=stamp(part) if folder.keeps_stamps else None)
    except GpenError as error:
        if error.code != "no_face":
            raise
        with_face = False
    if with_face:
        return Finished(line, part.name)
    line = replace(line, status="no_face")
    if not order.copy_others:
        return Finished(line)
    with folder.part(item.path) as part:
        shutil.copyfile(source, part)
        line = replace(line, output_stamp=stamp(part) if folder.keeps_stamps else None)
    return Finished(line, part.name)


def _check_target(order: Order, item: Item, source: Path) -> None:
    """What would make the writing fail, found before the restoring."""
    target = order.folder.address(item.path)
    force = order.force or item.ours
    if is_remote(target):
        if not force and order.folder.stamp(item.path):
            raise GpenError(
                "output_exists",
                f"The file {target} already exists.",
                "Choose another folder, or allow overwriting (--force).",
            )
        return
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    check_target(source, Path(target), force=force)


def _as_json(report: FileReport, item: Item, folder: Folder) -> dict[str, object]:
    return report.as_json() | {"source": item.source, "target": folder.address(item.path)}


def disk_full(output: str) -> GpenError:
    return GpenError(
        "disk_full",
        f"There is no room left in {output}.",
        "Make room and run the same command again: what is done is not done again.",
    )


def is_disk_full(error: BaseException | None) -> bool:
    """Whether that is what an error comes from."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        error = error.__cause__ or error.__context__
    return False


def unexpected(error: Exception) -> GpenError:
    """The error as one for users, where there is no log to write its details to."""
    if isinstance(error, GpenError):
        return error
    text = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
    return GpenError("unexpected", f"Something unexpected went wrong: {text}.")
