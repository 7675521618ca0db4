"""Putting the plug-in into GIMP's profiles, and telling it how to start the engine.

Run with the engine's own Python, since that is what the plug-in is to start:
``python -m gpen_engine.installation.placing PRODUCT [--plug-in-dir FOLDER]...``
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from ..errors import GpenError
from ..files import replacing
from ..version import version
from ..wire import EngineHome, Launch
from ..wire.launch import stop_running
from . import autostart
from .gimps import found, has_predecessor, let_it_make_its_profile
from .interpreters import FOLDER as INTERPRETERS
from .interpreters import remove_alias, use_alias, write_alias
from .profiles import profiles

NAME = "gpen_restore"
"""GIMP wants folder and file of a plug-in to have one name."""
PALETTE = Path("palettes", "gpen-face-map.gpl")
"""In a profile: the colours of face maps, which the plug-in's *Face from Map* speaks of."""
RECORD = "made.json"
"""In the plug-in's folder: the folders around it that were made for it."""


def place(product: Path, profile: Path, python: Path | None = None) -> Path:
    """Puts the plug-in into a profile, in place of an older one; returns its folder.

    Beside the plug-in's own files goes the part of the engine that both sides share; a palette
    with the colours of face maps lies with the user's own.

    Args:
        product: the folder that holds ``gimp_plugin`` and ``gpen_engine``.
        profile: such as ``~/.config/GIMP/3.0``; made where it is missing.
        python: GIMP's own Python, where GIMP must be told to start the plug-in with that one.

    Raises:
        OSError: the profile cannot be written.
    """
    from ..tasks.palette import write_palette  # removing needs no numpy

    palette = profile / PALETTE
    around = [palette.parent, *([profile / INTERPRETERS] if python else [])]
    folder = _put(product, profile / "plug-ins", around, aliased=python is not None)
    if python:
        write_alias(profile, python)
    else:
        remove_alias(profile)  # of a GIMP that was there before
    palette.parent.mkdir(exist_ok=True)
    write_palette(palette)
    return folder


def place_in(product: Path, plugins: Path) -> Path:
    """As ``place``, into a folder that holds plug-ins and exists."""
    plugins.stat()  # not made: its name is mistyped when it is not there
    return _put(product, plugins, [], aliased=False)


def installed(profile: Path) -> Path | None:
    """The plug-in's folder in a profile; None where it is not installed."""
    folder = profile / "plug-ins" / NAME
    return folder if (folder / f"{NAME}.py").is_file() else None


def remove(profile: Path) -> bool:
    """Takes the plug-in and all that belongs to it out of a profile; False when it was not there.

    Folders that were made for it go too, unless something else is in them by now.

    Raises:
        OSError: the profile cannot be written.
    """
    aliased = remove_alias(profile)
    (profile / PALETTE).unlink(missing_ok=True)
    for values in (profile / "plug-in-settings").glob("*-plug-in-gpen-*"):
        values.unlink()  # what GIMP remembers of its dialogs
    return _take_out(profile / "plug-ins") or aliased


def remove_everywhere(extra: Sequence[Path] = ()) -> list[Path]:
    """Takes the plug-in out of every profile, out of folders that were named when it was
    installed, and out of ``extra`` ones that hold plug-ins; returns where it was.

    Raises:
        GpenError: ``bad_profile`` for the first that cannot be written; the others are done.
    """
    home = EngineHome.of_user()
    failures: list[GpenError] = []

    def out_of(place: Path, take_out: Callable[[Path], bool]) -> bool:
        try:
            return take_out(place)
        except OSError as error:
            failures.append(_unwritable("The plug-in could not be taken out of", place, error))
            return False

    removed = [profile / "plug-ins" / NAME for profile in profiles() if out_of(profile, remove)]
    named = [*remembered(home), *extra]
    removed += [folder / NAME for folder in named if out_of(folder, _take_out)]
    if failures:
        raise failures[0]
    _memory(home).unlink(missing_ok=True)
    return removed


def files(product: Path) -> list[tuple[Path, Path]]:
    """What belongs to the plug-in: where it lies, and where it goes in the plug-in's folder."""
    plugin, engine = product / "gimp_plugin" / NAME, product / "gpen_engine"
    own = [(path, path.relative_to(plugin)) for path in plugin.rglob("*")]
    shared = [engine / "__init__.py", engine / "errors.py", *(engine / "wire").rglob("*")]
    both = [*own, *((path, path.relative_to(product)) for path in shared)]
    return sorted(
        (source, target)
        for source, target in both
        if source.is_file() and "__pycache__" not in source.parts
    )


