"""Pixels out of GIMP and into it, as bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gi.repository import Babl, Gegl
from rectangle import Rectangle

from gpen_engine.wire import SAMPLES
from gpen_engine.wire.channel import rows_per_strip

COLOUR = {"u8": "R'G'B'A u8", "u16": "R'G'B'A u16", "float": "R'G'B'A float"}
"""Names of babl formats: sRGB whatever the image's profile, straight alpha."""
COVERAGE = {"u8": "Y u8", "u16": "Y u16", "float": "Y float"}
"""Of selections and layer masks, which are linear."""

_SHALLOW = {
    "u8-non-linear": "u8",
    "u8-perceptual": "u8",
    "u8-linear": "u16",
    "u16-non-linear": "u16",
    "u16-perceptual": "u16",
}


def sample_type(precision: str, profile: str) -> str:
    """The smallest sample type that holds an image's colours.

    Args:
        precision: the nick of GIMP's precision, such as ``u8-non-linear``.
        profile: the label of the image's effective colour profile. Colours of another space than
            sRGB's lie beyond it or between its steps, which only floating point holds.

    Returns:
        A key of the wire's ``SAMPLES``.
    """
    return _SHALLOW.get(precision, "float") if "sRGB" in profile else "float"


def image_sample_type(image: Any) -> str:
    """The same for a Gimp.Image."""
    profile = image.get_effective_color_profile()
    return sample_type(image.get_precision().value_nick, profile.get_label() if profile else "")


def read_strips(drawable: Any, area: Rectangle, form: str, pixel_bytes: int) -> Iterator[bytes]:
    """Rows of a drawable from top to bottom, a few megabytes at once, each read when it is asked
    for.

    Args:
        drawable: a valid Gimp.Drawable.
        area: in its own pixels; 0 beyond its edges.
        form: name of a babl format.
        pixel_bytes: of a pixel in that format.
    """
    step = rows_per_strip(area.width * pixel_bytes)
    buffer = drawable.get_buffer()
    for top in range(0, area.height, step):
        rows = min(step, area.height - top)
        part = Gegl.Rectangle.new(area.x, area.y + top, area.width, rows)
        yield buffer.get(part, 1.0, form, Gegl.AbyssPolicy.NONE)


class Writer:
    """Writes rectangles into a drawable of ours; all of it has arrived in GIMP when it is left.

    GIMP ends a plug-in of which pixels arrive for a drawable that is gone, so nothing may be left
    in the buffer when something fails.
    """

    def __init__(self, drawable: Any, form: str, pixel_bytes: int) -> None:
        self._drawable = drawable
        self._form = form
        self._pixel_bytes = pixel_bytes

    def __enter__(self) -> Writer:
        self._buffer = self._drawable.get_buffer()
        return self

    def __exit__(self, *_: object) -> None:
        self._buffer.flush()
        del self._buffer

    def write(self, area: Rectangle, data: bytes) -> None:
        if len(data) != area.width * area.height * self._pixel_bytes:  # GEGL would ignore it
            raise ValueError(f"{len(data)} bytes for {area} in {self._form}")
        self._buffer.set(Gegl.Rectangle.new(*area), self._form, data)


def colour_writer(drawable: Any, sample: str) -> Writer:
    return Writer(drawable, COLOUR[sample], 4 * SAMPLES[sample])


def coverage_writer(drawable: Any, sample: str) -> Writer:
    return Writer(drawable, COVERAGE[sample], SAMPLES[sample])


def copy_pixels(source: Any, copy: Any) -> None:
    """Copies a drawable into one of the same size and image mode, bit for bit."""
    width, height = source.get_width(), source.get_height()
    form, pixel, top = Babl.get_name(copy.get_format()), copy.get_bpp(), 0
    with Writer(copy, form, pixel) as writer:
        for strip in read_strips(source, Rectangle(0, 0, width, height), form, pixel):
            rows = len(strip) // (width * pixel)
            writer.write(Rectangle(0, top, width, rows), strip)
            top += rows
