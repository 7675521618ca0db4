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
_ENLARGING = {
    **_PARTS,
    "detect": (0.2, 0.3),
    "restore": (0.3, 0.45),
    "paste": (0.45, 0.5),
    "enlarge": (0.5, 0.97),
}
_FACES = {
    "colorize": _("Colorizing face {number} of {total}…"),
    "inpaint": _("Completing face {number} of {total}…"),
    "seg2face": _("Drawing the face…"),
}


def sentence(step: Progress, task: str = "restore") -> str:
    """What is being done for a task of the wire's, in plain words."""
    if step.stage == "waiting":
        words = ngettext("Waiting for another job…", "Waiting for {n} other jobs…", step.done)
        return words.format(n=step.done)
    if step.total and step.stage in ("restore", "enlarge"):
        words = _FACES.get(task, _("Restoring face {number} of {total}…"))
        if step.stage == "enlarge":
            words = _("Enlarging part {number} of {total}…")
        return words.format(number=min(step.done + 1, step.total), total=step.total)
    return {
        "start": _("Starting the engine (the first time takes some seconds)…"),
        "compare": _("Comparing the picture…"),
        "send": _("Sending the picture…"),
        "load": _("Loading the model…"),
        "detect": _("Looking for faces…"),
        "restore": _("Restoring…"),
        "paste": _("Fitting the faces in…"),
        "enlarge": _("Enlarging…"),
        "build": _("Building the image…") if task == "enlarge" else _("Building the layer…"),
    }.get(step.stage, f"{step.stage}…")


def fraction(step: Progress, task: str = "restore") -> float | None:
    """How far the whole job is, 0..1; None while that cannot be said."""
    parts = _ENLARGING if task == "enlarge" else _PARTS
    begin, end = parts.get(step.stage, (0.0, 0.0))
    if begin == end:
        return None
    return begin + (end - begin) * (min(step.done / step.total, 1.0) if step.total else 0.0)
