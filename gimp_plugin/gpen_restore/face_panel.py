"""The part of the dialog with the faces: photograph, preview and list."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack

import choices
from face_list import Entry, FaceList
from face_rows import FaceRows
from face_view import FaceView
from gi.repository import Gtk
from log import LOG
from looking import Looked, look_at
from photo_view import PhotoView
from settings import Settings
from target import Target, is_plain, readable
from translate import _, ngettext

from gpen_engine.errors import GpenError
from gpen_engine.wire import Request, side_of

BUSY = 0.02
"""Seconds of reading from GIMP before the window gets its turn."""


class FacePanel:
    """Shows the photograph at once, and its faces when :meth:`begin` was called.

    Args:
        target: the layer.
        settings: gives what the dialog holds now.
        here: tells whether the model of this name is here.
        altered: called when the faces that are chosen may be others.

    Attributes:
        widget: with everything in it.
        faces: what is known of them.
        looked: the conversation, for the restoration; None before there is one.
    """

    def __init__(
        self,
        target: Target,
        settings: Callable[[], Settings],
        here: Callable[[str], bool],
        altered: Callable[[], None],
    ) -> None:
        self._target, self._settings, self._here, self._altered = target, settings, here, altered
        self._area, self._selected = target.area()
        origin = self._area.x, self._area.y
        self.looked: Looked | None = None
        self.faces = FaceList(origin, self._request, _former(target))
        self.faces.changed = self._changed
        self._reading = ExitStack()
        as_seen = settings().result != "merged" or not is_plain(target.layer)
        self._drawable = self._reading.enter_context(readable(target, as_seen=as_seen))
        self._photo = PhotoView(self._drawable, self._area, self.faces, self._select)
        self._rows = FaceRows(self.faces, self._photo.part, self._select, self._edited)
        self._view = FaceView()
        self._spinner = Gtk.Spinner()
        self._text = Gtk.Label(label=_("Starting the engine…"), xalign=0.0, wrap=True)
        self._text.set_max_width_chars(50)
        self.widget = self._packed()

    @property
    def largest(self) -> float:
        """Side of the square that is cut out for the largest face that is ticked, in pixels of the
        layer; 0 without one."""
        template = self._settings().template
        wanted = (entry.face for entry in self.faces.entries if entry.ticked)
        return max((side_of(face.landmarks, template) for face in wanted), default=0.0)

    def begin(self) -> None:
        """Sends the picture; the engine is there."""
        look = look_at(self._target, self._drawable, self._area, self._selected, self._settings())
        self.looked = look
        self.faces.begin(look.look)

    def tell(self, text: str) -> None:
        """Says why there is no list."""
        self.faces.text = text

    def tick(self) -> None:
        """To be called again and again."""
        try:
            self._feed()
            self.faces.tick()
        except GpenError as error:  # the picture is gone
            self.faces.text = error.sentence
            self.end()
            if self.looked:
                self.looked.look.cancel()
                self.looked = None
        busy = bool(self.looked) and self.faces.text.endswith("…")
        if self._text.get_text() != self._words():
            self._text.set_text(self._words())
        if busy != self._spinner.get_property("active"):
            (self._spinner.start if busy else self._spinner.stop)()

    def end(self) -> None:
        """Reads nothing more from GIMP."""
        self._drawable = None
        self._reading.close()

    def strengthened(self) -> None:
        """The strength of all faces is another."""
        self._show()

    def _feed(self) -> None:
        if self.looked is None or self.looked.look.finished:
            return
        busy = time.monotonic() + BUSY
        while self.looked.look.feed() and time.monotonic() < busy:
            pass
        if self.looked.look.is_read:
            self.end()

    def _request(self) -> tuple[Request, bool]:
        assert self.looked
        sent = self.looked.request
        settings = self._settings()
        request = settings.request(sent.width, sent.height, sent.sample, sent.selected)
        return request, self._here(request.model)

    def _words(self) -> str:
        faces = self.faces
        if not faces.is_found:
            return faces.text or _("Starting the engine…")
        wanted = sum(entry.ticked for entry in faces.entries)
        known = ngettext(
            "{wanted} of {n} face will be restored.",
            "{wanted} of {n} faces will be restored.",
            len(faces.entries),
        ).format(wanted=wanted, n=len(faces.entries))
        if not faces.entries:
            known = _("There is no face here. Draw a square around one.")
        return f"{known} {faces.text}".rstrip()

    def _changed(self, entry: Entry | None) -> None:
        if entry is None:
            self._photo.fill()
            self._rows.fill()
            self._show()
            self._altered()
        else:
            self._rows.renew(entry)
            if entry is self.faces.selected:
                self._show()

    def _select(self, entry: Entry) -> None:
        if entry is not self.faces.selected:
            self.faces.selected = entry
            self._rows.mark()
            self._photo.mark()
            self._show()

    def _edited(self) -> None:
        self._photo.mark()
        self._show()
        self._altered()

    def _show(self) -> None:
        entry = self.faces.selected
        if entry is None:
            self._view.show(None, None, 1.0)
        else:
            strength = entry.strength * self._settings().strength
            self._view.show(self._photo.part(entry.face.box), entry.preview, strength)

    def _packed(self) -> Gtk.Box:
        pictures = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=12)
        pictures.pack_start(self._photo.widget, True, True, 0)
        pictures.pack_start(self._view.widget, False, False, 0)
        row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        for text, ticked in ((_("All"), True), (_("None"), False)):
            button = Gtk.Button(label=text)
            button.connect("clicked", lambda _, ticked=ticked: self.faces.tick_all(ticked))
            row.pack_start(button, False, False, 0)
        row.pack_start(self._spinner, False, False, 0)
        row.pack_start(self._text, True, True, 0)
        whole = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        whole.pack_start(pictures, False, False, 0)
        whole.pack_start(row, False, False, 0)
        whole.pack_start(self._rows.widget, True, True, 0)
        whole.show_all()
        return whole


def _former(target: Target) -> choices.Faces:
    """The faces of the run that is done again; None when that had all, or is not understood."""
    try:
        return target.former and choices.read(target.former.record.settings.faces, None)
    except GpenError as error:
        LOG.info("%s", error)
        return None
