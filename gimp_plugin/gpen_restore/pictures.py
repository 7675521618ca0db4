"""Pictures in windows."""

from __future__ import annotations

from typing import Any

from gi.repository import GdkPixbuf, Gegl, GLib, Gtk
from rectangle import Rectangle


def pixbuf_of(data: bytes, width: int, height: int) -> Any:
    """Rows of 8 bit RGB without gaps as a GdkPixbuf."""
    colours = GdkPixbuf.Colorspace.RGB
    held = GLib.Bytes.new(data)
    return GdkPixbuf.Pixbuf.new_from_bytes(held, colours, False, 8, width, height, 3 * width)


def photo_of(drawable: Any, area: Rectangle, most: int) -> Any:
    """A part of a drawable, made smaller by GEGL, which is quick for any size.

    Args:
        drawable: a valid Gimp.Drawable.
        area: in its own pixels.
        most: pixels of the longer side.
    """
    scale = min(1.0, most / max(area.width, area.height))
    size = max(1, round(area.width * scale)), max(1, round(area.height * scale))
    part = Gegl.Rectangle.new(round(area.x * scale), round(area.y * scale), *size)
    data = drawable.get_buffer().get(part, scale, "R'G'B' u8", Gegl.AbyssPolicy.CLAMP)
    return pixbuf_of(data, *size)


def fitted(width: int, height: int, most_wide: int, most_high: int) -> tuple[int, int]:
    """The largest size of these proportions that fits."""
    scale = min(most_wide / width, most_high / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def show(image: Gtk.Image, pixbuf: Any, width: int, height: int) -> None:
    """Shows a picture at this size in the screen's logical pixels."""
    dense = image.get_scale_factor()
    wanted = (width * dense, height * dense)
    if (pixbuf.get_width(), pixbuf.get_height()) != wanted:
        pixbuf = pixbuf.scale_simple(*wanted, GdkPixbuf.InterpType.BILINEAR)
    if dense == 1:
        image.set_from_pixbuf(pixbuf)
        return
    # Only as an icon, in the corner of a square, are all of a dense screen's pixels used; a
    # cairo surface would do so too, but GIMP's Python may have no cairo.
    image.set_from_gicon(pixbuf, Gtk.IconSize.DIALOG)
    image.set_pixel_size(max(width, height))
