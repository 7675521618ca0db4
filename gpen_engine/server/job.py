"""One picture in the worker's hands."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ..errors import GpenError
from ..faces import Face
from ..restore import Progress as Step
from ..restore import RestoreOptions
from ..restore.batching import is_out_of_memory
from ..restore.kept import KeptCrops
from ..version import version
from ..wire import Progress, Reply, Request
from .models import Models
from .picture import Received
from .planes import Planes, face_info, face_of, planes

LOAD = Progress("load", 0, 0)


@dataclass(frozen=True)
class Answer:
    """What the client gets."""

    reply: Reply
    planes: list[Planes]
    """In the order of the reply's patches."""


def options_of(request: Request) -> RestoreOptions:
    """Raises GpenError: ``bad_option``."""
    return RestoreOptions(
        strength=request.strength,
        template=request.template,
        keep_colours=request.keep_colours,
        threshold=request.threshold,
        detection_size=request.detection_size,
        fallback=request.fallback,
        match_grain=request.match_grain,
        guard=request.guard,
        guard_similarity=request.guard_similarity,
        seed=request.seed,
    )


def restore(
    models: Models,
    request: Request,
    received: Received,
    *,
    faces: Sequence[Face] | None = None,
    kept: KeptCrops | None = None,
    progress: Callable[[Progress], None],
    cancel: Callable[[], bool],
) -> Answer:
    """Restores a picture and converts its patches to the client's samples.

    The patches are converted here and not while they are sent: they are small beside the picture,
    which is free when this returns, and the next job need not wait for a slow client.

    Args:
        models: where the model is warm or is loaded.
        request: what is to be done.
        received: the picture.
        faces: those to restore when the request names none.
        kept: see ``Restorer.restore``, as ``cancel``.
        progress: called with each step.
        cancel: asked between them.

    Raises:
        GpenError: those of ``load_model`` and ``Restorer.restore``; ``changed`` when the guard
            skipped every face. After ``out_of_memory`` no
            model is warm.
    """
    started = time.perf_counter()
    if request.faces is not None:
        faces = [face_of(face) for face in request.faces]
    with memory_watched(models):
        restorer = models.restorer(request.model, lambda: progress(LOAD))
        loaded = time.perf_counter()
        result = restorer.restore(
            received.pixels,
            options_of(request),
            selection=received.selection,
            faces=faces,
            kept=kept,
            progress=lambda step: progress(told(step)),
            cancel=cancel,
        )
        if not result.patches:
            raise GpenError(
                "changed", " ".join(result.notes), "Choose another model, or let it only warn."
            )
        restored = time.perf_counter()
        ready = list(planes(result, request.result))
    models.drop_moved()
    converted = time.perf_counter() - restored
    model = restorer.model
    reply = Reply(
        model=model.name,
        sha256=model.sha256,
        device=str(model.device),
        engine=version(),
        faces=tuple(face_info(mark) for mark in result.marks),
        patches=tuple(plane.info for plane in ready),
        notes=tuple(result.notes),
        seconds={"load": loaded - started, **result.seconds, "convert": converted},
    )
    return Answer(reply, ready)


@contextmanager
def memory_watched(models: Models) -> Iterator[None]:
    """Around work that takes memory: where that runs out, no model is warm afterwards.

    Raises:
        GpenError: ``out_of_memory``.
    """
    try:
        yield
    except Exception as error:
        if not _is_out_of_memory(error):
            raise
        models.drop_all()
        if isinstance(error, GpenError):
            raise
        raise GpenError(
            "out_of_memory",
            "The memory ran out while the picture was restored.",
            "Select the part with the faces first, close other programs, or choose a smaller"
            " detection size.",
        ) from error


def told(step: Step) -> Progress:
    return Progress(str(step.stage), step.done, step.total)


def _is_out_of_memory(error: Exception) -> bool:
    if isinstance(error, GpenError):
        return error.code == "out_of_memory"
    return is_out_of_memory(error)
