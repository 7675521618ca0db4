"""Faces side by side: the worst and a typical one of each damage, by the numbers."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..pictures import Picture, write_picture
from ..pixels import FloatImage
from ..restore import Restorer
from .contenders import CLASSICAL, INPUT, contenders, restored
from .damage import damaged
from .run import Case, Settings, Truths

SIDE = 150
"""Of a face in pixels."""
LINE = 18
"""Height of a line of text in pixels."""
JPEG_QUALITY = 75

Levels = NDArray[np.uint8]


def write_sheet(target: Path, cases: list[Case], restorer: Restorer, settings: Settings) -> None:
    """Draws a row for each damage, the one with the worst face first.

    On the left the face whose landmarks lie farthest from the truth's after the restoration (one
    that is not found counts as farther), on the right the one in the middle of that order. Each as
    input, classical, restored at ``settings.shown``, truth.

    Args:
        target: a picture file; replaced when it exists.
        cases: what ``measure`` gave.
        restorer, settings: those of ``measure``; the few faces are restored again.

    Raises:
        GpenError: those of ``write_picture``.
    """
    shown, truths = restored(settings.shown), Truths(settings)
    files = {file.name: file for file in truths.files}

    def picture(case: Case, rank: str) -> Levels:
        image, truth = damaged(truths[files[case.file]], case.damage, case.file, settings.seed)
        made = contenders(image, restorer, [settings.shown], settings.keep_colours)
        faces = [_levels(made[name]) for name in (INPUT, CLASSICAL, shown)] + [_levels(truth)]
        return np.vstack([_caption(case, shown, rank, 4 * SIDE), np.hstack(faces)])

    rows = []
    for name in settings.classes:
        ranked = sorted((c for c in cases if c.damage == name), key=lambda c: -badness(c, shown))
        rows.append((ranked[0], ranked[len(ranked) // 2]))
    rows.sort(key=lambda row: -badness(row[0], shown))
    gap = np.full((LINE + SIDE, 8, 3), 255, np.uint8)
    drawn = [
        np.hstack([picture(worst, "worst"), gap, picture(middle, "middle")])
        for worst, middle in rows
    ]
    head = np.full((LINE, drawn[0].shape[1], 3), 255, np.uint8)
    for start in (0, 4 * SIDE + 8):
        for place, title in enumerate((INPUT, CLASSICAL, shown, "truth")):
            _write(head, title, start + place * SIDE + 4)
    pixels = np.vstack([head, *drawn])
    write_picture(target, Picture(pixels), force=True, quality=JPEG_QUALITY)


def badness(case: Case, contender: str) -> float:
    """How far a face is from the truth, to sort by: its landmark error; 1 more if not found."""
    scores = case.scores[contender]
    return float(scores["not_found"]) + float(scores["landmarks"] or 0)


def _caption(case: Case, shown: str, rank: str, width: int) -> Levels:
    before, after = case.scores[INPUT], case.scores[shown]

    def change(name: str, form: str) -> str:
        values = ("-" if s[name] is None else format(s[name], form) for s in (before, after))
        return " > ".join(values)

    line = np.full((LINE, width, 3), 255, np.uint8)
    numbers = f"PSNR {change('psnr', '.1f')}  sharp {change('sharpness', '.2f')}"
    lost = "  not found" if after["not_found"] else ""
    _write(
        line, f"{case.damage}, {rank}: {numbers}  landmarks {change('landmarks', '.2f')}{lost}", 4
    )
    return line


def _write(image: Levels, words: str, x: int) -> None:
    cv2.putText(
        image, words, (x, LINE - 5), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA
    )


def _levels(image: FloatImage) -> Levels:
    small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    whole: Levels = np.rint(np.clip(small, 0, 1) * 255).astype(np.uint8)
    return whole
