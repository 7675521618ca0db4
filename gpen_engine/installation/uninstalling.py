"""Taking away what the installer brought, and nothing else."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ..errors import GpenError
from ..wire.client import wait_until_gone
from ..wire.home import EngineHome
from ..wire.launch import stop_running
from . import autostart, placing
from .profiles import profiles
from .steps import STATE, Failed


def uninstall(home: EngineHome, env: Path, purge: bool, say: Callable[[str], None]) -> None:
    """Stops the engine and removes it and the plug-in, and says what was removed.

    Args:
        env: the environment; left alone unless the installer made it.
        purge: the models too.

    Raises:
        Failed: something could not be removed; what could be is gone.
    """
    removed: list[str] = []
    troubles: list[str] = []

    def attempt(work: Callable[[], None]) -> None:
        try:
            work()
        except GpenError as error:
            troubles.append(str(error))
        except OSError as error:
            troubles.append(f"{error.filename or home.folder}: {error.strerror or error}.")

    def switch_off() -> None:
        if autostart.disable(home):
            removed.append("the automatic start")

    attempt(switch_off)
    stop_running(home)
    wait_until_gone(home)
    attempt(lambda: removed.extend(map(str, placing.remove_everywhere())))
    for path in leftovers(home, env, purge):
        attempt(partial(delete, path))
        if not path.exists():
            removed.append(str(path))
    with contextlib.suppress(OSError):
        home.models.rmdir()  # if nothing is in it
    for what in removed:
        say(f"Removed: {what}")
    if not removed:
        say("Nothing was installed.")
    if home.models.exists():
        say(f"Kept: {home.models} (--uninstall --purge removes it too)")
    if troubles:
        raise Failed("Not everything could be removed: " + " ".join(troubles))


def show(home: EngineHome, env: Path, purge: bool, say: Callable[[str], None]) -> None:
    """Says what ``uninstall`` would do."""
    say("Stop the engine if it runs, and its automatic start if that is set up.")
    for profile in profiles():
        folder = placing.installed(profile)
        if folder:
            say(f"Remove {folder}")
    for folder in placing.remembered(home):
        say(f"Remove the plug-in from {folder}")
    for path in leftovers(home, env, purge):
        say(f"Remove {path}")


def leftovers(home: EngineHome, env: Path, purge: bool) -> list[Path]:
    """What there is of the installer's and the engine's own, apart from the plug-in."""
    folder = home.folder
    ours = [
        *([env] if (env / STATE).exists() else []),
        *(folder / name for name in ("uv", "python", "engine.json.new")),
        home.launch_file,
        home.logs,
        home.private,
        *([home.models] if purge else []),
    ]
    return [path for path in ours if path.is_symlink() or path.exists()]


def delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        state = path / STATE
        for inside in path.iterdir():  # the state last: a folder without it is not ours
            if inside != state:
                delete(inside)
        state.unlink(missing_ok=True)
        path.rmdir()
    else:
        path.unlink()


def environment_of(home: EngineHome) -> Path:
    """Where the engine was put, wherever that was."""
    with contextlib.suppress(GpenError):
        launch = home.launch()
        if launch is not None:
            env = Path(launch.command[0]).parent.parent
            if (env / STATE).exists():
                return env
    return home.folder / "env"
