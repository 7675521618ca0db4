"""All checks, and the command that shows what they found."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Sequence

from . import probe
from .engine import ENGINE, START, engine, start
from .finding import Case, Finding, faults
from .gimp import AUTOSTART, GIMP, autostarted, gimp
from .home import DISK, FOLDER, disk, folder
from .log import NAME as LOG
from .log import log
from .plugin import NAME as PLUGIN
from .plugin import plugins
from .privacy import private
from .python import NAME as PYTHON
from .python import python
from .report import as_json, as_text

CHECKS: dict[str, probe.Check] = {
    FOLDER: folder,
    DISK: disk,
    START: start,
    ENGINE: engine,
    AUTOSTART: autostarted,
    GIMP: gimp,
    PLUGIN: plugins,
    LOG: log,
}
MENU = Finding("note", "Menu", "GIMP greys all image filters out while no image is open.")


def examine() -> list[Finding]:
    """Every check, in the order of a report, without anything private."""
    case = Case.of_user()
    process = probe.begin()  # takes longest
    first = probe.guarded(PYTHON, python, case)
    rest = [
        finding for name, check in CHECKS.items() for finding in probe.guarded(name, check, case)
    ]
    found = [*first, *probe.findings(process, case), *rest, MENU]
    return [private(finding) for finding in found]


def main(arguments: Sequence[str]) -> int:
    """The command ``gpen doctor``; returns the exit status: 1 with a fault, else 0."""
    if set(arguments) - {"--json"}:
        print("gpen doctor knows no other option than --json.", file=sys.stderr)
        return 2
    found = examine()
    if "--json" in arguments:
        print(as_json(found))
    else:
        print(as_text(found, width=_width(), unicode=_shows_unicode(), colour=sys.stdout.isatty()))
    return 1 if faults(found) else 0


def _width() -> int:
    return min(shutil.get_terminal_size((100, 24)).columns, 120)


def _shows_unicode() -> bool:
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    return encoding == "utf8" or isinstance(sys.stdout, io.StringIO)
