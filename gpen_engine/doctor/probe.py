"""The checks that load PyTorch, in a process of their own: a broken installation may end it at any
point, or stand still.

``python -m gpen_engine.doctor.probe`` prints the name of each check before it begins, then what it
found, one JSON text a line.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import IO

from .device import NAME as DEVICE
from .device import device
from .finding import Case, Finding
from .models import NAME as MODELS
from .models import models
from .packages import PACKAGES, TORCH, packages, pytorch

Check = Callable[[Case], Iterator[Finding]]
CHECKS: dict[str, Check] = {
    TORCH: pytorch,
    DEVICE: device,
    PACKAGES: packages,
    MODELS: models,
}
PATIENCE = 60.0
"""Seconds; a card that is used for the first time may need many."""


def begin() -> subprocess.Popen[str]:
    """Starts the process."""
    return subprocess.Popen(
        # -P: what lies in the current folder is no part of the engine.
        [sys.executable, "-P", "-m", "gpen_engine.doctor.probe"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )


def findings(
    process: subprocess.Popen[str], case: Case, patience: float = PATIENCE
) -> list[Finding]:
    """Waits for the process; what it found, and where it ended before its time."""
    try:
        text, _ = process.communicate(timeout=patience)
        why = f"its Python ended with status {process.returncode}"
    except subprocess.TimeoutExpired:
        process.kill()
        text, _ = process.communicate()
        why = f"it did not end within {patience:.0f} s"
    found, at = [], TORCH
    for line in text.splitlines():
        try:
            data = json.loads(line)
        except ValueError:  # the half line of a process that was ended
            continue
        if isinstance(data, str):
            at = data
        else:
            found.append(Finding(**data))
    if process.returncode != 0:
        found.append(
            Finding("fault", at, f"This check was cut off: {why}.", case.environment_anew())
        )
    return found


def guarded(name: str, check: Check, case: Case) -> list[Finding]:
    """What a check finds; one that fails is a finding itself."""
    found = []
    try:
        for finding in check(case):
            found.append(finding)  # noqa: PERF402 - what was found before an error counts
    except Exception as error:
        text = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
        found.append(Finding("warning", name, f"This could not be checked: {text}."))
    return found


def run(out: IO[str]) -> None:
    """Does the checks. Those that need PyTorch are left out where it does not load."""
    case = Case.of_user()
    for name, check in CHECKS.items():
        print(json.dumps(name), file=out, flush=True)
        with contextlib.redirect_stdout(sys.stderr):  # some packages print when they load
            found = guarded(name, check, case)
        for finding in found:
            print(json.dumps(asdict(finding)), file=out, flush=True)
        if name == TORCH and found[0].mark == "fault":
            break


if __name__ == "__main__":
    run(sys.stdout)
