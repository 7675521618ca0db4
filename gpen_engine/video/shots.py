"""Strengths that are given shot by shot."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..errors import GpenError

ShotStrengths = Mapping[int, float]
"""By the number of the shot, from 1; shots that are not in it get the common strength."""


def parse_shot_strengths(text: str) -> ShotStrengths:
    """What ``--shot-strength`` was given.

    Args:
        text: ``1,0.5,0``: the first shots' strengths in order; or the name of a text file whose
            lines are a shot's number and its strength, ``7 0.5``, with ``#`` before remarks.

    Raises:
        GpenError: ``bad_option``.
    """
    path = Path(text)
    try:
        if path.is_file():
            lines = path.read_text(encoding="utf-8").splitlines()
            words = [line.partition("#")[0].split() for line in lines]
            pairs = [(int(number), float(value)) for number, value in filter(None, words)]
        else:
            pairs = list(enumerate(map(float, text.split(",")), start=1))
    except ValueError as error:
        raise GpenError(
            "bad_option",
            f'The shots\' strengths "{text}" are not understood, nor are they a text file.',
            "Give numbers with commas between, or a file with lines such as: 7 0.5",
        ) from error
    for number, value in pairs:
        if number < 1 or not 0 <= value <= 1:
            raise GpenError(
                "bad_option",
                f"Shot {number} cannot have the strength {value:g}.",
                "Shots count from 1, and strengths lie between 0 and 1.",
            )
    return dict(pairs)


def of_shots(strengths: ShotStrengths, count: int, common: float) -> list[float]:
    """One strength for each shot.

    Raises:
        GpenError: ``bad_option`` for a shot that the film does not have.
    """
    if strengths and max(strengths) > count:
        raise GpenError(
            "bad_option",
            f"A strength was given for shot {max(strengths)}, but {count} were found.",
            "The report (--json) lists the shots with their frames.",
        )
    return [strengths.get(number, common) for number in range(1, count + 1)]
