"""The pictures of a folder tree."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..errors import GpenError


def check_folders(folder: Path, output: Path) -> None:
    """Raises GpenError: ``bad_option`` when results could come to lie upon the pictures."""
    if not folder.is_dir():
        raise GpenError(
            "bad_option",
            f"There is no folder {folder}.",
            "gpen batch takes a folder; for single pictures there is gpen restore.",
        )
    if Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(output)):
        raise GpenError(
            "bad_option",
            f"The results cannot go to {output}: the pictures themselves lie there.",
            "Name another folder, which may be inside the folder of the pictures.",
        )


def find_pictures(folder: Path, output: Path) -> Iterator[Path]:
    """The pictures in a folder tree, told by their suffixes and sorted, as paths below it.

    Left out are hidden files and folders, links to folders (which may form loops) and the output
    folder.

    Raises:
        OSError: a folder cannot be read.
    """
    from ..pictures.formats import FORMATS

    suffixes = {suffix for format in FORMATS for suffix in format.suffixes}
    results = os.path.realpath(output)

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
