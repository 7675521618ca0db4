"""Fetches a known model: downloaded, checked, and only then given its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from ..errors import GpenError
from ..wire import EngineHome
from .catalogue import Entry
from .download import CancelHook, ProgressHook, download
from .identify import network_of
from .part import Part, writing
from .records import Records, sha256_of


@dataclass(frozen=True)
class Obtained:
    """A model that is there."""

    path: Path
    sha256: str
    published: bool
    """The sum is the one that the catalogue states. Otherwise nobody states one: size, names,
    shapes and finite numbers were checked, and the sum is remembered on this machine."""


def obtain(
    entry: Entry,
    *,
    progress: ProgressHook = lambda _: None,
    cancel: CancelHook = lambda: False,
    checking: Callable[[], None] = lambda: None,
    backoff: float = 1,
    patience: float = 30,
) -> Obtained:
    """Downloads a model into the engine's folder ``models``, unless it is there already.

    Terms are for the caller to show and have accepted, before.

    Args:
        entry: of the catalogue.
        progress, cancel, backoff, patience: see ``download``.
        checking: called when all bytes are here and their check begins.

    Raises:
        GpenError: ``download_failed``, ``checksum`` (what came is another file), ``disk_full``
            or ``cannot_write``, whose hints say how to fetch the file by hand; ``cancelled``,
            ``busy`` (another process downloads it), ``bad_records``.
    """
    records = Records(EngineHome.of_user().models)
    there = entry.path
    if there:
        sha256 = records.sum_of(there) or sha256_of(there)
        return Obtained(there, sha256, sha256 == entry.sha256)
    if entry.embedded:
        raise GpenError(
            "model_missing",
            f"{entry.name} comes along with the engine, and its file is gone.",
            "Install the engine again: python3 install.py",
        )
    target, part = records.folder / entry.file, part_of(entry)
    fetch = partial(
        download,
        size=entry.bytes,
        checked=entry.sha256 is not None,
        progress=progress,
        cancel=cancel,
        backoff=backoff,
        patience=patience,
    )
    try:
        with writing(records.folder):
            records.folder.mkdir(parents=True, exist_ok=True)
        with _alone(target):
            url, sha256 = _whole(entry, part, fetch, checking)
            part.finish(target)
            records.keep_sum(target, sha256, url)
    except GpenError as error:
        if error.code in ("cancelled", "busy", "bad_records"):
            raise
        hint = f"{error.hint} {by_hand(entry, target)}"
        raise GpenError(error.code, error.sentence, hint) from error
    return Obtained(target, sha256, sha256 == entry.sha256)


def part_of(entry: Entry) -> Part:
    """What an interrupted download left of a model, or will leave."""
    return Part(EngineHome.of_user().models / f"{entry.file}.part")


def _whole(
    entry: Entry,
    part: Part,
    fetch: Callable[[Sequence[str], Part], str],
    checking: Callable[[], None],
) -> tuple[str, str]:
    """Downloads until what came is right. The address it came from, and its sum."""
    urls = entry.urls
    while True:
        began_empty = part.length == 0
        url = fetch(urls, part)
        checking()
        try:
            return url, check(entry, part.path, f"What {urlsplit(url).hostname} gave")
        except GpenError:
            part.discard()
            # What spoiled it may be bytes from another host: then this one is asked once more.
            its_own = began_empty and url == urls[0]
            urls = urls[urls.index(url) + its_own :]
            if not urls:
                raise


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Keeps two processes from writing the same part."""
    from ..lock import Lock

    lock = Lock(target.with_name(f"{target.name}.lock"))
    with writing(lock.path):
        taken = lock.take()
    if not taken:
        raise GpenError("busy", f"{target.stem} is being downloaded already.", "Wait for it.")
    try:
        yield
    finally:
        lock.release()


def check(entry: Entry, path: Path, what: str) -> str:
    """Makes sure that a file is what the catalogue says.

    Args:
        entry: of the catalogue.
        path: the file.
        what: begins an error.

    Returns:
        Its SHA-256.

    Raises:
        GpenError: ``checksum``.
    """
    sha256 = sha256_of(path)
    if entry.sha256 is not None:
        if sha256 == entry.sha256:
            return sha256
        raise GpenError(
            "checksum",
            f"{what} for {entry.name} is another file: its SHA-256 is {sha256}"
            f" instead of {entry.sha256}.",
            "It was thrown away. Try again later.",
        )
    try:
        network = network_of(path)
    except GpenError as error:
        raise GpenError(
            "checksum",
            f"{what} for {entry.name} is not usable. {error.sentence}",
            "It was thrown away. Try again later.",
        ) from error
    if network != entry.network:
        raise GpenError(
            "checksum",
            f"{what} for {entry.name} holds another network.",
            "It was thrown away. Try again later.",
        )
    return sha256


def by_hand(entry: Entry, target: Path) -> str:
    """How to fetch a model with a browser."""
    sum_ = f", SHA-256 {entry.sha256}" if entry.sha256 else ""
    return (
        f"Or put the file there by hand: save {entry.urls[0]} as {target}{sum_};"
        f" then run: gpen models verify {entry.name}"
    )
