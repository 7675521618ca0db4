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
from ..restore.task import Task
from ..tasks.choice import TaskChoice
from ..tasks.enlarge import check_size
from ..tasks.inpaint import no_hole
from ..tasks.seg2face import check_square
from ..version import version
from ..wire import Progress, Reply, Request
from ..wire.messages import RESULTS, RESULTS_OF
from .models import Models
from .picture import Received
from .planes import Planes, face_info, face_of, new_picture, planes

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


def choice_of(request: Request) -> TaskChoice:
    """The task, if it can be done to such a picture.

    Raises:
        GpenError: ``bad_option``, ``no_hole``, ``not_square``, ``too_large``.
    """
    choice = TaskChoice(request.task, request.scale, request.upscaler)
    given = RESULTS_OF.get(request.task, RESULTS)
    if request.result not in given:
        raise GpenError(
            "bad_option",
            f'The task "{request.task}" gives no result "{request.result}".',
            f"Choose {' or '.join(given)}.",
        )
    if request.task == "inpaint" and not request.selected:
        raise no_hole()
    if request.task == "seg2face":
        check_square(request.width, request.height)
    if request.task == "enlarge":
        check_size(request.width, request.height, request.scale)
    return choice


def check(models: Models, request: Request) -> None:
    """Refuses what cannot be done, as far as that can be said without the picture.

    Raises:
        GpenError: those of ``choice_of`` and ``options_of``; ``wrong_task``, ``model_missing``.
    """
    options_of(request)
    choice = choice_of(request)
    models.find(choice.model(request.model))
    choice.upscaler_file()


def task_of(models: Models, request: Request, loading: Callable[[], None]) -> Task:
    """The task with its networks, warm or loaded.

    Args:
        models: where they are.
        request: what is to be done.
        loading: called before one is loaded.

    Raises:
        GpenError: those of ``choice_of`` and ``load_model``; ``wrong_task``.
    """
    choice = choice_of(request)
    model = choice.model(request.model)
    upscaler = models.upscaler(choice, loading)
    return choice.made(models.restorer(model, loading), upscaler=upscaler, keep_size=True)


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
    """Restores a picture, or does another task to it, and converts its patches to the client's
    samples.

    The patches are converted here and not while they are sent: they are small beside the picture,
    which is free when this returns, and the next job need not wait for a slow client. An enlarged
    picture is what it is sent as.

    Args:
        models: where the model is warm or is loaded.
        request: what is to be done.
        received: the picture.
        faces: those to restore when the request names none.
        kept: see ``Restorer.restore``, as ``cancel``.
        progress: called with each step.
        cancel: asked between them.

    Raises:
        GpenError: those of ``task_of`` and ``Task.restore``; ``changed`` when the guard skipped
            every face and nothing else was done. After ``out_of_memory`` no model is warm.
    """
    started = time.perf_counter()
    if request.faces is not None:
        faces = [face_of(face) for face in request.faces]
    with memory_watched(models):
        task = task_of(models, request, lambda: progress(LOAD))
        loaded = time.perf_counter()
        result = task.restore(
            received.pixels,
            options_of(request),
            selection=received.selection,
            faces=faces,
            kept=kept,
            progress=lambda step: progress(told(step)),
            cancel=cancel,
        )
        makes_picture = request.task == "enlarge"
        if not result.patches and not makes_picture:
            raise GpenError(
                "changed", " ".join(result.notes), "Choose another model, or let it only warn."
            )
        restored = time.perf_counter()
        ready = [new_picture(result)] if makes_picture else list(planes(result, request.result))
    models.drop_moved()
    converted = time.perf_counter() - restored
    model = task.model
    reply = Reply(
        model=model.name,
        sha256=model.sha256,
        device=str(model.device),
        engine=version(),
        faces=tuple(face_info(mark) for mark in result.marks),
        patches=tuple(plane.info for plane in ready),
        notes=tuple(result.notes),
        seconds={"load": loaded - started, **result.seconds, "convert": converted},
        task=task.name,
        upscaler=task.told.get("upscaler") or "",
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
