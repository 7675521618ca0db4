"""Layers that tests put into an image."""

from __future__ import annotations

from typing import Any

from gi.repository import Gegl, Gimp
from gimp_side import new_layer
from restoring import fresh


def photo_in(image: Any, parent: Any = None, offsets: tuple[int, int] = (0, 0)) -> Any:
    """The photograph as a layer of this image."""
    layer = Gimp.Layer.new_from_drawable(fresh("photo.jpg"), image)
    layer.set_name("photo")
    image.insert_layer(layer, parent, 0)
    layer.set_offsets(*offsets)
    return layer


def fill(drawable: Any, area: tuple[int, int, int, int], encoding: str, pixel: bytes) -> None:
    """One colour over an area (x, y, width, height) of a drawable."""
    buffer = drawable.get_buffer()
    buffer.set(Gegl.Rectangle.new(*area), encoding, pixel * (area[2] * area[3]))
    buffer.flush()
    drawable.update(*area)


def coloured(image: Any, name: str) -> Any:
    """A layer of one colour over all of the image."""
    layer = new_layer(image, name, image.get_width(), image.get_height())
    area = (0, 0, image.get_width(), image.get_height())
    fill(layer, area, "R'G'B'A u8", bytes((20, 160, 90, 255)))
    return layer
