"""What is read from GIMP for the engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pixels import COLOUR, COVERAGE, read_strips
from rectangle import Rectangle
from talk import Picture
from target import Target

from gpen_engine.wire import SAMPLES, Request
from gpen_engine.wire.channel import rows_per_strip


def picture_of(target: Target, drawable: Any, area: Rectangle, request: Request) -> Picture:
    """The strips of a picture and of its selection, read one by one.

    Args:
        target: whose image has the selection.
        drawable: where the target's pixels are read.
        area: of it.
        request: of the area's size.
    """
    sample = request.sample
    planes = [(drawable, area, COLOUR[sample], 4 * SAMPLES[sample])]
    if request.selected:
        x, y = target.offsets()
        in_image = Rectangle(area.x + x, area.y + y, area.width, area.height)
        planes.append((target.image.get_selection(), in_image, COVERAGE[sample], SAMPLES[sample]))

    def strips() -> Iterator[bytes]:
        for plane in planes:
            yield from read_strips(*plane)

    counts = [-(-part.height // rows_per_strip(part.width * size)) for _, part, _, size in planes]
    return Picture(request, strips(), (counts[0], sum(counts[1:])), target.check_source)
