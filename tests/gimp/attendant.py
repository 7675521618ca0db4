"""Does outside what a test's half inside asks for (see inside/ask.py)."""

from __future__ import annotations

import json
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

STEP = 0.02


class Attendant:
    """Answers calls that appear as files in a folder, one after the other, in a thread of its own.

    Args:
        folder: made if it is missing.
        functions: by the name under which they are asked for; arguments and results are JSON.
    """

    def __init__(self, folder: Path, functions: Mapping[str, Callable[..., Any]]) -> None:
        self._folder, self._functions = folder, functions
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._attend, name="attendant")

    def __enter__(self) -> Attendant:
        self._folder.mkdir(exist_ok=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _attend(self) -> None:
        while not self._over.wait(STEP):
            for call in sorted(self._folder.glob("*.call")):
                said = self._answer(json.loads(call.read_text()))
                call.unlink()
                fresh = call.with_suffix(".said")
                fresh.write_text(json.dumps(said))
                fresh.replace(call.with_suffix(".answer"))

    def _answer(self, call: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"value": self._functions[call["name"]](**call["arguments"]), "error": None}
        except Exception:  # told to the half that asked, and so to the test
            return {"value": None, "error": traceback.format_exc()}
