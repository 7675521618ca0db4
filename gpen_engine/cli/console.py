"""What the user sees: lines of text, a progress bar, and errors as sentences."""

from __future__ import annotations

import functools
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec

import typer

from ..errors import GpenError
from ..version import version

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

UNEXPECTED = "unexpected"
"""Code of an error that nobody foresaw."""
INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""

P = ParamSpec("P")


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """Makes errors of a command sentences on stderr and an exit status, never a traceback.

    Status 1 is an error that the user can mend, 2 one that was not foreseen, 130 Ctrl-C.
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except typer.Exit:
            raise
        except KeyboardInterrupt:
            print("Stopped.", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None
        except Exception as error:
            fault = explained(error)
            complain(fault)
            raise typer.Exit(2 if fault.code == UNEXPECTED else 1) from error

    return run


def explained(error: Exception) -> GpenError:
    """The error as one for users.

    A file or folder that the system refuses has the code ``system``. What nobody foresaw is
    written to the log, and the hint says where that is.
    """
    if isinstance(error, GpenError):
        return error
    if isinstance(error, OSError) and error.errno is not None:
        return GpenError(
            "system",
            f"{error.filename or 'A file'} cannot be used: {error.strerror}.",
            "Check that it exists, that you may read and write it, and that the disk has room.",
        )
    text = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
    return GpenError(UNEXPECTED, f"Something unexpected went wrong: {text}.", _logged(error))


def complain(error: GpenError) -> None:
    """Prints sentence and hint."""
    typer.secho("Error:", fg="red", bold=True, err=True, nl=False)
    print("", error.sentence, file=sys.stderr)
    if error.hint:
        print(error.hint, file=sys.stderr)


def log_file() -> Path:
    """Where unexpected errors are written down."""
    from platformdirs import user_log_path

    return user_log_path("gpen", appauthor=False) / "errors.log"


def _logged(error: Exception) -> str:
    details = "".join(traceback.format_exception(error))
    path = log_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} gpen {version()}\n{details}\n")
    except OSError as trouble:
        return f"The details could not be written to {path}: {trouble.strerror or trouble}."
    return f"The details are in {path}."


@contextmanager
def progress_bar(*columns: ProgressColumn, quiet: bool = False) -> Iterator[Progress]:
    """A place for progress bars on stderr; it stays dark when that is no terminal, or on request.

    Lines printed meanwhile appear above the bars. ``columns`` stand behind description and bar, by
    default the count and the time.
    """
    from rich import progress
    from rich.console import Console

    console = Console(stderr=True)
    with progress.Progress(
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        *(columns or (progress.MofNCompleteColumn(), progress.TimeElapsedColumn())),
        console=console,
        transient=True,
        redirect_stdout=sys.stdout.isatty(),  # else it would take lines meant for a file
        disable=quiet or not console.is_terminal,
    ) as bars:
        yield bars
