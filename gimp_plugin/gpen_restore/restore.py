"""The procedure that restores faces: from what is selected in GIMP to a new layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import choices
import sentences
import stages
from answers import failed, succeeded
from clock import Clock
from display import open_display
from gi.repository import Gegl, Gimp
from layers import Workbench
from log import LOG
from look import Look
from looking import Looked, restoration
from pixels import image_sample_type
from progress import PlainProgress
from record import Record
from rectangle import Rectangle
from settings import Settings
from target import Target, find_target, is_plain, readable
from translate import _

from gpen_engine.errors import GpenError
from gpen_engine.wire import EngineHome, PatchRows, Reply, Request

if TYPE_CHECKING:
    from progress_window import ProgressWindow


def run(
    procedure: Any, mode: Any, image: Any, drawables: Sequence[Any], config: Any, _data: Any
) -> Any:
    """What GIMP calls. Whatever happens, it gets an answer that the user can read."""
    shown = False
    try:
        LOG.info("restore, %s", mode.value_nick)
        Gegl.init(None)
        shown = mode != Gimp.RunMode.NONINTERACTIVE and open_display(procedure.get_name())
        target = find_target(image, drawables)
        target.area()  # so that nobody fills in a dialog for nothing
        looked = None
        if shown and mode == Gimp.RunMode.INTERACTIVE:
            looked = _ask(procedure, config, target)
        settings = Settings.of(config)
        if shown:
            _get_model(settings)
        return succeeded(procedure, _restore(target, settings, shown, looked))
    except GpenError as error:
        # Not a failure, so GIMP shall not call it one.
        if shown and error.code in ("no_face", "changed"):
            _tell(error)
            error = GpenError("cancelled", error.sentence)
        return failed(procedure, error)
    except Exception as error:
        return failed(procedure, error)


def _ask(procedure: Any, config: Any, target: Target) -> Looked | None:
    import dialog

    return dialog.ask(procedure, config, target)


def _get_model(settings: Settings) -> None:
    """Downloads the model if it is not here and the user wants that."""
    from fetch_window import FetchWindow
    from getting import get_model

    get_model(settings.model.strip(), EngineHome.of_user(), FetchWindow)


def _tell(error: GpenError) -> None:
    import message_window

    message_window.tell(error)


def _restore(target: Target, settings: Settings, shown: bool, looked: Looked | None) -> Any:
    """Returns the layer or group that it put into the image."""
    clock = Clock()
    target.check_source()
    area, selected = target.area()
    sample = image_sample_type(target.image)
    faces = choices.read(settings.faces, target)
    if faces is not None:
        faces = choices.moved(faces, -area.x, -area.y)
    request = settings.request(area.width, area.height, sample, selected, faces)
    LOG.info("%s of %s, %s", area, target.size, request)
    with _progress(shown) as progress:
        try:
            reply, patches = _ask_engine(target, area, request, progress, clock, looked)
        except GpenError as error:
            if error.code == "no_face":
                raise sentences.no_face(error, settings, selected) from error
            raise
        progress.show(stages.BUILD)
        target.check()
        record = Record(settings, target.layer.get_tattoo(), target.size)
        with Workbench(target, sample, (area.x, area.y)) as bench:
            stack = bench.build(settings.result, reply, patches, record)
            told = bench.put(stack)
    LOG.info("seconds: %s", clock.parts(reply))
    notes = list(reply.notes)
    if not told:
        notes.append(_("The image's metadata could not be changed, so it does not tell of this."))
    if shown and notes:
        Gimp.message(" ".join(notes))
    return stack.top


def _ask_engine(
    target: Target,
    area: Rectangle,
    request: Request,
    progress: PlainProgress | ProgressWindow,
    clock: Clock,
    looked: Looked | None,
) -> tuple[Reply, list[PatchRows]]:
    # A merged copy of a plain layer keeps its filters and its mask.
    as_seen = request.result != "merged" or not is_plain(target.layer)
    with readable(target, as_seen=as_seen) as drawable:
        job = restoration(
            looked, target, drawable, area, request, lambda: progress.show(stages.COMPARE)
        )
        try:
            progress.wait(job)
            if isinstance(job, Look) and job.was_lost and not job.cancelled:
                job = restoration(None, target, drawable, area, request, lambda: None)
                progress.wait(job)
        finally:
            if not job.finished:
                job.cancel()
    reply, patches = job.result()
    clock.answered(job.reading)
    LOG.info("%s faces with %s on %s", len(reply.faces), reply.model, reply.device)
    for note in reply.notes:
        LOG.info("note: %s", note)
    return reply, patches


def _progress(shown: bool) -> PlainProgress | ProgressWindow:
    if not shown:
        return PlainProgress()
    from progress_window import ProgressWindow

    return ProgressWindow()
