"""The window that tells how the engine is, and stops and starts it."""

from __future__ import annotations

from engine_watch import EngineWatch, News
from facts import facts_grid
from gi.repository import Gimp, GimpUi, Gio, GLib, Gtk
from translate import _

from gpen_engine.wire import EngineHome, Status

START, STOP, LOGS = 1, 2, 3
"""Responses of our own."""
STEP = 100
"""Milliseconds between two looks at what the watch found."""
ROWS = (
    _("State"),
    _("Device"),
    _("Loaded models"),
    _("Memory"),
    _("Waiting jobs"),
    _("Version"),
    _("Log folder"),
)
STATES = {"starting": _("Starting"), "idle": _("Ready"), "working": _("Restoring faces")}


class EngineWindow:
    """Open until it is closed."""

    def __init__(self, home: EngineHome) -> None:
        self._home = home
        self._watch = EngineWatch(home)
        self._dialog = GimpUi.Dialog(title=_("GPEN Engine"), role="gpen-engine")
        for text, response in (
            (_("Open the _log folder"), LOGS),
            (_("_Stop"), STOP),
            (_("S_tart"), START),
            (_("_Close"), Gtk.ResponseType.CLOSE),
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
        texts[_("Log folder")] = str(self._home.logs)
        states = {"asking": "…", "stopped": _("Not running"), "starting": _("Starting…")}
        texts[_("State")] = states.get(news.state, "")
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
            words = _("The folder {folder} could not be opened: {why}.")
            Gimp.message(words.format(folder=self._home.logs, why=why))


def describe(status: Status) -> dict[str, str]:
    """The rows of the window, in words."""
    return {
        _("State"): STATES.get(status.state, status.state),
        _("Device"): status.device or "–",
        _("Loaded models"): ", ".join(status.models) or _("none yet"),
        _("Memory"): f"{status.memory / 1e9:.1f} GB",
        _("Waiting jobs"): str(status.waiting),
        _("Version"): _("{version} (process {pid}, running for {time})").format(
            version=status.engine, pid=status.pid, time=_time(status.uptime)
        ),
        _("Log folder"): status.log,
    }


def _time(seconds: float) -> str:
    minutes = int(seconds) // 60
    if not minutes:
        return f"{int(seconds)} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
