"""Whether the plug-in lies in each profile as GIMP wants it, and fits the engine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from ..installation import gimps, placing
from ..installation.interpreters import ALIAS, alias_files
from ..installation.profiles import profiles
from .finding import Case, Finding, command

NAME = "Plug-in"
SCRIPT = f"{placing.NAME}.py"
ENGINE = Path(__file__).parents[1]
"""The engine's own files, of which the plug-in has a part."""


def plugins(case: Case) -> Iterator[Finding]:
    """One finding for each folder of plug-ins, or one for each of its faults."""
    versions = {gimp.profile: gimp.version for gimp in gimps.found()}
    for profile in profiles():
        version = versions.get(profile) or profile.name
        yield from examined(case, profile / "plug-ins", f"in GIMP {version}")
    for folder in placing.remembered(case.home):
        yield from examined(case, folder, f"in {folder}")


def examined(case: Case, folder: Path, where: str) -> Iterator[Finding]:
    """What is to be said about the plug-in in one folder of plug-ins.

    Args:
        case: the installation.
        folder: such as ``~/.config/GIMP/3.0/plug-ins``.
        where: in words, after "The plug-in".
    """
    plugin = folder / placing.NAME
    script = plugin / SCRIPT
    if not script.is_file():
        yield _missing(case, folder, where)
        return
    wrong = [*_mode(script, where), *_first_line(case, plugin, where), *_copy(case, plugin, where)]
    yield from wrong or [Finding("ok", NAME, f"It lies {where} and fits the engine.")]


def _missing(case: Case, folder: Path, where: str) -> Finding:
    for other in sorted(folder.glob(f"*/{SCRIPT}")):
        if not other.parent.name.startswith("."):  # left by an installation that was cut short
            sentence = (
                f"The plug-in's folder {where} is called {other.parent.name};"
                f" GIMP wants it to be called like its file."
            )
            move = command(["mv", other.parent, folder / placing.NAME])
            return Finding("fault", NAME, sentence, case.placed_anew() if os.name == "nt" else move)
    return Finding("fault", NAME, f"The plug-in is not {where}.", case.placed_anew())


def _mode(script: Path, where: str) -> Iterator[Finding]:
    if os.name == "posix" and not script.stat().st_mode & 0o100:
        sentence = f"The plug-in {where} may not be run, so GIMP passes it over."
        yield Finding("fault", NAME, sentence, command(["chmod", "+x", script]))


def _first_line(case: Case, plugin: Path, where: str) -> Iterator[Finding]:
    """``#!`` and the Python that GIMP is to start; one name stands for what a file of GIMP's
    names."""
    with (plugin / SCRIPT).open("rb") as file:
        line = file.readline(200).decode(errors="replace")
    words = line.removeprefix("#!").split()
    if not line.startswith("#!") or line.endswith("\r\n") or not words:
        sentence = f"The plug-in {where} does not say in its first line which Python runs it."
        yield Finding("fault", NAME, sentence, case.placed_anew())
    elif words == [ALIAS]:
        for named in alias_files(plugin.parents[1]):
            python = _aliased(named)
            if python is None or not python.is_file():
                sentence = f"The file that names GIMP's Python {where}, {named.name}, is broken."
                yield Finding("fault", NAME, sentence, case.placed_anew())
    elif os.name == "posix" and not all(map(shutil.which, words)):
        sentence = f"The plug-in {where} is run by {' '.join(words)}, which is not there."
        yield Finding("fault", NAME, sentence, case.placed_anew())


def _aliased(file: Path) -> Path | None:
    """The Python that an interpreter file names."""
    try:
        name, _, path = file.read_text(encoding="utf-8").strip().partition("=")
    except OSError:
        return None
    return Path(path) if name == ALIAS and path else None


def _copy(case: Case, plugin: Path, where: str) -> Iterator[Finding]:
    """The part that both sides share is the engine's own, the rest that of the product."""
    shared = [(path, Path("gpen_engine", path.relative_to(ENGINE))) for path in _shared()]
    own = [
        (source, target)
        for source, target in (placing.files(case.product) if case.product else [])
        if target.parts[0] != "gpen_engine"
    ]
    if any(not _same(source, plugin / target) for source, target in shared + own):
        sentence = f"The plug-in {where} is incomplete, or of another version than the engine."
        yield Finding("fault", NAME, sentence, case.placed_anew())


def _shared() -> list[Path]:
    return [ENGINE / "__init__.py", ENGINE / "errors.py", *(ENGINE / "wire").rglob("*.py")]


def _same(source: Path, placed: Path) -> bool:
    try:
        one, other = source.read_bytes(), placed.read_bytes()
    except FileNotFoundError:
        return False
    if placed.name == SCRIPT:  # the first line may name another Python
        one, other = (data.partition(b"\n")[2] for data in (one, other))
    return one == other
