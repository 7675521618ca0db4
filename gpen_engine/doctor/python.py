"""The Python that runs the engine."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator

from ..installation.placing import is_standalone
from .finding import Case, Finding

NAME = "Python"
OLDEST = (3, 11)


def python(case: Case) -> Iterator[Finding]:
    """Which one runs this, and whether it is the engine's."""
    kind = "standalone" if is_standalone(case.home) else "the system's"
    sentence = f"{platform.python_version()}, {kind}, in {sys.prefix}."
    if sys.version_info < OLDEST:
        yield Finding("fault", NAME, f"{sentence} The engine needs 3.11 or newer.", case.repair())
    else:
        yield Finding("ok", NAME, sentence)
