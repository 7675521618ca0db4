"""What ``gpen models`` asks the user."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from ..errors import GpenError

if TYPE_CHECKING:
    from ..checkpoints.catalogue import Entry
    from ..checkpoints.importing import Recognised


def agree(entries: Sequence[Entry], *, accept: bool) -> None:
    """Shows the terms that nobody accepted here so far; raises GpenError ``terms`` if refused."""
    from ..checkpoints.records import Records
    from ..wire import EngineHome

    records = Records(EngineHome.of_user().models)
    for terms in dict.fromkeys(entry.terms for entry in entries):
        if records.accepted(terms):
            continue
        names = ", ".join(entry.name for entry in entries if entry.terms == terms)
        print(f"Terms of {names}:\n  {terms}", file=sys.stderr)
        if not accept and not _confirmed("Do you accept them?"):
            raise GpenError(
                "terms",
                "Without your consent to the terms nothing is downloaded.",
                "Run the command again and accept them, or add --accept.",
            )
        records.accept(terms)


def _confirmed(question: str) -> bool:
    """What the user answers; no, where nobody can be asked."""
    if not somebody_is_there():
        return False
    try:
        return typer.confirm(question, err=True)
    except typer.Abort as error:
        raise KeyboardInterrupt from error


def asked_name(found: Recognised) -> str:
    """What the user says that a file is; its own name if it is no known model."""
    if not found.entries:
        return found.path.stem
    lines = [f"  {number} {entry.name}" for number, entry in enumerate(found.entries, 1)]
    names = " or ".join(entry.name for entry in found.entries)
    if not somebody_is_there():
        raise GpenError(
            "ambiguous",
            f"The content of {found.path.name} cannot tell whether it is {names}"
            f"{'' if len(found.entries) > 1 else ' as its authors published it'}.",
            "Say what it is: --as NAME",
        )
    print(f"The network of {found.path.name} is that of:", *lines, sep="\n", file=sys.stderr)
    try:
        answer = typer.prompt("Its number, or a name", err=True)
    except typer.Abort as error:
        raise KeyboardInterrupt from error
    if answer.isdecimal() and 1 <= int(answer) <= len(found.entries):
        return found.entries[int(answer) - 1].name
    return str(answer)


def somebody_is_there() -> bool:
    """Whether a question would meet a person."""
    return sys.stdin.isatty()
