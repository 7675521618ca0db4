"""One face as it would become: whole or at its full size, and as it was while one holds it."""

from __future__ import annotations

from typing import Any

from gi.repository import GdkPixbuf, Gtk
from pictures import fitted, pixbuf_of, show
from translate import _

from gpen_engine.wire import Preview

SIDE = 300
"""Logical pixels of the view."""


class FaceView:
    """The picture, and two switches below it.

    Attributes:
        widget: with everything in it.
    """

    def __init__(self) -> None:
        self._preview: Preview | None = None
        self._before: Any = None
        self._after: Any = None
        self._strength = 1.0
        self._held = False
        self._image = Gtk.Image()
        self._image.get_accessible().set_name(_("Preview"))
        holding = Gtk.EventBox()
        holding.add(self._image)
        holding.set_tooltip_text(_("Hold it to see the original"))
        holding.connect("button-press-event", self._hold, True)
        holding.connect("button-release-event", self._hold, False)
        view = Gtk.ScrolledWindow(shadow_type=Gtk.ShadowType.IN)
        view.set_size_request(SIDE + 4, SIDE + 4)
        view.add(holding)
        self._zoom = Gtk.ToggleButton(label="100 %", tooltip_text=_("In the layer's own pixels"))
        self._original = Gtk.ToggleButton(label=_("Show the original"))
        for switch in (self._zoom, self._original):
            switch.connect("toggled", self._draw)
        self._scrolled = view.get_hadjustment(), view.get_vadjustment()
        for adjustment in self._scrolled:  # the face is in the middle
            adjustment.connect("changed", _centre)
        row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        row.pack_start(self._zoom, False, False, 0)
        row.pack_start(self._original, False, False, 0)
        self.widget = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self.widget.pack_start(view, True, True, 0)
        self.widget.pack_start(row, False, False, 0)
        self.widget.show_all()

    def show(self, part: Any, preview: Preview | None, strength: float) -> None:
        """Shows a face.

        Args:
            part: of the photograph, until there is a preview; None for no face at all.
            preview: of the engine.
            strength: 0..1, with which it would be restored.
        """
        if preview is None or preview is not self._preview:
            self._before, self._after = _both(preview) if preview else (part, part)
        self._preview, self._strength = preview, strength
        self._draw()

    def _hold(self, _: Any, event: Any, held: bool) -> bool:
        self._held = held and event.button == 1
        self._draw()
        return True

    def _draw(self, *_: Any) -> None:
        if self._before is None:
            self._image.clear()
            return
        pixbuf = self._before
        if not (self._held or self._original.get_active()):
            pixbuf = blended(self._before, self._after, self._strength)
        width, height = pixbuf.get_width(), pixbuf.get_height()
        dense = self._image.get_scale_factor()
        size = width // dense, height // dense
        if not self._zoom.get_active() or self._preview is None:
            size = fitted(width, height, SIDE, SIDE)
        show(self._image, pixbuf, *size)


def _centre(adjustment: Gtk.Adjustment) -> None:
    room = adjustment.get_upper() - adjustment.get_lower() - adjustment.get_page_size()
    adjustment.set_value(adjustment.get_lower() + room / 2)


def blended(before: Any, after: Any, strength: float) -> Any:
    """Both pictures, GdkPixbufs of one size, as GIMP shows a layer of this opacity."""
    mixed = before.copy()
    size = before.get_width(), before.get_height()
    nearest = GdkPixbuf.InterpType.NEAREST
    after.composite(mixed, 0, 0, *size, 0, 0, 1, 1, nearest, round(255 * strength))
    return mixed


def _both(preview: Preview) -> tuple[Any, Any]:
    size = preview.info.columns, preview.info.rows
    return pixbuf_of(bytes(preview.before), *size), pixbuf_of(bytes(preview.after), *size)


def thumbnails(preview: Preview, strength: float) -> tuple[Any, Any]:
    """Before and after as GdkPixbufs."""
    before, after = _both(preview)
    return before, blended(before, after, strength)
