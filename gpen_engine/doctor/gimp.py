"""Which GIMPs are here, and whether they can reach the engine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence

from ..installation import autostart, gimps
from ..installation.gimps import Gimp
from .finding import Case, Finding, command

GIMP, AUTOSTART = "GIMP", "Autostart"
KINDS = {
    "package": "",
    "flatpak": " from Flathub",
    "snap": " from Snap",
    "windows": "",
    "macos": "",
    "profile": "",
}
FLATPAK = ("flatpak", "install", "flathub", "org.gimp.GIMP")


def gimp(case: Case) -> Iterator[Finding]:
    """Every GIMP 3, where its profile is, and what keeps it from the engine."""
    found = gimps.found()
    if not found:
        sentence = "No GIMP 3 was found. Install it and start it once."
        yield Finding("warning", GIMP, sentence, case.repair())
    for one in found:
        yield _described(case, one, found)


def autostarted(case: Case) -> Iterator[Finding]:
    """Whether the system starts the engine when GIMP asks for it."""
    state = autostart.state(case.home)
    if state == "on":
        yield Finding("ok", AUTOSTART, "The system starts the engine when GIMP asks for it.")
    elif case.home.autostart.exists():
        sentence = "It is half there: what tells the system to start the engine is gone."
        yield Finding("fault", AUTOSTART, sentence, case.repair("--autostart"))
    else:
        why = state.removeprefix("unavailable").lstrip(": ") if state != "off" else ""
        yield Finding("ok", AUTOSTART, f"{why} GIMP starts the engine itself.".lstrip())


def _described(case: Case, gimp: Gimp, all_of_them: Sequence[Gimp]) -> Finding:
    name = f"GIMP {gimp.version or '3'}{KINDS[gimp.kind]}"
    if not gimp.supported:
        mark = "warning" if any(other.supported for other in all_of_them) else "fault"
        cure = "" if mark == "warning" else _instead()
        return Finding(mark, GIMP, f"{name} is not supported. {gimp.note}", cure)
    sentence = f"{name}, with its profile {gimp.profile}."
    if gimp.kind == "profile":
        return Finding("note", GIMP, f"{sentence} {gimp.note}")
    if gimp.kind == "flatpak" and not _reachable(case):
        sentence = f"{name} cannot start the engine: its Python is the system's, hidden from it."
        return Finding("warning", GIMP, sentence, case.repair("--autostart"))
    return Finding("ok", GIMP, f"{sentence} {gimp.note}".rstrip())


def _reachable(case: Case) -> bool:
    """Whether a GIMP in its sandbox can have an engine: start it, or have it started."""
    launch = case.launch
    return launch is None or launch.standalone or autostart.state(case.home) == "on"


def _instead() -> str:
    if shutil.which("flatpak"):
        return command(FLATPAK)
    return "Install GIMP 3 from your system's packages or as a Flatpak."
