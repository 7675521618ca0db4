"""Models that can be chosen: which there are, and downloads, which go on beside the worker."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlsplit

from ..checkpoints import catalogue, download
from ..checkpoints.catalogue import DEFAULT, Entry, known, own_models
from ..checkpoints.obtain import obtain, part_of
from ..checkpoints.records import Records
from ..checkpoints.transfer import cancelled
from ..errors import GpenError
from ..wire import Download, EngineHome, Fetch, Fetched, ModelInfo, ModelList

TASKS = ("restore", "colorize", "inpaint", "seg2face", "upscale")
"""The catalogue's tasks whose models are chosen by the user; what finds faces is not."""
STEP = 0.25
"""Seconds between two looks at a download that another conversation or program does."""


def all_models() -> ModelList:
    """The known ones, those that restore faces first, then the user's own files."""
    own = [path for path in own_models() if known(path.stem) is None]
    return ModelList(
        (
            *(_described(entry) for entry in catalogue.ENTRIES if entry.task in TASKS),
            *(ModelInfo(p.stem, True, megabytes=p.stat().st_size / 1e6, task="") for p in own),
        )
    )


def fetch(wanted: Fetch, tell: Callable[[Download], None], cancel: Callable[[], bool]) -> Fetched:
    """Downloads a model. Of several who want the same one, one does it and the others follow.

    Args:
        wanted: a known model, with its terms accepted.
        tell: called about ten times a second.
        cancel: asked as often; True stops, and what is here is kept.

    Raises:
        GpenError: ``model_missing`` when it is not known, ``terms`` when they were not accepted,
            ``cancelled``, and those of ``obtain``.
    """
    entry = known(wanted.name)
    if entry is None:
        raise GpenError("model_missing", f'There is no known model "{wanted.name}".')
    if not wanted.accepted:
        raise GpenError(
            "terms",
            "Without your consent to the terms nothing is downloaded.",
            f"They are: {entry.terms}",
        )
    Records(EngineHome.of_user().models).accept(entry.terms)
    while True:
        try:
            there = obtain(
                entry,
                progress=lambda step: tell(_told(step)),
                cancel=cancel,
                checking=lambda: tell(Download("check", 0, 0, 0.0)),
            )
            return Fetched(str(there.path), there.sha256, there.published)
        except GpenError as error:
            if error.code != "busy":
                raise
        if cancel():
            raise cancelled()
        tell(Download("follow", part_of(entry).length, entry.bytes or 0, 0.0))
        time.sleep(STEP)


def _told(step: download.Progress) -> Download:
    return Download("download", step.done, step.total or 0, step.rate)


def _described(entry: Entry) -> ModelInfo:
    return ModelInfo(
        name=entry.name,
        here=entry.path is not None,
        pixels=entry.in_size or 0,
        megabytes=entry.megabytes,
        begun=0 if entry.embedded else part_of(entry).length,
        terms=entry.terms,
        citation=entry.citation,
        source="" if entry.embedded else str(urlsplit(entry.urls[0]).hostname),
        default=entry is DEFAULT,
        task=entry.task,
    )
