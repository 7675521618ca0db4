"""The GIMPs of this computer, as packages of every kind install them, and their profile folders."""

from __future__ import annotations

import contextlib
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
    command: tuple[str, ...] = field(default=(), compare=False)
    """What starts it; empty where that is unknown."""


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
    for version, program in _packaged(system).items():
        yield Gimp(version, "package", system.profiles / version, command=(str(program),))
    for store in (
        system.folder("FLATPAK_USER_DIR", ".local/share/flatpak"),
        Path(system.environment.get("FLATPAK_SYSTEM_DIR") or system.root / "var/lib/flatpak"),
    ):
        for version in _programs(store / "app/org.gimp.GIMP/current/active/files/bin"):
            started = ("flatpak", "run", "org.gimp.GIMP")
            yield Gimp(version, "flatpak", system.profiles / version, command=started)
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
                program = str(facts.parent / "MacOS" / "gimp")
                yield Gimp(version, "macos", system.profiles / version, command=(program,))


def _on_windows(system: System) -> Iterator[Gimp]:
    local = system.folder("LOCALAPPDATA", "AppData/Local")
    aliases = local / "Microsoft" / "WindowsApps"  # how the Store makes programs known
    # The Store keeps for itself what its programs wrote before anybody else did.
    kept = {
        profile.name: profile
        for profiles in local.glob("Packages/*GIMP*/LocalCache/Roaming/GIMP")
        for profile in _minor_versions(profiles)
    }
    for version, program in _programs(aliases).items():
        profile = kept.get(version, system.profiles / version)
        yield Gimp(version, "windows", profile, note=STORE, command=(str(program),))
    named = ("ProgramFiles", "ProgramW6432")
    places = [Path(system.environment[name]) for name in named if name in system.environment]
    for place in (*places, local / "Programs"):
        for folder in sorted(place.glob("GIMP*")):
            own = folder / "bin" / "python.exe"
            for version, program in _programs(folder / "bin").items():
                profile, python = system.profiles / version, own if own.is_file() else None
                yield Gimp(version, "windows", profile, python=python, command=(str(program),))


def _packaged(system: System) -> dict[str, Path]:
    """The GIMPs on the PATH; not Snap's, whose folder is on the PATH too."""
    folders = (system.environment.get("PATH") or "").split(os.pathsep)
    places = [Path(name) for name in folders if name and "snap" not in Path(name).parts]
    programs: dict[str, Path] = {}
    for place in reversed(places):  # the first one counts
        programs.update(_programs(place))
    if programs:
        return programs
    path = os.pathsep.join(map(str, places))
    program = shutil.which("gimp-console", path=path) or shutil.which("gimp", path=path)
    version = _asked(program) if program else ""
    return {version: Path(program)} if program and version else {}


def _programs(folder: Path) -> dict[str, Path]:
    """GIMP's programs in a folder by version, as their names tell; those for consoles first."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.name.startswith("gimp"))
    except OSError:
        return {}
    programs: dict[str, Path] = {}
    for path in paths:
        match = re.fullmatch(r"gimp(?:-console)?-(3\.\d+)(?:\.exe)?", path.name)
        if match:
            last = programs.get(match[1])
            programs[match[1]] = last if last and "console" in last.name else path
    return programs


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


def let_it_make_its_profile(gimp: Gimp) -> None:
    """Starts a GIMP without windows, as at its first start, when its profile is not there.

    GIMP takes settings, brushes and so on over from its version of before when it makes its
    profile, and never does when somebody else made the folder (seen with 3.0 and 3.2). Nothing
    happens where it cannot be started.
    """
    if gimp.supported and gimp.command and gimp.profile and not gimp.profile.exists():
        quickly = ["--no-interface", "--no-data", "--no-fonts", "--quit"]
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            subprocess.run([*gimp.command, *quickly], capture_output=True, timeout=120, check=False)


def has_predecessor(profile: Path) -> bool:
    """Whether there are settings that GIMP would take over when it makes this profile itself."""
    older = [path for path in profile.parent.glob("[23].*") if path != profile and path.is_dir()]
    return not profile.exists() and bool(older)
