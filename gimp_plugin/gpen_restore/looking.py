"""From the dialog's look at a picture to its restoration, which reuses what was computed."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

from job import Job
from log import LOG
from look import Look
from pixels import image_sample_type
from rectangle import Rectangle
from sending import picture_of
from settings import Settings
from talk import Talk
from target import Target

from gpen_engine.wire import Engine, EngineHome, Request, reach


class Looked(NamedTuple):
    """A conversation that may go on when the dialog is over."""

    look: Look
    request: Request
    """What the picture was sent with."""
    area: Rectangle
    """Of the layer, that was sent."""


def look_at(
    target: Target, drawable: Any, area: Rectangle, selected: bool, settings: Settings
) -> Looked:
    """Begins to send a picture.

    Args:
        target: the layer.
        drawable: where its pixels are read, until all of them are.
        area: of it.
        selected: whether a selection limits the result.
        settings: as they are now; they may change.
    """
    sample = image_sample_type(target.image)
    request = settings.request(area.width, area.height, sample, selected)
    return Looked(Look(picture_of(target, drawable, area, request), reach_engine), request, area)


def restoration(
    looked: Looked | None,
    target: Target,
    drawable: Any,
    area: Rectangle,
    request: Request,
    step: Callable[[], None],
) -> Talk:
    """The restoration, as the end of a look where the picture is still the one that was sent, else
    from the beginning.

    Args:
        looked: by the dialog, if there was one.
        target: the layer.
        drawable: where its pixels are read.
        area: of it.
        request: with everything that was chosen.
        step: called again and again while the picture is compared.
    """
    if looked and _is_the_same(looked, target, drawable, area, request, step):
        LOG.info("what the dialog found is used")
        looked.look.order("finish", request)
        return looked.look
    if looked:
        LOG.info("what the dialog found is of no use")
        looked.look.cancel()
    return Job(picture_of(target, drawable, area, request), reach_engine)


def _is_the_same(
    looked: Looked,
    target: Target,
    drawable: Any,
    area: Rectangle,
    request: Request,
    step: Callable[[], None],
) -> bool:
    """Whether the conversation goes on and the picture has not changed: users may go on working
    while a dialog is open."""
    look, sent = looked.look, looked.request
    if look.finished or not look.is_read or looked.area != area:
        return False
    if (sent.sample, sent.selected) != (request.sample, request.selected):
        return False
    checksum = 0
    for strip in picture_of(target, drawable, area, request).strips:
        checksum = zlib.crc32(strip, checksum)
        step()
    return checksum == look.checksum


def reach_engine(starting: Callable[[], None], cancelled: Callable[[], bool]) -> Engine:
    return reach(EngineHome.of_user(), starting=starting, cancelled=cancelled)
