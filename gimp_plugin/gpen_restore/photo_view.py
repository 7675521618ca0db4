"""The photograph with a numbered box around each face."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from face_list import Entry, FaceList
from gi.repository import Gdk, Gtk
from pictures import fitted, photo_of, show
from rectangle import Rectangle
from square import LEAST, Square
from translate import _

WIDTH, HEIGHT = 440, 330
"""Logical pixels that the photograph fits into."""
ARROWS = {"Left": (-1, 0), "Up": (0, -1), "Right": (1, 0), "Down": (0, 1)}
SIZES = {"plus": 1, "Add": 1, "equal": 1, "minus": -1, "Subtract": -1}
STYLE = b"""
.gpen-box { background: none; border: 2px solid #ffd21f; border-radius: 0; padding: 0; margin: 0;
  min-width: 8px; min-height: 8px; box-shadow: 0 0 0 1px rgba(0, 0, 0, 0.6); outline: none; }
.gpen-box label { color: #ffffff; font-size: 10px; font-weight: bold; padding: 0 2px;
  background: rgba(0, 0, 0, 0.65); text-shadow: none; }
.gpen-box.unticked { border: 2px dashed #d0d0d0; }
.gpen-box.selected { border: 3px solid #3fa9ff; background: rgba(63, 169, 255, 0.12); }
.gpen-focus { border: 2px solid transparent; }
.gpen-photo:focus .gpen-focus { border-color: #3fa9ff;
  box-shadow: inset 0 0 0 1px rgba(0, 0, 0, 0.6); }
.gpen-hint { font-size: smaller; }
.gpen-drawn { border: 2px dashed #3fa9ff; background: rgba(63, 169, 255, 0.2);
  box-shadow: 0 0 0 1px rgba(0, 0, 0, 0.6); }
"""


class PhotoView:
    """A click on a box selects its face; a square that is drawn elsewhere adds one.

    With keys: arrows go from face to face, Space ticks and Delete removes the selected one. Insert
    or + begins a square, which arrows move, + and − resize, Enter adds and Escape drops.

    Args:
        drawable: where the photograph is read, now.
        area: of it that is shown, in pixels of the layer.
        faces: what is boxed.
        select: called with the face that was selected here.

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
        self._fixed.put(_framed("gpen-focus", *self._size), 0, 0)
        self._boxes: list[Gtk.Button] = []
        self._begun: tuple[float, float] | None = None
        self._square: Square | None = None
        self._outline = _framed("gpen-drawn")
        self._outline.set_no_show_all(True)
        self._fixed.put(self._outline, 0, 0)
        self._view = Gtk.EventBox(halign=Gtk.Align.CENTER, can_focus=True)
        self._view.get_style_context().add_class("gpen-photo")
        self._view.add(self._fixed)
        self._view.set_tooltip_text(
            _("Click a box to look at a face. Draw a square around a face that has none.")
        )
        self._view.connect("button-press-event", self._begin)
        self._view.connect("motion-notify-event", self._draw)
        self._view.connect("button-release-event", self._end)
        self._view.connect("key-press-event", self._key)
        self._view.connect("notify::is-focus", self._left)
        self._hint = Gtk.Label(wrap=True, justify=Gtk.Justification.CENTER, max_width_chars=60)
        self._hint.get_style_context().add_class("gpen-hint")
        self.widget = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=4)
        self.widget.set_valign(Gtk.Align.CENTER)
        self.widget.pack_start(self._view, False, False, 0)
        self.widget.pack_start(self._hint, False, False, 0)
        self._tell()
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
            box.connect("clicked", self._clicked, entry)
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
        self._tell()

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

    def _clicked(self, _: Any, entry: Entry) -> None:
        self._view.grab_focus()  # for the keys
        self._select(entry)

    def _begin(self, _: Any, event: Any) -> bool:
        if event.button != 1 or event.type != Gdk.EventType.BUTTON_PRESS:
            return False
        self._view.grab_focus()
        self._set(None)
        self._begun = event.x, event.y
        return True

    def _draw(self, _: Any, event: Any) -> bool:
        if self._begun is None:
            return False
        square = Square.drawn(self._begun, (event.x, event.y), self._size)
        self._set(square if square.side >= LEAST else None)
        return True

    def _end(self, _: Any, event: Any) -> bool:
        if self._begun is None or event.button != 1:
            return False
        self._draw(None, event)
        self._begun = None
        self._add()
        return True

    def _key(self, _: Any, event: Any) -> bool:
        if event.state & (Gdk.ModifierType.CONTROL_MASK | Gdk.ModifierType.MOD1_MASK):
            return False
        key = (Gdk.keyval_name(event.keyval) or "").removeprefix("KP_")
        if self._begun:  # the pointer draws
            return True
        return self._among_faces(key) if self._square is None else self._with_square(key)

    def _among_faces(self, key: str) -> bool:
        selected = self._faces.selected
        if key in ARROWS:
            if entry := self._faces.beside(sum(ARROWS[key])):
                self._select(entry)
        elif key in ("Insert", "plus", "Add"):
            like = max(self._place(selected.face.box)[2:]) if selected else 0
            side = like or min(self._size) / 4
            self._set(Square.in_the_middle(side, self._size))
        elif key in ("space", "Space") and selected:
            self._faces.toggle(selected)
        elif key == "Delete" and selected:
            self._faces.remove(selected)
        else:
            return False
        return True

    def _with_square(self, key: str) -> bool:
        assert self._square
        if key in ARROWS:
            self._set(self._square.moved(*ARROWS[key], self._size))
        elif key in SIZES:
            self._set(self._square.resized(SIZES[key], self._size))
        elif key in ("Return", "Enter"):
            self._add()
        elif key == "Escape":
            self._set(None)
        else:
            return False
        return True

    def _left(self, *_: Any) -> None:
        if not self._view.is_focus():
            self._set(None)

    def _set(self, square: Square | None) -> None:
        """Shows the square that is being drawn, or none."""
        self._square = square
        if square:
            self._fixed.move(self._outline, round(square.x), round(square.y))
            self._outline.set_size_request(round(square.side), round(square.side))
        self._outline.set_visible(square is not None)
        self._tell()

    def _add(self) -> None:
        """The square, if there is one, is a face's."""
        square = self._square
        self._set(None)
        if square:
            self._faces.mark(self._in_layer(square))

    def _in_layer(self, square: Square) -> tuple[float, float, float, float]:
        left, top = self._area.x + square.x / self._scale, self._area.y + square.y / self._scale
        side = square.side / self._scale
        return left, top, left + side, top + side

    def _tell(self) -> None:
        """Says what is selected or drawn, and which keys there are, also to a screen reader."""
        name = _("Photograph with its faces")
        hint = _(
            "Arrow keys choose a face, Space ticks it, Delete removes it; "
            "Insert begins a new square."
        )
        if self._square:
            left, top, right, _bottom = self._in_layer(self._square)
            name = _("Square of {side} pixels at {left}, {top}").format(
                side=round(right - left), left=round(left), top=round(top)
            )
            hint = _(
                "Arrow keys move the square, + and − resize it, "
                "Enter adds the face, Escape drops it."
            )
        elif self._faces.selected in self._faces.entries:
            words = _("Photograph, face {number} of {all}")
            if not self._faces.selected.ticked:
                words = _("Photograph, face {number} of {all}, not ticked")
            number = self._faces.entries.index(self._faces.selected) + 1
            name = words.format(number=number, all=len(self._faces.entries))
        accessible = self._view.get_accessible()
        accessible.set_name(name)
        accessible.set_description(hint)
        self._hint.set_text(hint)


def _framed(style: str, width: int = -1, height: int = -1) -> Gtk.Box:
    """Nothing but a frame; a pointer goes through it."""
    box = Gtk.Box()
    box.set_size_request(width, height)
    box.get_style_context().add_class(style)
    return box


def _use_style() -> None:
    provider = Gtk.CssProvider()
    provider.load_from_data(STYLE)
    above_gimp = Gtk.STYLE_PROVIDER_PRIORITY_USER + 1
    Gtk.StyleContext.add_provider_for_screen(Gdk.Screen.get_default(), provider, above_gimp)
