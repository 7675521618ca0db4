"""A download in words."""

from __future__ import annotations

from background import Step
from translate import _, ngettext

from gpen_engine.wire import Download, ModelInfo


def step(download: Download) -> Step:
    """How far it is, for a label and a bar."""
    if download.stage == "check":
        return Step(_("Checking the file…"))
    words = [_amount(download)]
    if download.stage == "follow":
        words.append(_("another program downloads it already"))
    if download.rate > 0:
        words.append(f"{_number(download.rate / 1e6)} MB/s")
    if download.left is not None:
        words.append(_("{time} left").format(time=duration(download.left)))
    done = min(download.done / download.total, 1.0) if download.total else None
    return Step(", ".join(words), done)


def facts(model: ModelInfo) -> dict[str, str]:
    """What one should know of a model before it is downloaded."""
    size = f"{_number(model.megabytes)} MB"
    if model.begun:
        begun = _number(model.begun / 1e6)
        size = _("{size}, of which {begun} MB are here already").format(size=size, begun=begun)
    return {
        _("Size"): size,
        **_sides(model),
        _("From"): model.source,
        _("Paper"): model.citation,
        _("Terms"): model.terms,
    }


def _sides(model: ModelInfo) -> dict[str, str]:
    words = {
        "restore": _("restored at {size} × {size} pixels"),
        "colorize": _("given colours at {size} × {size} pixels"),
        "inpaint": _("completed at {size} × {size} pixels"),
        "seg2face": _("drawn at {size} × {size} pixels"),
    }.get(model.task)
    if words is None:
        return {_("Pictures"): _("enlarged as a whole")}
    return {_("Faces"): words.format(size=model.pixels)}


def label(model: ModelInfo) -> str:
    """What a list of models calls it."""
    if model.here:
        return model.name
    size = _number(model.megabytes)
    return _("{model} (not here yet, {size} MB)").format(model=model.name, size=size)


def duration(seconds: float) -> str:
    """Rounded, as the rest of a download is never known better."""
    if seconds < 60:
        return _("less than a minute")
    minutes = round(seconds / 60)
    if minutes < 60:
        return ngettext("{n} minute", "{n} minutes", minutes).format(n=minutes)
    return f"{minutes // 60} h {minutes % 60} min"


def _amount(download: Download) -> str:
    done = _number(download.done / 1e6)
    if not download.total:
        return f"{done} MB"
    return _("{done} of {total} MB").format(done=done, total=_number(download.total / 1e6))


def _number(megabytes: float) -> str:
    return f"{megabytes:.0f}" if megabytes >= 10 else f"{megabytes:.1f}"
