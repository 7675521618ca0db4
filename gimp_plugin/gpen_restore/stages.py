"""What the stages of a job are called, and how far along they are."""

from __future__ import annotations

from translate import _, ngettext

from gpen_engine.wire import Progress

BUILD = Progress("build", 0, 0)
COMPARE = Progress("compare", 0, 0)

# Which part of the bar each stage fills.
_PARTS = {
    "start": (0.0, 0.0),
    "waiting": (0.0, 0.0),
    "send": (0.0, 0.15),
    "load": (0.15, 0.2),
    "detect": (0.2, 0.4),
    "restore": (0.4, 0.9),
    "paste": (0.9, 0.97),
    "build": (0.97, 1.0),
}


def sentence(step: Progress) -> str:
    """What is being done, in plain words."""
    if step.stage == "waiting":
        words = ngettext("Waiting for another job…", "Waiting for {n} other jobs…", step.done)
        return words.format(n=step.done)
    if step.stage == "restore" and step.total:
        number = min(step.done + 1, step.total)
        return _("Restoring face {number} of {total}…").format(number=number, total=step.total)
    return {
        "start": _("Starting the engine (the first time takes some seconds)…"),
        "compare": _("Comparing the picture…"),
        "send": _("Sending the picture…"),
        "load": _("Loading the model…"),
        "detect": _("Looking for faces…"),
        "restore": _("Restoring…"),
        "paste": _("Fitting the faces in…"),
        "build": _("Building the layer…"),
    }.get(step.stage, f"{step.stage}…")


def fraction(step: Progress) -> float | None:
    """How far the whole job is, 0..1; None while that cannot be said."""
    begin, end = _PARTS.get(step.stage, (0.0, 0.0))
    if begin == end:
        return None
    return begin + (end - begin) * (min(step.done / step.total, 1.0) if step.total else 0.0)
