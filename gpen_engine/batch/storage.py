"""Where pictures lie and results go: a folder of this computer, or an address that fsspec knows."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from ..errors import GpenError

PARTS = ".gpen-parts"
"""In the folder of the results: files that are not finished, for as long as a batch runs."""

Stamp = tuple[int, int]
"""Size in bytes and time of the last change in nanoseconds; when they are the same, so is the
file."""


def plain(address: str) -> str:
    """A path where the address means one (``file:///photos``), else the address itself."""
    parts = urlsplit(address)
    return url2pathname(unquote(parts.path)) if parts.scheme == "file" else address


def is_remote(address: str) -> bool:
    """Whether fsspec is needed: for ``s3://…``, ``memory://…`` and the like."""
    return "://" in plain(address)


def whole(address: str) -> str:
    """The same for every way to write it: a path without links, or the address."""
    return address if is_remote(address) else os.path.realpath(plain(address))


def stamp(address: str | Path) -> Stamp | None:
    """None when there is no such file."""
    if isinstance(address, str) and is_remote(address):
        system, path = remote(address)
        try:
            return int(system.info(path)["size"]), _changed(system, path)
        except OSError:
            return None
    try:
        status = Path(plain(str(address))).stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


@contextmanager
def at_hand(address: str) -> Iterator[Path]:
    """The file as one of this computer: itself, or a copy for as long as the block lasts."""
    if not is_remote(address):
        yield Path(plain(address))
        return
    system, path = remote(address)
    with tempfile.TemporaryDirectory(prefix="gpen-") as folder:
        here = Path(folder, PurePosixPath(path).name)
        try:
            system.get_file(path, str(here))
        except FileNotFoundError as error:
            raise GpenError(
                "file_missing", f"There is no file {address}.", "Check its name and its folder."
            ) from error
        yield here


class Folder(Protocol):
    """Takes results: each is written as a part first and then takes its name, whole."""

    def address(self, name: str) -> str: ...

    def stamp(self, name: str) -> Stamp | None: ...

    def part(self, name: str) -> Any:
        """A context that gives a local path to write to; once it ends well, the part is safe."""

    def publish(self, part: str, name: str) -> None:
        """Gives a part its name; what had the name is gone."""

    def remove(self, name: str) -> None: ...

    def clear(self) -> None:
        """Removes all parts."""

    @property
    def keeps_stamps(self) -> bool:
        """Whether a part still has its stamp when it has got its name."""


def folder_at(address: str) -> Folder:
    return RemoteFolder(address) if is_remote(address) else LocalFolder(Path(plain(address)))


class LocalFolder:
    """A folder of this computer, or of storage that all computers of a cluster share."""

    keeps_stamps = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def address(self, name: str) -> str:
        return str(self.folder / name)

    def stamp(self, name: str) -> Stamp | None:
        return stamp(self.folder / name)

    @contextmanager
    def part(self, name: str) -> Iterator[Path]:
        part = self.folder / PARTS / _new(name)
        part.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield part
            with part.open("rb+") as file:
                os.fsync(file.fileno())
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def publish(self, part: str, name: str) -> None:
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (self.folder / PARTS / part).replace(target)

    def remove(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)

    def clear(self) -> None:
        shutil.rmtree(self.folder / PARTS, ignore_errors=True)


class RemoteFolder:
    """A folder in any storage that fsspec reaches."""

    keeps_stamps = False

    def __init__(self, address: str) -> None:
        self.root = address.rstrip("/")
        self.system, self.path = remote(self.root)

    def address(self, name: str) -> str:
        return f"{self.root}/{name}"

    def stamp(self, name: str) -> Stamp | None:
        return stamp(self.address(name))

    @contextmanager
    def part(self, name: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="gpen-") as folder:
            here = Path(folder, _new(name))
            yield here
            self.system.makedirs(f"{self.path}/{PARTS}", exist_ok=True)
            self.system.put_file(str(here), f"{self.path}/{PARTS}/{here.name}")

    def publish(self, part: str, name: str) -> None:
        target = f"{self.path}/{name}"
        self.system.makedirs(target.rpartition("/")[0], exist_ok=True)
        self.remove(name)
        self.system.mv(f"{self.path}/{PARTS}/{part}", target)

    def remove(self, name: str) -> None:
        if self.system.exists(f"{self.path}/{name}"):
            self.system.rm_file(f"{self.path}/{name}")

    def clear(self) -> None:
        if self.system.exists(f"{self.path}/{PARTS}"):
            self.system.rm(f"{self.path}/{PARTS}", recursive=True)


@cache
def _system(protocol: str, root: str) -> Any:
    from fsspec.core import url_to_fs

    try:
        # What others write meanwhile must be seen, so no listing is kept.
        system, _ = url_to_fs(root, use_listings_cache=False)
    except (ImportError, ValueError) as error:
        raise GpenError(
            "bad_option",
            f'The address "{protocol}://" cannot be used here: {str(error).rstrip(".")}.',
            "Install the package for it, or use a folder.",
        ) from error
    return system


def remote(address: str) -> tuple[Any, str]:
    """The file system of an address, and the path in it.

    Raises:
        GpenError: ``bad_option`` when fsspec does not know it, or a package for it is missing.
    """
    parts = urlsplit(address)
    system = _system(parts.scheme, f"{parts.scheme}://{parts.netloc}/")
    return system, str(system._strip_protocol(address))


def _changed(system: Any, path: str) -> int:
    try:
        return int(system.modified(path).timestamp() * 1e9)
    except NotImplementedError:
        return 0  # some storage does not say; then the size has to do


def _new(name: str) -> str:
    return f"{secrets.token_hex(8)}{PurePosixPath(name).suffix}"
