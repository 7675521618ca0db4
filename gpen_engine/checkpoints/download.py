"""Downloads a file that is large, from hosts that are slow, break off, or are gone."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..errors import GpenError
from .part import Note, Part
from .transfer import STEP, Connection, FaultError, Reply, cancelled

ATTEMPTS = 5
"""How often a host may fail in a row without giving one more byte, before the next is asked."""
LARGEST = 4 << 30
"""Bytes. No weights file is larger; a stream without an end stops here."""


@dataclass(frozen=True)
class Progress:
    """How far a download is."""

    done: int
    """Bytes that are there."""
    total: int | None
    """Bytes in the file; None while nobody says."""
    rate: float
    """Bytes a second, of late."""

    @property
    def left(self) -> float | None:
        """Seconds that the rest takes; None when nobody can say."""
        if self.total is None or self.rate <= 0:
            return None
        return (self.total - self.done) / self.rate


ProgressHook = Callable[[Progress], None]
CancelHook = Callable[[], bool]


def download(
    urls: Sequence[str],
    part: Part,
    *,
    size: int | None = None,
    checked: bool = False,
    progress: ProgressHook = lambda _: None,
    cancel: CancelHook = lambda: False,
    backoff: float = 1,
    patience: float = 30,
) -> str:
    """Fills ``part``, going on where an earlier call stopped.

    Args:
        urls: of the same file, in the order in which they are tried; https, or http on this
            machine.
        part: where the bytes go.
        size: of the file in bytes; a host that has another file is passed over.
        checked: a sum will tell whether the bytes are right, so those of one host may be
            completed from another.
        progress: called about ten times a second; may raise to stop.
        cancel: asked about ten times a second; True stops, and the part stays.
        backoff: seconds before the first new attempt at a host; doubled each time.
        patience: see ``Connection``.

    Returns:
        The address that the last byte came from.

    Raises:
        GpenError: ``download_failed``, ``disk_full``, ``cannot_write`` or ``cancelled``.
    """
    job = _Job(part, size, checked, progress, cancel, backoff, patience)
    faults = []
    for url in urls:
        try:
            job.try_host(url)
        except FaultError as fault:
            faults.append(f"{urlsplit(url).hostname} {fault.reason}")
        else:
            return url
    kept = part.length
    raise GpenError(
        "download_failed",
        f"The file could not be downloaded: {'; '.join(faults)}.",
        "Check the network and the proxy (HTTPS_PROXY), and try again"
        + (f"; the {kept / 1e6:.1f} MB that are here are kept." if kept else "."),
    )


@dataclass(frozen=True)
class _Job:
    part: Part
    size: int | None
    checked: bool
    progress: ProgressHook
    cancel: CancelHook
    backoff: float
    patience: float

    def try_host(self, url: str) -> None:
        """Asks a host until the part is whole or the host has failed too often."""
        failures, most = 0, self.part.length
        while True:
            try:
                return self._attempt(url)
            except FaultError as fault:
                if self.part.length > most:
                    failures, most = 0, self.part.length
                failures += 1
                if not fault.passing or failures == ATTEMPTS:
                    raise
                self._wait(max(self.backoff * 2 ** (failures - 1), fault.wait))

    def _attempt(self, url: str) -> None:
        note = self.part.note()
        # Without a sum, only the very same file may be completed.
        if note is None or not (self.checked or (note.url == url and note.validator)):
            note = None
            self.part.discard()
        start = self.part.length
        if note and start and start == (self.size or note.total):
            return
        connection = Connection(
            url,
            start,
            note.validator if note and note.url == url else "",
            cancel=self.cancel,
            patience=self.patience,
        )
        try:
            self._check(connection.reply, start, note)
            if connection.reply.satisfied:
                self._receive(url, connection)
        finally:
            connection.close()

    def _check(self, reply: Reply, start: int, note: Note | None) -> None:
        """Raises FaultError when the answer does not fit what was asked for."""
        if reply.satisfied and reply.total is not None and self.size not in (None, reply.total):
            why = f"has another file ({reply.total} bytes instead of {self.size})"
            raise FaultError(why, passing=False)
        if reply.satisfied:
            fits = reply.start == 0 or (
                reply.start == start and note is not None and note.total in (None, reply.total)
            )
        else:
            fits = start > 0 and reply.total == start
        if not fits:
            self.part.discard()  # what is here and what is there have come apart
            raise FaultError("has another version of the file now", passing=True)

    def _receive(self, url: str, connection: Connection) -> None:
        reply = connection.reply
        done, total = reply.start, self.size or reply.total
        self.part.check_room((total or 0) - done)
        meter = _Meter(self.progress, total)
        with self.part.opened(done) as file:
            self.part.write_note(Note(url, reply.validator, total))
            meter.show(done)
            for chunk in connection:
                done += len(chunk)
                if done > (total or LARGEST):
                    break
                self.part.append(file, chunk)
                meter.show(done)
        if done > (total or LARGEST):
            self.part.discard()
            raise FaultError("sends more than the file has", passing=False)
        meter.show(done, last=True)
        if total is not None and done < total:
            raise FaultError("broke off", passing=True)

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self.cancel():
                raise cancelled()
            time.sleep(min(STEP, left))


class _Meter:
    """Tells the progress now and then, with the rate of the last seconds."""

    SPAN = 5.0
    """Seconds over which the rate is taken."""

    def __init__(self, tell: ProgressHook, total: int | None) -> None:
        self._tell = tell
        self._total = total
        self._past: deque[tuple[float, int]] = deque()

    def show(self, done: int, *, last: bool = False) -> None:
        now = time.monotonic()
        if self._past and now - self._past[-1][0] < STEP and not last:
            return
        self._past.append((now, done))
        while len(self._past) > 2 and now - self._past[0][0] > self.SPAN:
            self._past.popleft()
        then, before = self._past[0]
        rate = (done - before) / (now - then) if now > then else 0.0
        self._tell(Progress(done, self._total, rate))
