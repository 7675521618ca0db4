"""The GIMPs of this computer, as packages of every kind install them, and their profile folders."""

from __future__ import annotations

import os
import plistlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.parsers.expat import ExpatError

SNAP = (
    "GIMP from Snap is shut off from the hidden folders of your home, and so from the engine; "
    "GIMP from Flathub, or from your system's packages, works."
)
STORE = "It comes from the Microsoft Store."
ONLY_PROFILE = "Its profile is here, the program itself was not found."


@dataclass(frozen=True)
class Gimp:
    """A GIMP 3, or what is left of one."""

    version: str
    """Such as "3.0" or "3.2"; empty when it is unknown."""
    kind: str
    """``package``, ``flatpak``, ``snap``, ``windows``, ``macos``, or ``profile`` when nothing but
    its profile folder is there."""
    profile: Path | None
    """Where its plug-ins go, which may have to be made; None where that is unknown."""
    supported: bool = True
    note: str = ""
    """One sentence, such as why it is not supported; may be empty."""
    python: Path | None = None
    """Its own Python, where GIMP has to be told (Windows)."""


@dataclass(frozen=True)
class System:
    """Where to look; tests look elsewhere."""

    platform: str = sys.platform
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    root: Path = Path("/")

    @property
    def home(self) -> Path:
        name = "USERPROFILE" if self.platform == "win32" else "HOME"
        return Path(self.environment.get(name) or Path.home())

    def folder(self, variable: str, usual: str) -> Path:
        """What the environment names, else a folder in the user's home."""
        return Path(self.environment.get(variable) or self.home / usual)

    @property
    def profiles(self) -> Path:
        """Where GIMP, the one in a Flatpak too, keeps the profiles of all its versions."""
        if self.platform == "win32":
            return self.folder("APPDATA", "AppData/Roaming") / "GIMP"
        if self.platform == "darwin":
            return self.home / "Library" / "Application Support" / "GIMP"
        return self.folder("XDG_CONFIG_HOME", ".config") / "GIMP"


def found(system: System | None = None) -> list[Gimp]:
    """Every GIMP 3 of this user, oldest version first.

    Where the environment names GIMP's folder (``GIMP3_DIRECTORY``), that is everybody's profile.
    """
    system = system or System()
    look = {"win32": _on_windows, "darwin": _on_macos}.get(system.platform, _on_linux)
    gimps = list({(gimp.version, gimp.kind, gimp.profile): gimp for gimp in look(system)}.values())
    chosen = system.environment.get("GIMP3_DIRECTORY")
    if chosen:
        here = [replace(gimp, profile=Path(chosen)) for gimp in gimps if gimp.supported]
        others = [gimp for gimp in gimps if not gimp.supported]
        gimps = [*(here or [Gimp("", "profile", Path(chosen), note=ONLY_PROFILE)]), *others]
    else:
        known = {gimp.profile for gimp in gimps}
        left = [path for path in _minor_versions(system.profiles) if path not in known]
        gimps += [Gimp(path.name, "profile", path, note=ONLY_PROFILE) for path in left]
    return sorted(gimps, key=lambda gimp: [int(part) for part in gimp.version.split(".") if part])


def _on_linux(system: System) -> Iterator[Gimp]:
    for version in _packaged(system):
        yield Gimp(version, "package", system.profiles / version)
    for store in (
        system.folder("FLATPAK_USER_DIR", ".local/share/flatpak"),
        Path(system.environment.get("FLATPAK_SYSTEM_DIR") or system.root / "var/lib/flatpak"),
    ):
        for version in _programs(store / "app/org.gimp.GIMP/current/active/files/bin"):
            yield Gimp(version, "flatpak", system.profiles / version)
    if any((system.root / snaps / "gimp").is_dir() for snaps in ("snap", "var/lib/snapd/snap")):
        own = _minor_versions(system.home / "snap/gimp/current/.config/GIMP")
        for profile in own:
            yield Gimp(profile.name, "snap", profile, supported=False, note=SNAP)
        if not own:
            yield Gimp("", "snap", None, supported=False, note=SNAP)


def _on_macos(system: System) -> Iterator[Gimp]:
    for applications in (system.root / "Applications", system.home / "Applications"):
        for facts in applications.glob("GIMP*.app/Contents/Info.plist"):
            try:
                said = plistlib.loads(facts.read_bytes())["CFBundleShortVersionString"]
            except (OSError, ValueError, KeyError, TypeError, ExpatError):
                continue
            version = _minor(str(said))
            if version:
                yield Gimp(version, "macos", system.profiles / version)


def _on_windows(system: System) -> Iterator[Gimp]:
    local = system.folder("LOCALAPPDATA", "AppData/Local")
    aliases = local / "Microsoft" / "WindowsApps"  # how the Store makes programs known
    for version in _programs(aliases):
        yield Gimp(version, "windows", system.profiles / version, note=STORE)
    # The Store keeps for itself what its programs wrote before anybody else did.
    for profiles in local.glob("Packages/*GIMP*/LocalCache/Roaming/GIMP"):
        for profile in _minor_versions(profiles):
            yield Gimp(profile.name, "windows", profile, note=STORE)
    named = ("ProgramFiles", "ProgramW6432")
    places = [Path(system.environment[name]) for name in named if name in system.environment]
    for place in (*places, local / "Programs"):
        for folder in sorted(place.glob("GIMP*")):
            own = folder / "bin" / "python.exe"
            for version in _programs(folder / "bin"):
                python = own if own.is_file() else None
                yield Gimp(version, "windows", system.profiles / version, python=python)


def _packaged(system: System) -> set[str]:
    """Versions of the GIMPs on the PATH; not of Snap's, whose folder is on the PATH too."""
    folders = (system.environment.get("PATH") or "").split(os.pathsep)
    places = [Path(name) for name in folders if name and "snap" not in Path(name).parts]
    versions = {version for place in places for version in _programs(place)}
    if versions:
        return versions
    path = os.pathsep.join(map(str, places))
    program = shutil.which("gimp-console", path=path) or shutil.which("gimp", path=path)
    version = _asked(program) if program else ""
    return {version} if version else set()


def _programs(folder: Path) -> list[str]:
    """Versions by the names of GIMP's programs in a folder."""
    try:
        names = [path.name for path in folder.iterdir() if path.name.startswith("gimp")]
    except OSError:
        return []
    matches = [re.fullmatch(r"gimp(?:-console)?-(3\.\d+)(?:\.exe)?", name) for name in names]
    return sorted({match[1] for match in matches if match})


def _asked(program: str) -> str:
    """ "3.0" or the like, as the program says; empty when it is no GIMP 3."""
    try:
        said = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=30, check=False
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    return _minor(said)


def _minor(text: str) -> str:
    version = re.search(r"\b(3\.\d+)\.\d+", text)
    return version[1] if version else ""


def _minor_versions(profiles: Path) -> list[Path]:
    """The folders of GIMP 3 among profiles."""
    named = [path for path in profiles.glob("3.*") if re.fullmatch(r"3\.\d+", path.name)]
    return [path for path in named if path.is_dir()]
