"""Asks the harness outside to do something now: start or kill the engine, for example."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

PATIENCE = 60.0


def outside(name: str, **arguments: Any) -> Any:
    """Calls one of the functions that the test file's ``setting`` names, and waits for its answer.

    Arguments and answer pass as JSON.

    Raises:
        RuntimeError: the function failed, with its traceback.
        TimeoutError: no answer within a minute.
    """
    calls = Path(os.environ["GPEN_TEST_WORK"], "calls")
    number = f"{os.getpid()}-{time.monotonic_ns()}"
    fresh = calls / f"{number}.new"
    fresh.write_text(json.dumps({"name": name, "arguments": arguments}))
    fresh.replace(calls / f"{number}.call")
    answer = calls / f"{number}.answer"
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if answer.exists():
            said = json.loads(answer.read_text())
            if said["error"]:
                raise RuntimeError(said["error"])
            return said["value"]
        time.sleep(0.02)
    raise TimeoutError(f"nobody outside answered to {name}")
