"""A download in words."""

from __future__ import annotations

from background import Step

from gpen_engine.wire import Download, ModelInfo

FACES = {
    "restore": "restored",
    "colorize": "given colours",
    "inpaint": "completed",
    "seg2face": "drawn",
}
"""What models do, by the catalogue's task."""


def step(download: Download) -> Step:
    """How far it is, for a label and a bar."""
    if download.stage == "check":
        return Step("Checking the file…")
    words = [_amount(download)]
    if download.stage == "follow":
        words.append("another program downloads it already")
    if download.rate > 0:
        words.append(f"{_number(download.rate / 1e6)} MB/s")
    if download.left is not None:
        words.append(f"{duration(download.left)} left")
    done = min(download.done / download.total, 1.0) if download.total else None
    return Step(", ".join(words), done)


def facts(model: ModelInfo) -> dict[str, str]:
    """What one should know of a model before it is downloaded."""
    size = f"{_number(model.megabytes)} MB"
    if model.begun:
        size += f", of which {_number(model.begun / 1e6)} MB are here already"
    what = {"Pictures": "enlarged as a whole"}
    if model.task in FACES:
        what = {"Faces": f"{FACES[model.task]} at {model.pixels} × {model.pixels} pixels"}
    return {
        "Size": size,
        **what,
        "From": model.source,
        "Paper": model.citation,
        "Terms": model.terms,
    }


def label(model: ModelInfo) -> str:
    """What a list of models calls it."""
    if model.here:
        return model.name
    return f"{model.name} (not here yet, {_number(model.megabytes)} MB)"


def duration(seconds: float) -> str:
    """Rounded, as the rest of a download is never known better."""
    if seconds < 60:
        return "less than a minute"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} minute{'' if minutes == 1 else 's'}"
    return f"{minutes // 60} h {minutes % 60} min"


def _amount(download: Download) -> str:
    done = _number(download.done / 1e6)
    return f"{done} of {_number(download.total / 1e6)} MB" if download.total else f"{done} MB"


def _number(megabytes: float) -> str:
    return f"{megabytes:.0f}" if megabytes >= 10 else f"{megabytes:.1f}"
