"""How a job's progress is told to somebody in front of a screen: in a window with Cancel.

GIMP's own progress bar has a Cancel button too, but that one kills the plug-in.
"""

from __future__ import annotations

import time

import stages
from gi.repository import GimpUi, GLib, Gtk
from progress import latest
from talk import Talk
from tasks import GpenTask
from translate import _

from gpen_engine.wire import Progress

STEP = 15
"""Milliseconds between two looks at the job."""
BUSY = 0.03
"""Seconds of reading from GIMP before the window gets its turn."""
PATIENCE = 1.0
"""Seconds that a cancelled job gets to end by itself."""


class ProgressWindow:
    """Stage, bar and Cancel, above GIMP's image window. Use as a context manager."""

    def __init__(self, task: GpenTask) -> None:
        self._task = task

    def __enter__(self) -> ProgressWindow:
        self._dialog = GimpUi.Dialog(title=self._task.title, role="gpen-progress")
        self._dialog.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
        self._dialog.set_default_size(420, -1)
        self._dialog.set_resizable(False)
        self._label = Gtk.Label(label=_("Preparing…"), xalign=0.0)
        self._bar = Gtk.ProgressBar()
        self._bar.set_pulse_step(0.02)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=8, border_width=12)
        box.pack_start(self._label, False, False, 0)
        box.pack_start(self._bar, False, False, 0)
        self._dialog.get_content_area().pack_start(box, True, True, 0)
        GimpUi.window_set_transient(self._dialog)
        self._dialog.show_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._dialog.destroy()
        _draw()

    def wait(self, job: Talk) -> None:
        """Feeds the job until it is finished or the user cancelled it."""
        loop = GLib.MainLoop()
        failed: list[BaseException] = []
        given_up = 0.0

        def answered(dialog: Gtk.Dialog, _response: int) -> None:  # Cancel, Escape, or closing it
            nonlocal given_up
            if not job.cancelled:
                given_up = time.monotonic() + PATIENCE
                job.cancel()
                dialog.set_response_sensitive(Gtk.ResponseType.CANCEL, False)
                self._label.set_text(_("Cancelling…"))

        def tick() -> bool:
            try:
                busy = time.monotonic() + BUSY
                while job.feed(BUSY / 10) and time.monotonic() < busy:
                    pass
            except BaseException as error:  # GLib would only print it
                failed.append(error)
            step = latest(job)
            if not job.cancelled:
                self._show(step)
            if failed or job.finished or (job.cancelled and time.monotonic() > given_up):
                loop.quit()
                return False
            return True

        answer = self._dialog.connect("response", answered)
        GLib.timeout_add(STEP, tick)
        loop.run()
        self._dialog.disconnect(answer)
        if failed:
            raise failed[0]

    def show(self, step: Progress) -> None:
        """For what the main thread does itself."""
        self._show(step)
        _draw()

    def _show(self, step: Progress | None) -> None:
        if step:
            self._label.set_text(stages.sentence(step, self._task.name))
            done = stages.fraction(step, self._task.name)
            self._pulsing = done is None
            if done is not None:
                self._bar.set_fraction(done)
        if self._pulsing:
            self._bar.pulse()

    _pulsing = True


def _draw() -> None:
    while Gtk.events_pending():
        Gtk.main_iteration()
