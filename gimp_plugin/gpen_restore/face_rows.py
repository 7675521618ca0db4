"""The list of faces: a row for each, with tick, pictures, strength and what the detector says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from face_list import Entry, FaceList
from face_view import thumbnails
from gi.repository import Gdk, GLib, Gtk
from pictures import fitted, show
from translate import _

SIDE = 44
"""Logical pixels of the pictures."""


class FaceRows:
    """Arrow keys go from row to row, Space ticks and Delete removes the selected one.

    Args:
        faces: what is listed.
        part: gives a piece of the photograph for the box of a face.
        select: called with the face whose row was selected.
        altered: called when ticks or strengths were changed here.

    Attributes:
        widget: with everything in it.
    """

    def __init__(
        self,
        faces: FaceList,
        part: Callable[[tuple[float, ...]], Any],
        select: Callable[[Entry], None],
        altered: Callable[[], None],
    ) -> None:
        self._faces, self._part, self._select, self._altered = faces, part, select, altered
        self._rows: list[_Row] = []
        self._filling = False
        self._list = Gtk.ListBox(selection_mode=Gtk.SelectionMode.BROWSE)
        self._list.get_accessible().set_name(_("Faces"))
        self._list.connect("row-selected", self._row_selected)
        self._list.connect("key-press-event", self._key)
        self.widget = Gtk.ScrolledWindow(
            shadow_type=Gtk.ShadowType.IN, hscrollbar_policy=Gtk.PolicyType.NEVER
        )
        self.widget.set_size_request(-1, 3 * (SIDE + 10))
        self.widget.add(self._list)
        self.widget.show_all()

    def fill(self) -> None:
        """Lists the faces anew; a keyboard that was in the list stays there."""
        had_focus = self._list.get_focus_child() is not None
        self._filling = True
        for row in self._rows:
            row.row.destroy()
        self._rows = [
            _Row(number, entry, self._part(entry.face.box), self._faces.remove, self._altered)
            for number, entry in enumerate(self._faces.entries, 1)
        ]
        for row in self._rows:
            self._list.add(row.row)
        self._filling = False
        self.mark()
        selected = self._list.get_selected_row()
        if had_focus and selected:
            selected.grab_focus()

    def renew(self, entry: Entry) -> None:
        """Shows a face's new preview or tick."""
        for row in self._rows:
            if row.entry is entry:
                row.draw()

    def mark(self) -> None:
        """Selects the row of the selected face."""
        for row in self._rows:
            if row.entry is self._faces.selected and self._list.get_selected_row() is not row.row:
                self._list.select_row(row.row)
                GLib.idle_add(self._reveal, row.row)

    def _reveal(self, row: Gtk.ListBoxRow) -> bool:
        if row.get_parent() is not None:
            place = row.translate_coordinates(self._list, 0, 0)
            if place:
                top, high = place[1], row.get_allocated_height()
                self._list.get_adjustment().clamp_page(top, top + high)
        return False

    def _row_selected(self, _: Any, selected: Any) -> None:
        row = next((row for row in self._rows if row.row is selected), None)
        if row and not self._filling:
            self._select(row.entry)

    def _key(self, _: Any, event: Any) -> bool:
        selected = self._list.get_selected_row()
        row = next((row for row in self._rows if row.row is selected), None)
        if row and row.row.has_focus():
            if event.keyval in (Gdk.KEY_Delete, Gdk.KEY_KP_Delete):
                self._faces.remove(row.entry)
                return True
            if event.keyval in (Gdk.KEY_space, Gdk.KEY_KP_Space):
                self._faces.toggle(row.entry)
                return True
        return False


class _Row:
    def __init__(
        self,
        number: int,
        entry: Entry,
        part: Any,
        remove: Callable[[Entry], None],
        altered: Callable[[], None],
    ) -> None:
        self.entry, self._part, self._altered = entry, part, altered
        label = _("Face {number}").format(number=number)
        self.tick = Gtk.CheckButton(label=label, active=entry.ticked)
        self.tick.connect("toggled", self._ticked)
        self._images = Gtk.Image(), Gtk.Image()
        names = _("Face {number} before"), _("Face {number} after")
        for image, name in zip(self._images, names):
            image.set_size_request(SIDE, SIDE)
            image.get_accessible().set_name(name.format(number=number))
        self._strength = Gtk.SpinButton.new_with_range(0, 100, 5)
        self._strength.set_value(100 * entry.strength)
        self._strength.set_tooltip_text(_("Strength of this face in %, beside that of all"))
        strength = _("Strength of face {number}").format(number=number)
        self._strength.get_accessible().set_name(strength)
        self._strength.connect("value-changed", self._strengthened)
        sure = _("{percent} sure").format(percent=f"{100 * entry.face.score:.0f} %")
        score = sure if entry.face.score else _("by hand")
        delete = Gtk.Button.new_from_icon_name("list-remove-symbolic", Gtk.IconSize.BUTTON)
        delete.set_relief(Gtk.ReliefStyle.NONE)
        delete.set_tooltip_text(_("This is no face: take it out of the list"))
        delete.get_accessible().set_name(_("Remove face {number}").format(number=number))
        delete.connect("clicked", lambda _: remove(entry))
        box = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=8, border_width=2)
        self.tick.set_size_request(86, -1)
        for widget in (self.tick, *self._images, self._strength):
            box.pack_start(widget, False, False, 0)
        self._alike = Gtk.Label(xalign=0.0)
        self._alike.set_tooltip_text(_("How far the face agrees with the original's: no identity"))
        box.pack_start(Gtk.Label(label=score, xalign=0.0, width_chars=9), False, False, 0)
        box.pack_start(self._alike, True, True, 0)
        box.pack_start(delete, False, False, 0)
        for widget in (self._strength, delete):
            widget.set_valign(Gtk.Align.CENTER)
        self.row = Gtk.ListBoxRow()
        name = _("Face {number}, {score}").format(number=number, score=score)
        self.row.get_accessible().set_name(name)
        self.row.add(box)
        self.row.show_all()
        self.draw()

    def draw(self) -> None:
        self.tick.set_active(self.entry.ticked)
        pictures = (self._part, None)
        if self.entry.preview:
            pictures = thumbnails(self.entry.preview, self.entry.strength)
            similarity = self.entry.preview.info.similarity
            if similarity is not None:
                alike = _("similarity {value}").format(value=f"{similarity:.2f}")
                self._alike.set_text(alike)
        for image, pixbuf in zip(self._images, pictures):
            if pixbuf:
                size = fitted(pixbuf.get_width(), pixbuf.get_height(), SIDE, SIDE)
                show(image, pixbuf, *size)

    def _ticked(self, _: Any) -> None:
        self.entry.ticked = self.tick.get_active()
        self._altered()

    def _strengthened(self, _: Any) -> None:
        self.entry.strength = self._strength.get_value() / 100
        self.draw()
        self._altered()
