"""A batch as a whole: what is still to be done, and results that take their names one by one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ..errors import GpenError
from ..lock import Lock
from .journal import Journal, Line
from .storage import Folder, is_remote, plain, stamp, whole
from .work import Finished, Item, Order, disk_full, is_disk_full

LOCK = ".gpen-batch.lock"


class Run:
    """One run of a batch. Made by ``begun``.

    Attributes:
        todo: the pictures that are not done yet, or not as they are now asked for.
    """

    def __init__(self, order: Order, items: list[Item], journal: Journal) -> None:
        self.order = order
        self.journal = journal
        self.folder: Folder = order.folder
        self.todo = [
            replace(item, ours=self._is_ours(item.path, whole(item.source)))
            for item in items
            if not self._is_done(item)
        ]

    def put_in_place(self, finished: Finished) -> Line:
        """Notes what became of a picture, and gives its result its name.

        The line is noted before: no crash leaves a result unknown. Where storage changes the stamp
        with the name, it is noted again afterwards.

        Raises:
            GpenError: ``disk_full``: the next ones would fare no better.
            OSError: the journal cannot be written.
        """
        if finished.line.error and finished.line.error["code"] == "disk_full":
            raise disk_full(self.order.output)
        try:
            return self._put(finished.line, finished.part)
        except OSError as error:
            if is_disk_full(error):
                raise disk_full(self.order.output) from error
            raise

    def _put(self, line: Line, part: str | None) -> Line:
        ours = self._is_ours(line.path, line.source)
        if part is None:
            if line.status == "no_face" and ours:  # other options found a face in it
                self.folder.remove(line.path)
            self.journal.append(line)
            return line
        if not (ours or self.order.force) and self.folder.stamp(line.path):
            return self._refused(line)
        self.journal.append(line)
        self.folder.publish(part, line.path)
        if not self.folder.keeps_stamps:
            line = replace(line, output_stamp=self.folder.stamp(line.path))
            self.journal.append(line)
        return line

    def _refused(self, line: Line) -> Line:
        """Somebody put a file there while the picture was restored."""
        error = {
            "code": "output_exists",
            "sentence": f"The file {self.folder.address(line.path)} already exists.",
            "hint": "Choose another folder, or allow overwriting (--force).",
        }
        line = replace(line, status="error", output_stamp=None, report=None, error=error)
        self.journal.append(line)
        return line

    def _is_ours(self, path: str, source: str) -> bool:
        return self.journal.is_ours(path, source, self.folder.stamp(path))

    def _is_done(self, item: Item) -> bool:
        """Whether picture, options and result are still those of the journal's line."""
        line = self.journal.lines.get(item.path)
        if (
            line is None
            or line.status == "error"
            or line.options != self.order.digest
            or line.source_stamp != stamp(item.source)
        ):
            return False
        if line.status == "no_face" and not self.order.copy_others:
            return True
        return line.output_stamp is not None and line.output_stamp == self.folder.stamp(item.path)


@contextmanager
def begun(order: Order, items: list[Item], journal_folder: Path | None) -> Iterator[Run]:
    """Opens the journal, by default in the output folder, for one run at a time.

    What an earlier run left unfinished is removed, before and after.

    Raises:
        GpenError: ``bad_option`` when results go where no journal can be kept and no other folder
            is named; ``busy`` when another batch writes there.
    """
    if journal_folder is None:
        if is_remote(order.output):
            raise GpenError(
                "bad_option",
                "The journal of a batch cannot be kept at an address.",
                "Name a folder of this computer for it: --journal FOLDER.",
            )
        journal_folder = Path(plain(order.output))
    journal_folder.mkdir(parents=True, exist_ok=True)
    lock = Lock(journal_folder / LOCK)
    if not lock.take():
        raise GpenError(
            "busy",
            f"Another batch (process {lock.holder()}) writes to {order.output}.",
            "Wait until it has ended, or name another folder.",
        )
    try:
        order.folder.clear()
        yield Run(order, items, Journal(journal_folder))
    finally:
        order.folder.clear()
        lock.release()