def remembered(home: EngineHome) -> list[Path]:
    """The folders that were named when the plug-in was installed."""
    try:
        return [Path(name) for name in json.loads(_memory(home).read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []


def _remember(home: EngineHome, folders: Sequence[Path]) -> None:
    if folders:
        with replacing(_memory(home)) as fresh:
            fresh.write_text(json.dumps([*map(str, dict.fromkeys(folders))]), encoding="utf-8")


def _memory(home: EngineHome) -> Path:
    return home.folder / "plug-in-folders.json"


def _put(product: Path, plugins: Path, around: list[Path], *, aliased: bool) -> Path:
    folder, fresh, old = (plugins / name for name in _names())
    missing = [path for path in (*around, plugins, *plugins.parents) if not path.exists()]
    made = {*map(str, missing), *_made(plugins)}
    # Names with a dot: should this be stopped half-way, GIMP does not take them for plug-ins.
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    (fresh / RECORD).write_text(json.dumps(sorted(made)), encoding="utf-8")
    for source, target in files(product):
        (fresh / target).parent.mkdir(parents=True, exist_ok=True)
        # Not with its time: GIMP asks a plug-in anew only when its file is newer than before.
        shutil.copyfile(source, fresh / target)
    main = fresh / f"{NAME}.py"
    if aliased:
        use_alias(main)
    main.chmod(0o755)
    if folder.is_symlink():  # as a developer may have made it
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(old, ignore_errors=True)
        folder.replace(old)
    fresh.replace(folder)
    shutil.rmtree(old, ignore_errors=True)
    return folder


def _take_out(plugins: Path) -> bool:
    made = [Path(name) for name in _made(plugins)]
    there = [plugins / name for name in _names()]
    there = [folder for folder in there if folder.is_symlink() or folder.exists()]
    for folder in there:
        if folder.is_symlink():
            folder.unlink()
        else:
            shutil.rmtree(folder)
    for folder in sorted(made, key=lambda path: len(path.parts), reverse=True):
        with contextlib.suppress(OSError):  # somebody else uses it by now
            folder.rmdir()
    return bool(there)


def _names() -> tuple[str, str, str]:
    """The plug-in's folder, the one that is to take its place, and the one that gave way."""
    return NAME, f".{NAME}.new", f".{NAME}.old"


def _made(plugins: Path) -> set[str]:
    """What the records say that was made."""
    made: set[str] = set()
    for name in _names():
        with contextlib.suppress(OSError, ValueError, TypeError):
            made.update(json.loads((plugins / name / RECORD).read_text(encoding="utf-8")))
    return made


def _never_started(profile: Path) -> GpenError:
    return GpenError(
        "bad_profile",
        f"GIMP {profile.name} was never started, and would not take your settings over any more.",
        "Start it once, end it, and run the same command again.",
    )


def _unwritable(what: str, place: Path, error: OSError) -> GpenError:
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        why = "you may not write there"
    else:
        why = error.strerror or str(error)
    return GpenError(
        "bad_profile",
        f"{what} {place}: {why}.",
        "Put that right or move the folder away, and run the same command again.",
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Installs into every profile and every folder that is or was named; 1 when one failed."""
    parser = argparse.ArgumentParser(description="Puts the plug-in into GIMP.")
    parser.add_argument("product", type=Path, help="the folder with gimp_plugin and gpen_engine")
    parser.add_argument("--plug-in-dir", type=Path, action="append", default=[], metavar="FOLDER")
    options = parser.parse_args(argv)
    product, home = options.product.resolve(), EngineHome.of_user()
    known = [folder for folder in remembered(home) if folder.is_dir()]
    named = [folder.expanduser().absolute() for folder in options.plug_in_dir]
    try:
        tell(product, home)
        _remember(home, [folder for folder in (*known, *named) if folder.is_dir()])
    except GpenError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(_unwritable("The engine does not find room in", home.folder, error), file=sys.stderr)
        return 1
    gimps = found()
    for gimp in gimps:
        let_it_make_its_profile(gimp)
    pythons = {gimp.profile: gimp.python for gimp in gimps if gimp.python}

    def into(target: Path, put: Callable[[], Path]) -> bool:
        if has_predecessor(target):
            print(_never_started(target), file=sys.stderr)
            return False
        try:
            print(put())
        except OSError as error:
            print(_unwritable("The plug-in could not be put into", target, error), file=sys.stderr)
            return False
        return True

    done = [into(p, partial(place, product, p, pythons.get(p))) for p in profiles()]
    done += [into(f, partial(place_in, product, f)) for f in dict.fromkeys([*known, *named])]
    return 0 if all(done) else 1


def tell(product: Path, home: EngineHome) -> None:
    """Notes how the plug-in can start the engine, and ends one of before.

    Raises:
        GpenError: ``bad_home``.
        OSError: the engine's folder cannot be written.
    """
    home.make()
    home.models.mkdir(exist_ok=True)
    repair = shlex.join(["python3", str(product / "install.py")])
    # -P: whatever lies in the folder where GIMP was started, it is no part of the engine.
    command = (sys.executable, "-P", "-m", "gpen_engine", "serve")
    home.write_launch(Launch(command, version(), repair, standalone=is_standalone(home)))
    stop_running(home)
    if autostart.state(home) == "on":
        autostart.enable(home)


def is_standalone(home: EngineHome) -> bool:
    """Whether this Python lies in the user's home as a whole, so that a Flatpak has it too."""
    base = Path(sys.base_prefix).resolve()
    return any(place in base.parents for place in (Path.home().resolve(), home.folder.resolve()))


if __name__ == "__main__":
    sys.exit(main())
