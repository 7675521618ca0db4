"""Putting the plug-in into GIMP's profiles, and telling it how to start the engine.

Run with the engine's own Python, since that is what the plug-in is to start:
``python -m gpen_engine.installation.placing FOLDER_OF_THE_PRODUCT``
"""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from ..errors import GpenError
from ..version import version
from ..wire import EngineHome, Launch, connect
from .profiles import profiles

NAME = "gpen_restore"
"""GIMP wants folder and file of a plug-in to have one name."""


def place(product: Path, profile: Path) -> Path:
    """Puts the plug-in into a profile, in place of an older one; returns its folder.

    Beside the plug-in's own files goes the part of the engine that both sides share.

    Args:
        product: the folder that holds ``gimp_plugin`` and ``gpen_engine``.
        profile: such as ``~/.config/GIMP/3.0``; made where it is missing.

    Raises:
        OSError: the profile cannot be written.
    """
    folder = profile / "plug-ins" / NAME
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = profile / f"{NAME}.new"  # outside of plug-ins, where GIMP would try to load it
    shutil.rmtree(fresh, ignore_errors=True)
    for source, target in files(product):
        (fresh / target).parent.mkdir(parents=True, exist_ok=True)
        # Not with its time: GIMP asks a plug-in anew only when its file is newer than before.
        shutil.copyfile(source, fresh / target)
    (fresh / f"{NAME}.py").chmod(0o755)
    if folder.is_symlink():  # as a developer may have made it
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)
    fresh.replace(folder)
    return folder


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


def stop_running(home: EngineHome) -> None:
    """Ends an engine of before, so that the next call starts the one just installed."""
    try:
        with connect(home) as engine:
            engine.stop()
    except GpenError:
        pass  # none runs, which is the usual case


def main() -> None:
    product = Path(sys.argv[1]).resolve()
    home = EngineHome.of_user()
    home.make()
    home.models.mkdir(exist_ok=True)
    repair = shlex.join(["python3", str(product / "install.py")])
    # -P: whatever lies in the folder where GIMP was started, it is no part of the engine.
    command = (sys.executable, "-P", "-m", "gpen_engine", "serve")
    home.write_launch(Launch(command, version(), repair))
    stop_running(home)
    for profile in profiles():
        print(place(product, profile))


if __name__ == "__main__":
    main()
