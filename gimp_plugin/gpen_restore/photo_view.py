"""The photograph with a numbered box around each face."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from face_list import Entry, FaceList
from gi.repository import Gdk, Gtk
from pictures import fitted, photo_of, show
from rectangle import Rectangle
from translate import _

WIDTH, HEIGHT = 440, 330
"""Logical pixels that the photograph fits into."""
LEAST = 6
"""Logical pixels of a square that somebody draws; less was a click."""
STYLE = b"""
.gpen-box { background: none; border: 2px solid #ffd21f; border-radius: 0; padding: 0; margin: 0;
  min-width: 8px; min-height: 8px; box-shadow: 0 0 0 1px rgba(0, 0, 0, 0.6); outline: none; }
.gpen-box label { color: #ffffff; font-size: 10px; font-weight: bold; padding: 0 2px;
  background: rgba(0, 0, 0, 0.65); text-shadow: none; }
.gpen-box.unticked { border: 2px dashed #d0d0d0; }
.gpen-box.selected { border: 3px solid #3fa9ff; background: rgba(63, 169, 255, 0.12); }
.gpen-drawn { border: 2px dashed #3fa9ff; background: rgba(63, 169, 255, 0.2); }
"""


class PhotoView:
    """A click on a box selects its face; a square that is drawn elsewhere adds one.

    Args:
        drawable: where the photograph is read, now.
        area: of it that is shown, in pixels of the layer.
        faces: what is boxed.
        select: called with the face of a box that was clicked.

    Attributes:
        widget: with everything in it.
        photo: as it is shown.
    """

    def __init__(
        self, drawable: Any, area: Rectangle, faces: FaceList, select: Callable[[Entry], None]
    ) -> None:
        _use_style()
        self._area, self._faces, self._select = area, faces, select
        self._size = fitted(area.width, area.height, WIDTH, HEIGHT)
        self._scale = self._size[0] / area.width
        image = Gtk.Image()
        self.photo = photo_of(drawable, area, max(self._size) * image.get_scale_factor())
        show(image, self.photo, *self._size)
        self._fixed = Gtk.Fixed()
        self._fixed.set_size_request(*self._size)
        self._fixed.put(image, 0, 0)
        self._boxes: list[Gtk.Button] = []
        self._begun: tuple[float, float] | None = None
        self._square = Gtk.Box()
        self._square.get_style_context().add_class("gpen-drawn")
        self._square.set_no_show_all(True)
        self._fixed.put(self._square, 0, 0)
        self.widget = Gtk.EventBox(halign=Gtk.Align.CENTER, valign=Gtk.Align.CENTER)
        self.widget.add(self._fixed)
        self.widget.set_tooltip_text(
            _("Click a box to look at a face. Draw a square around a face that has none.")
        )
        self.widget.get_accessible().set_name(_("Photograph with its faces"))
        self.widget.connect("button-press-event", self._begin)
        self.widget.connect("motion-notify-event", self._draw)
        self.widget.connect("button-release-event", self._end)
        self.widget.show_all()

    def fill(self) -> None:
        """Draws the boxes anew."""
        for box in self._boxes:
            box.destroy()
        self._boxes = []
        for number, entry in enumerate(self._faces.entries, 1):
            box = Gtk.Button(label=str(number), can_focus=False)
            box.get_child().set_halign(Gtk.Align.START)
            box.get_child().set_valign(Gtk.Align.START)
            box.get_style_context().add_class("gpen-box")
            name = _("Face {number} in the photograph").format(number=number)
            box.get_accessible().set_name(name)
            box.connect("clicked", lambda _, entry=entry: self._select(entry))
            x, y, width, height = self._place(entry.face.box)
            box.set_size_request(width, height)
            self._fixed.put(box, x, y)
            self._boxes.append(box)
        self.mark()
        self._fixed.show_all()

    def mark(self) -> None:
        """Shows which are ticked and which one is selected."""
        for entry, box in zip(self._faces.entries, self._boxes):
            style = box.get_style_context()
            for name, on in (
                ("unticked", not entry.ticked),
                ("selected", entry is self._faces.selected),
            ):
                (style.add_class if on else style.remove_class)(name)

    def part(self, box: tuple[float, ...]) -> Any:
        """What the photograph shows in a box of the layer, as a GdkPixbuf."""
        dense = self.photo.get_width() / self._size[0]
        x, y, width, height = (round(side * dense) for side in self._place(box))
        x, y = min(x, self.photo.get_width() - 1), min(y, self.photo.get_height() - 1)
        width = max(1, min(width, self.photo.get_width() - x))
        height = max(1, min(height, self.photo.get_height() - y))
        return self.photo.new_subpixbuf(x, y, width, height)

    def _place(self, box: tuple[float, ...]) -> tuple[int, int, int, int]:
        """A box of the layer as it is shown: left, top, width and height."""
        x0, x1 = (
            min(max(round((x - self._area.x) * self._scale), 0), self._size[0])
            for x in (box[0], box[2])
        )
        y0, y1 = (
            min(max(round((y - self._area.y) * self._scale), 0), self._size[1])
            for y in (box[1], box[3])
        )
        return x0, y0, max(x1 - x0, 8), max(y1 - y0, 8)

    def _begin(self, _: Any, event: Any) -> bool:
        if event.button != 1 or event.type != Gdk.EventType.BUTTON_PRESS:
            return False
        self._begun = event.x, event.y
        return True

    def _draw(self, _: Any, event: Any) -> bool:
        if self._begun is None:
            return False
        x, y, side = self._drawn(event)
        self._fixed.move(self._square, round(x), round(y))
        self._square.set_size_request(round(side), round(side))
        self._square.set_visible(side >= LEAST)
        return True

    def _end(self, _: Any, event: Any) -> bool:
        if self._begun is None or event.button != 1:
            return False
        x, y, side = self._drawn(event)
        self._begun = None
        self._square.hide()
        if side >= LEAST:
            left, top = self._area.x + x / self._scale, self._area.y + y / self._scale
            length = side / self._scale
            self._faces.mark((left, top, left + length, top + length))
        return True

    def _drawn(self, event: Any) -> tuple[float, float, float]:
        """The square from where it was begun to the pointer: left, top and side."""
        x, y = self._begun or (0.0, 0.0)
        right, down = event.x >= x, event.y >= y
        room = min(
            (self._size[0] - x) if right else x,
            (self._size[1] - y) if down else y,
        )
        side = max(0.0, min(max(abs(event.x - x), abs(event.y - y)), room))
        return x if right else x - side, y if down else y - side, side


def _use_style() -> None:
    provider = Gtk.CssProvider()
    provider.load_from_data(STYLE)
    above_gimp = Gtk.STYLE_PROVIDER_PRIORITY_USER + 1
    Gtk.StyleContext.add_provider_for_screen(Gdk.Screen.get_default(), provider, above_gimp)
