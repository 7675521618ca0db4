"""The window that tells how the engine is, and stops and starts it."""

from __future__ import annotations

from engine_watch import EngineWatch, News
from facts import facts_grid
from gi.repository import Gimp, GimpUi, Gio, GLib, Gtk

from gpen_engine.wire import EngineHome, Status

START, STOP, LOGS = 1, 2, 3
"""Responses of our own."""
STEP = 100
"""Milliseconds between two looks at what the watch found."""
ROWS = ("State", "Device", "Loaded models", "Memory", "Waiting jobs", "Version", "Log folder")
STATES = {"starting": "Starting", "idle": "Ready", "working": "Restoring faces"}


class EngineWindow:
    """Open until it is closed."""

    def __init__(self, home: EngineHome) -> None:
        self._home = home
        self._watch = EngineWatch(home)
        self._dialog = GimpUi.Dialog(title="GPEN Engine", role="gpen-engine")
        for text, response in (
            ("Open the _log folder", LOGS),
            ("_Stop", STOP),
            ("S_tart", START),
            ("_Close", Gtk.ResponseType.CLOSE),
        ):
            self._dialog.add_button(text, response)
        self._values = {name: Gtk.Label(selectable=True) for name in ROWS}
        for value in self._values.values():
            value.set_can_focus(False)  # or the first one is marked when the window opens
        self._trouble = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=60, selectable=True)
        self._trouble.set_no_show_all(True)  # so that it takes no room while there is none
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, border_width=12)
        box.pack_start(facts_grid(self._values), True, True, 0)
        box.pack_start(self._trouble, False, False, 0)
        self._dialog.get_content_area().pack_start(box, True, True, 0)
        self._dialog.set_default_response(Gtk.ResponseType.CLOSE)
        self._show(News("asking"))

    def run(self) -> None:
        self._watch.begin()
        ticking = GLib.timeout_add(STEP, self._tick)
        self._dialog.show_all()
        response = self._dialog.run()
        while response in (START, STOP, LOGS):
            if response == LOGS:
                self._open_logs()
            else:
                self._dialog.set_response_sensitive(response, False)
                self._watch.order("start" if response == START else "stop")
            response = self._dialog.run()
        GLib.source_remove(ticking)
        self._watch.end()
        self._dialog.destroy()

    def _tick(self) -> bool:
        news = self._watch.news()
        if news:
            self._show(news)
        return True

    def _show(self, news: News) -> None:
        self._dialog.set_response_sensitive(START, news.state == "stopped")
        self._dialog.set_response_sensitive(STOP, news.status is not None)
        texts = dict.fromkeys(ROWS, "–")
        texts["Log folder"] = str(self._home.logs)
        texts["State"] = {"asking": "…", "stopped": "Not running", "starting": "Starting…"}.get(
            news.state, ""
        )
        if news.status:
            texts.update(describe(news.status))
        for name, value in self._values.items():
            value.set_text(texts[name])
        self._trouble.set_text(news.trouble)
        self._trouble.set_visible(bool(news.trouble))

    def _open_logs(self) -> None:
        try:
            self._home.logs.mkdir(parents=True, exist_ok=True)
            Gio.AppInfo.launch_default_for_uri(self._home.logs.as_uri(), None)
        except (OSError, GLib.Error) as error:
            why = error.strerror if isinstance(error, OSError) else error.message
            Gimp.message(f"The folder {self._home.logs} could not be opened: {why}.")


def describe(status: Status) -> dict[str, str]:
    """The rows of the window, in words."""
    return {
        "State": STATES.get(status.state, status.state),
        "Device": status.device or "–",
        "Loaded models": ", ".join(status.models) or "none yet",
        "Memory": f"{status.memory / 1e9:.1f} GB",
        "Waiting jobs": str(status.waiting),
        "Version": f"{status.engine} (process {status.pid}, running for {_time(status.uptime)})",
        "Log folder": status.log,
    }


def _time(seconds: float) -> str:
    minutes = int(seconds) // 60
    if not minutes:
        return f"{int(seconds)} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
