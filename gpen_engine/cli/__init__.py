"""The command ``gpen``. Importing it is light: commands import what they need when they run."""

from __future__ import annotations

import io
import os
import sys

from ..memory import keep_freed

__all__ = ["main"]


def main() -> None:
    """Runs the command line of this process."""
    # PyTorch's threads are not to spin while they wait for each other. Beside anything else that
    # is busy on the same cores, such as GIMP, that takes up to ten times as long (measured on two
    # cores); even a hundredth of its usual spinning made it slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    keep_freed()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a file's name may hold what cannot be printed
            stream.reconfigure(errors="backslashreplace")
    try:
        from .app import app
    except ImportError as error:  # not even what reads the command line is there
        sys.exit(_without_commands(error))
    app(prog_name="gpen")


def _without_commands(error: ImportError) -> int:
    from .. import doctor

    if sys.argv[1:2] == ["doctor"]:
        return doctor.main(sys.argv[2:])
    print(f"Error: The GPEN engine is not completely installed ({error}).", file=sys.stderr)
    print("What mends it is shown by: gpen doctor", file=sys.stderr)
    return 1
