"""What the doctor's tests do: look at one thing, and do as the doctor says."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from gpen_engine.doctor.finding import Case, Finding
from gpen_engine.doctor.privacy import private
from gpen_engine.doctor.probe import guarded

PRODUCT = Path(__file__).resolve().parents[2]
Check = Callable[[Case], Iterator[Finding]]


def look(check: Check) -> list[Finding]:
    """What one check finds now, as a report shows it."""
    return [private(finding) for finding in guarded("the check", check, Case.of_user())]


def the_fault(check: Check, mark: str = "fault") -> Finding:
    """The one finding of a check that is of this mark; all others are harmless."""
    found = look(check)
    wrong = [finding for finding in found if finding.mark not in ("ok", "note")]
    if mark == "note":
        wrong = [finding for finding in found if finding.mark == "note"]
    assert [finding.mark for finding in wrong] == [mark], found
    return wrong[0]


def do(cure: str) -> None:
    """Types a cure into a shell."""
    done = subprocess.run(
        cure, shell=True, capture_output=True, text=True, check=False, env={**os.environ}
    )
    assert done.returncode == 0, (cure, done.stderr)


def all_well(check: Check) -> bool:
    return {finding.mark for finding in look(check)} <= {"ok", "note"}
