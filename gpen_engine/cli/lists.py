"""Options that take several values, with commas between."""

from __future__ import annotations

from ..errors import GpenError


def words(given: str | None, what: str, known: tuple[str, ...]) -> tuple[str, ...] | None:
    """Some of the known words, each once; None when none were given.

    Raises:
        GpenError: ``bad_option`` for a word that is not known.
    """
    if given is None:
        return None
    chosen = tuple(dict.fromkeys(word.strip() for word in given.split(",")))
    for word in chosen:
        if word not in known:
            hint = f"Choose some of {', '.join(known)}, with commas between."
            raise GpenError("bad_option", f'There is no {what} "{word}".', hint)
    return chosen


def numbers(
    given: str | None, what: str, known: tuple[int, ...] | None = None
) -> tuple[int, ...] | None:
    """Whole numbers from 1, or some of the known ones, each once.

    Raises:
        GpenError: ``bad_option`` for anything else.
    """
    if given is None:
        return None
    if known:
        return tuple(map(int, words(given, what, tuple(map(str, known))) or ()))
    try:
        chosen = tuple(dict.fromkeys(int(word) for word in given.split(",")))
    except ValueError:
        chosen = (0,)
    if min(chosen) < 1:
        hint = "Give whole numbers from 1, with commas between."
        raise GpenError("bad_option", f'"{given}" is no list for --{what}es.', hint)
    return chosen


def fractions(given: str | None, option: str) -> tuple[float, ...] | None:
    """Numbers from 0 to 1, each once, the smallest first.

    Raises:
        GpenError: ``bad_option`` for anything else.
    """
    if given is None:
        return None
    try:
        chosen = tuple(sorted({float(word) for word in given.split(",")}))
    except ValueError:
        chosen = (-1.0,)
    if not all(0 <= number <= 1 for number in chosen):  # as of NaN, too
        hint = "Give numbers from 0 to 1, with commas between."
        raise GpenError("bad_option", f'"{given}" is no list for --{option}.', hint)
    return chosen
