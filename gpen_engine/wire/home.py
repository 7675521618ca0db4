"""Where the engine of this user lives: its socket, key, lock, logs, models, and how to start it."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import secrets
import stat
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from ..errors import GpenError
from .fields import bad_message, items, text

VARIABLE = "GPEN_ENGINE_HOME"
"""Environment variable that names another folder."""
LAUNCHD_VARIABLE = "GPEN_LAUNCHD_SOCKET"
"""Environment variable that tells an engine under which name launchd keeps its socket."""
LONGEST_ADDRESS = 100
"""Bytes in a socket's path; systems allow 104 to 108."""


@dataclass(frozen=True)
class Launch:
    """How the engine is started; the installer writes it."""

    command: tuple[str, ...]
    version: str
    """Of the installed engine; a running one of another version is replaced."""
    repair: str
    """The command that a user can run when the engine is broken."""
    standalone: bool = False
    """Whether its Python lies in the user's home as a whole, so that a Flatpak can run it too."""


@dataclass(frozen=True)
class EngineHome:
    """A folder that belongs to one user, with everything that both sides have to find.

    It lies in the user's home and does not follow the XDG variables, because those are other ones
    inside of GIMP's Flatpak.
    """

    folder: Path

    @classmethod
    def of_user(cls) -> EngineHome:
        """The folder that the environment names, else the usual one of this system."""
        named = os.environ.get(VARIABLE)
        if named:
            return cls(Path(named).expanduser().absolute())
        if os.name == "nt":
            local = Path(os.environ.get("LOCALAPPDATA", "~/AppData/Local")).expanduser()
            return cls(local / "gpen-gimp")
        if sys.platform == "darwin":
            return cls(Path("~/Library/Application Support/gpen-gimp").expanduser())
        return cls(Path("~/.local/share/gpen-gimp").expanduser())

    @property
    def models(self) -> Path:
        """Weights files that the user put here have a name: the file's."""
        return self.folder / "models"

    @property
    def launch_file(self) -> Path:
        """Says how to start the engine."""
        return self.folder / "engine.json"

    @property
    def autostart(self) -> Path:
        """There while the system starts the engine whenever somebody connects."""
        return self.folder / "autostart"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def private(self) -> Path:
        """What nobody else may see."""
        return self.folder / "run"

    @property
    def lock(self) -> Path:
        """Locked by the engine while it lives."""
        return self.private / "lock"

    @property
    def address(self) -> str:
        """Where the engine listens: a socket's path, on Windows a named pipe.

        Raises:
            GpenError: ``bad_home`` when the folder's name is too long for a socket.
        """
        if os.name == "nt":
            name = hashlib.sha256(str(self.folder).lower().encode()).hexdigest()[:16]
            return rf"\\.\pipe\gpen-{getpass.getuser()}-{name}"
        address = str(self.private / "socket")
        if len(os.fsencode(address)) > LONGEST_ADDRESS:
            raise GpenError(
                "bad_home",
                f"The name of the folder {self.folder} is too long for the engine's socket.",
                f"Set the environment variable {VARIABLE} to a folder with a shorter name.",
            )
        return address

    def make(self) -> None:
        """Makes the folders, the private one for this user alone.

        Raises:
            GpenError: ``bad_home`` when they cannot be made or somebody else has a hand in them.
        """
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
            self.private.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise _unusable(self.folder, error) from error
        self._check_private()

    def key(self) -> bytes:
        """What both sides prove to know.

        Raises:
            GpenError: ``gone`` while no engine has ever run here, ``bad_home`` when others may
                read it.
        """
        self._check_private()
        try:
            return (self.private / "key").read_bytes()
        except FileNotFoundError as error:
            raise GpenError("gone", "The GPEN engine is not running.") from error
        except OSError as error:
            raise _unusable(self.folder, error) from error

    def kept_key(self) -> bytes:
        """The key that is there, else a new one; where clients may come before the engine.

        Raises:
            GpenError: ``bad_home``.
        """
        try:
            return self.key()
        except GpenError as error:
            if error.code != "gone":
                raise
            return self.new_key()

    def new_key(self) -> bytes:
        """Puts another key into place; for the engine, before it listens."""
        path, key = self.private / "key", secrets.token_bytes(32)
        fresh = path.with_name(f"key.{os.getpid()}")
        try:
            fresh.unlink(missing_ok=True)
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(key)
            fresh.replace(path)
        except OSError as error:
            raise _unusable(self.folder, error) from error
        return key

    def launch(self) -> Launch | None:
        """How to start the engine; None when it was never installed.

        Raises:
            GpenError: ``engine_broken`` when the file is damaged.
        """
        try:
            data = json.loads(self.launch_file.read_text(encoding="utf-8"))
            if not isinstance(data, dict) or not data.get("command"):
                raise bad_message("no command")
            command = tuple(items(data, "command", str))
            standalone = data.get("standalone") is True  # older installers did not say
            return Launch(command, text(data, "version"), text(data, "repair"), standalone)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, GpenError) as error:
            raise GpenError(
                "engine_broken",
                f"The file {self.launch_file}, which says how to start the engine, is damaged.",
                "Run the installer again: python3 install.py",
            ) from error

    def write_launch(self, launch: Launch) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = self.launch_file.with_name("engine.json.new")
        fresh.write_text(json.dumps(asdict(launch), indent=1) + "\n", encoding="utf-8")
        fresh.replace(self.launch_file)

    def _check_private(self) -> None:
        if os.name != "posix":
            return  # a user's folders on Windows are closed to others
        try:
            found = self.private.lstat()
        except FileNotFoundError as error:
            raise GpenError("gone", "The GPEN engine is not running.") from error
        except OSError as error:
            raise _unusable(self.folder, error) from error
        if (
            not stat.S_ISDIR(found.st_mode)
            or found.st_uid != os.geteuid()
            or stat.S_IMODE(found.st_mode) & 0o077
        ):
            raise GpenError(
                "bad_home",
                f"The folder {self.private} is not yours alone, so the engine does not use it.",
                "Delete it; the engine makes it again.",
            )


def _unusable(folder: Path, error: OSError) -> GpenError:
    return GpenError(
        "bad_home",
        f"The folder {folder} cannot be used: {error.strerror or error}.",
        "Check that you may write to it and that the disk has room.",
    )
