"""The window in which a model that is not here is offered and downloaded."""

from __future__ import annotations

import time
from typing import TypeVar

import downloads
from background import Step, Task
from facts import facts_grid
from gi.repository import GimpUi, GLib, Gtk
from translate import _

from gpen_engine.wire import ModelInfo

STEP = 50
"""Milliseconds between two looks at the task."""
SOON = 0.3
"""Seconds that a task gets before the window shows up for it."""
PATIENCE = 1.0
"""Seconds that a cancelled task gets to end by itself."""
WIDTH = 60
"""Characters in a line of text."""

T = TypeVar("T")


class FetchWindow:
    """Above GIMP's image window, as soon as there is something to see. Use as a context manager."""

    def __enter__(self) -> FetchWindow:
        self._dialog = GimpUi.Dialog(title=_("Download a Model (GPEN)"), role="gpen-download")
        self._dialog.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
        self._dialog.add_button(_("_Download"), Gtk.ResponseType.OK)
        self._dialog.set_default_response(Gtk.ResponseType.OK)
        self._dialog.set_resizable(False)
        self._facts = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12)
        self._trouble = _text("")
        self._trouble.set_selectable(True)  # addresses in it are copied from here
        self._trouble.set_can_focus(False)
        self._label = Gtk.Label(xalign=0.0)
        self._bar = Gtk.ProgressBar()
        self._bar.set_pulse_step(0.02)
        self._bar.get_accessible().set_name(_("Download"))
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12, border_width=12)
        box.set_size_request(420, -1)
        for part in (self._facts, self._trouble, self._label, self._bar):
            box.pack_start(part, False, False, 0)
        self._dialog.get_content_area().pack_start(box, True, True, 0)
        box.show()
        GimpUi.window_set_transient(self._dialog)
        return self

    def __exit__(self, *_: object) -> None:
        self._dialog.destroy()
        while Gtk.events_pending():
            Gtk.main_iteration()

    def agrees(self, model: ModelInfo, trouble: str) -> bool:
        """See ``getting.Window``."""
        self._describe(model)
        self._trouble.set_text(trouble)
        self._show(asking=True)
        return bool(self._dialog.run() == Gtk.ResponseType.OK)

    def wait(self, task: Task[T]) -> T:
        """See ``getting.Window``."""
        task.wait(SOON)
        if not task.finished:
            self._watch(task)
        return task.result()

    def _watch(self, task: Task[T]) -> None:
        loop = GLib.MainLoop()
        given_up = 0.0

        def answered(dialog: Gtk.Dialog, _response: int) -> None:  # Cancel, Escape, or closing it
            nonlocal given_up
            if not task.cancelled:
                given_up = time.monotonic() + PATIENCE
                task.cancel()
                dialog.set_response_sensitive(Gtk.ResponseType.CANCEL, False)
                self._label.set_text(_("Cancelling…"))

        def tick() -> bool:
            if not task.cancelled:
                self._tell(task.latest())
            if task.finished or (task.cancelled and time.monotonic() > given_up):
                loop.quit()
                return False
            return True

        self._pulsing = True
        self._tell(task.latest())
        self._show(asking=False)
        answer = self._dialog.connect("response", answered)
        GLib.timeout_add(STEP, tick)
        loop.run()
        self._dialog.disconnect(answer)

    def _tell(self, step: Step | None) -> None:
        if step:
            self._label.set_text(step.text)
            self._pulsing = step.done is None
            if step.done is not None:
                self._bar.set_fraction(step.done)
        if self._pulsing:
            self._bar.pulse()

    _pulsing = True

    def _describe(self, model: ModelInfo) -> None:
        for old in self._facts.get_children():
            old.destroy()
        head = _text("")
        head.set_markup(f"<big><b>{GLib.markup_escape_text(model.name)}</b></big>")
        values = {name: _text(value) for name, value in downloads.facts(model).items()}
        what = _text(
            _("This model is not on this computer yet. By downloading it you accept its terms.")
        )
        for part in (head, what, facts_grid(values)):
            self._facts.pack_start(part, False, False, 0)
        self._facts.show_all()

    def _show(self, *, asking: bool) -> None:
        self._trouble.set_visible(asking and bool(self._trouble.get_text()))
        for part in (self._label, self._bar):
            part.set_visible(not asking)
        download = self._dialog.get_widget_for_response(Gtk.ResponseType.OK)
        download.set_visible(asking)
        self._dialog.set_response_sensitive(Gtk.ResponseType.CANCEL, True)
        if asking:
            download.grab_focus()
        self._dialog.present()


def _text(text: str) -> Gtk.Label:
    return Gtk.Label(label=text, xalign=0.0, wrap=True, max_width_chars=WIDTH)
