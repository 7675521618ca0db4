"""The pictures of a batch: from files, folders, patterns, lists and numbered frames."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from ..errors import GpenError
from .naming import check_pattern, named
from .storage import is_remote, plain, remote, whole
from .work import Item

_NUMBERED = re.compile(r"%0?(\d*)d|#+")
_WILD = re.compile(r"[*?[]")


def find_items(sources: Iterable[str], output: str, pattern: str) -> list[Item]:
    """Every picture with the name of its result, in the order in which they were named.

    Args:
        sources: each a file; a folder with all its folders; a pattern such as ``scans/**/*.tif``;
            ``@list.txt`` with one of these on each line; or numbered frames,
            ``scan_%04d.png`` or ``scan_####.png``. Addresses that fsspec knows may stand for paths.
        output: the folder of the results, which is not searched.
        pattern: see ``naming``.

    Raises:
        GpenError: ``bad_option`` when there is no such source, results would come to lie upon
            pictures, or two would have the same name; ``no_pictures``.
        OSError: a folder cannot be read.
    """
    check_pattern(pattern, _suffixes())
    sources = list(sources)
    items: dict[str, Item] = {}
    for source, below in _listed(sources, output):
        path = named(below, pattern)
        twin = items.setdefault(os.path.normcase(path), Item(path, source))
        if whole(twin.source) != whole(source):
            raise GpenError(
                "bad_option",
                f"{twin.source} and {source} would both be written to {path}.",
                "Restore them one after the other, to different folders, or choose names with"
                " --name.",
            )
    if not items:
        raise GpenError("no_pictures", f"There are no pictures in {', '.join(sources)}.")
    for item in items.values():
        if whole(item.source) == whole(posixpath.join(output, item.path)):
            raise _upon_pictures(output)
    return list(items.values())


def _listed(sources: Iterable[str], output: str) -> Iterator[tuple[str, str]]:
    """Path or address of each picture, and its path below the folder that was named."""
    for source in sources:
        if source.startswith("@"):
            yield from _listed(_lines(Path(source[1:])), output)
        elif is_remote(source):
            yield from _remote(source)
        else:
            yield from _local(plain(source), output)


def _lines(file: Path) -> list[str]:
    try:
        text = file.read_text(encoding="utf-8-sig", errors="surrogateescape")
    except FileNotFoundError as error:
        raise GpenError("bad_option", f"There is no list {file}.", "Check its name.") from error
    return [line for line in text.splitlines() if line.strip() and not line.startswith("@")]


def _local(source: str, output: str) -> Iterator[tuple[str, str]]:
    if Path(source).is_dir():
        _check_folders(source, output)
        for below in _pictures(Path(source), output):
            yield str(Path(source) / below), below.as_posix()
    elif os.path.lexists(source):
        yield source, Path(source).name
    elif _NUMBERED.search(Path(source).name):
        yield from _frames(Path(source))
    elif _WILD.search(source):
        base = Path(_base(Path(source).as_posix()))
        for path in sorted(base.glob(str(Path(source).relative_to(base)))):
            below = path.relative_to(base)
            hidden = any(part.startswith(".") for part in below.parts)
            result = not is_remote(output) and _is_below(path, output)
            if path.suffix.lower() in _suffixes() and path.is_file() and not (hidden or result):
                yield str(path), below.as_posix()
    else:
        raise GpenError(
            "bad_option",
            f"There is no folder or picture {source}.",
            "Name files, folders, a pattern in quotes such as 'scans/*.tif', or @list.txt.",
        )


def _frames(numbered: Path) -> Iterator[tuple[str, str]]:
    """Frames by their number. ``####`` and ``%04d`` want four digits at least, as printf counts."""
    found = _NUMBERED.search(numbered.name)
    assert found
    digits = len(found[0]) if found[0].startswith("#") else int(found[1] or 1)
    before, after = numbered.name[: found.start()], numbered.name[found.end() :]
    exact = re.compile(f"{re.escape(before)}(\\d{{{digits},}}){re.escape(after)}")
    frames = []
    if numbered.parent.is_dir():
        for path in numbered.parent.iterdir():
            match = exact.fullmatch(path.name)
            if match:
                frames.append((int(match[1]), path.name))
    for _, name in sorted(frames):
        yield str(numbered.parent / name), name


def _remote(source: str) -> Iterator[tuple[str, str]]:
    system, path = remote(source)
    start = source[: len(source) - len(path)] if source.endswith(path) else source
    if _WILD.search(path):
        paths, base = sorted(system.glob(path)), _base(path)
    elif system.isdir(path):
        paths, base = sorted(system.find(path)), path
    elif system.exists(path):
        paths, base = [path], posixpath.dirname(path)
    else:
        raise GpenError("bad_option", f"There is nothing at {source}.", "Check the address.")
    for found in paths:
        below = posixpath.relpath(found, base)
        hidden = any(part.startswith(".") for part in below.split("/"))
        if len(paths) == 1 or (PurePosixPath(found).suffix.lower() in _suffixes() and not hidden):
            yield f"{start}{found}", below


def _base(pattern: str) -> str:
    """The folder before the first part with a wildcard."""
    parts = PurePosixPath(pattern).parts
    first = next(place for place, part in enumerate(parts) if _WILD.search(part))
    return str(PurePosixPath(*parts[:first]))


def _suffixes() -> set[str]:
    from ..pictures.formats import FORMATS

    return {suffix for format in FORMATS for suffix in format.suffixes}


def _is_below(path: str | Path, folder: str) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(plain(folder)))


def _check_folders(folder: str, output: str) -> None:
    """Raises GpenError: ``bad_option`` when results could come to lie upon the pictures."""
    if not is_remote(output) and _is_below(folder, output):
        raise _upon_pictures(output)


def _upon_pictures(output: str) -> GpenError:
    return GpenError(
        "bad_option",
        f"The results cannot go to {output}: the pictures themselves lie there.",
        "Name another folder, which may be inside the folder of the pictures.",
    )


def _pictures(folder: Path, output: str) -> Iterator[Path]:
    """The pictures in a folder tree, told by their suffixes and sorted, as paths below it.

    Left out are hidden files and folders, links to folders (which may form loops) and the output
    folder.

    Raises:
        OSError: a folder cannot be read.
    """
    suffixes = _suffixes()
    results = "" if is_remote(output) else os.path.realpath(plain(output))

    def stop(error: OSError) -> None:
        raise error

    for name, folders, files in os.walk(folder, onerror=stop):
        here = Path(name)
        folders[:] = sorted(
            f for f in folders if not f.startswith(".") and os.path.realpath(here / f) != results
        )
        for file in sorted(files):
            if not file.startswith(".") and Path(file).suffix.lower() in suffixes:
                yield (here / file).relative_to(folder)
