"""The dialogs with the options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import choices
from background import Task
from face_panel import FacePanel
from gi.repository import Gimp, GimpUi, GLib, GObject, Gtk
from log import LOG
from looking import Looked
from model_row import UPSCALER, ModelRow, weights_of
from settings import Settings, argument
from target import Target
from translate import _

from gpen_engine.errors import GpenError
from gpen_engine.wire import EngineHome, ModelList, reach

STEP = 25
"""Milliseconds between two looks at what the engine has done."""
SCALES = ("strength", "threshold")
"""Options that are set with a slider."""


def ask(procedure: Any, config: Any, target: Target) -> Looked | None:
    """Lets the user choose; the choices are in the config then.

    Meanwhile the engine is started, so that it is warm when it is needed, names the models that
    could be downloaded, and looks for faces, where these can be chosen.

    Returns:
        The look at the picture, with which the restoration may go on.

    Raises:
        GpenError: ``cancelled`` when the user did so.
    """
    home, task = EngineHome.of_user(), target.task
    if target.former:
        target.former.record.settings.apply(config)
    dialog = GimpUi.ProcedureDialog.new(procedure, config, task.title)
    dialog.set_ok_label(task.ok)
    rows = {"model": ModelRow(config, home, weights_of(task))}
    if "upscaler" in task.arguments:
        rows["upscaler"] = ModelRow(config, home, UPSCALER)
    panel = _panel(dialog, config, target, rows["model"]) if "faces" in task.arguments else None
    _fill(dialog, target, rows, panel)
    end = _fill_later(rows, home, panel)
    agreed = False
    try:
        agreed = bool(dialog.run())
        if not agreed:
            raise GpenError("cancelled", _("The dialog was cancelled."))
        if panel is None:
            return None
        config.set_property("faces", choices.written(panel.faces.chosen(), target))
        return panel.looked
    finally:
        end()
        if panel:
            panel.end()
            if panel.looked and not agreed:
                panel.looked.look.cancel()
        dialog.destroy()


def _panel(dialog: Any, config: Any, target: Target, model: ModelRow) -> FacePanel:
    def altered() -> None:
        dialog.set_response_sensitive(Gtk.ResponseType.OK, not panel.faces.is_empty)
        model.suit(panel.largest)

    panel = FacePanel(target, lambda: Settings.of(config, target.task), model.is_here, altered)
    config.connect("notify::strength", lambda *_changed: panel.strengthened())
    config.connect("notify::template", lambda *_changed: model.suit(panel.largest))
    return panel


def _fill(
    dialog: Any, target: Target, rows: Mapping[str, ModelRow], panel: FacePanel | None
) -> None:
    task, selected = target.task, not Gimp.Selection.is_empty(target.image)
    for option in SCALES:
        if option in task.arguments:
            scale = dialog.get_spin_scale(option, 100.0)
            # It tells a screen reader nothing by itself.
            scale.get_accessible().set_name(scale.get_label().replace("_", ""))
    if "fallback" in task.arguments:
        dialog.set_sensitive("fallback", selected, None, None, False)
    columns = Gtk.SizeGroup(mode=Gtk.SizeGroupMode.HORIZONTAL)
    frames = [_frame(dialog, *frame, rows, columns) for frame in task.frames]
    content = dialog.get_content_area()
    content.set_spacing(12)
    for text in (_what(target, selected), task.note):
        if text:
            label = Gtk.Label(label=text, xalign=0.0, wrap=True, max_width_chars=50)
            content.pack_start(label, False, False, 0)
            label.show()
    dialog.fill(frames)
    if panel:
        _beside(dialog, frames, panel)


def _frame(
    dialog: Any,
    title: str,
    options: tuple[str, ...],
    rows: Mapping[str, ModelRow],
    columns: Gtk.SizeGroup,
) -> str:
    """Makes a part of the dialog; returns what the dialog calls it."""
    name = argument(options[0])
    own = [argument(option) for option in options if option not in rows]
    box = dialog.fill_box(f"{name}-box", own)
    for place, option in enumerate(options):
        if option in rows:
            box.pack_start(rows[option].row, False, False, 0)
            box.reorder_child(rows[option].row, place)
            columns.add_widget(rows[option].label)
            continue
        widget = dialog.get_widget(argument(option), GObject.TYPE_NONE)
        if isinstance(widget, GimpUi.Labeled):
            columns.add_widget(widget.get_label())
    dialog.get_label(f"{name}-title", title, False, False)
    dialog.fill_frame(f"{name}-frame", f"{name}-title", False, f"{name}-box")
    return f"{name}-frame"


def _beside(dialog: Any, frames: list[str], panel: FacePanel) -> None:
    """Puts the faces beside the frames, which GIMP has put below each other."""
    content = dialog.get_content_area()
    options = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12)
    for frame in frames:
        widget = dialog.get_widget(frame, GObject.TYPE_NONE)
        content.remove(widget)
        options.pack_start(widget, False, False, 0)
    both = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=18)
    both.pack_start(options, False, False, 0)
    both.pack_start(panel.widget, True, True, 0)
    content.pack_start(both, True, True, 0)
    options.show()
    both.show()


def _what(target: Target, selected: bool) -> str:
    words = target.task.selected if selected else _("Layer “{layer}”")
    words = words.format(layer=target.layer.get_name())
    if target.former:
        name = target.former.layer.get_name()
        made = _("“{layer}” was made of it with the options below.").format(layer=name)
        words += f"\n{made}"
        if not selected:
            words += " " + _("It will be hidden.")
    return words


def _fill_later(
    rows: Mapping[str, ModelRow], home: EngineHome, panel: FacePanel | None
) -> Callable[[], None]:
    """Has the engine name its models, which also makes it warm, and then look for faces; returns
    what ends that."""
    asking = Task(lambda _tell, cancelled: _models(home, cancelled))
    waiting = list(rows.values())
    begun = False

    def tick() -> bool:
        nonlocal begun
        if asking.finished and waiting:
            try:
                models = asking.result()
                if panel and not begun:
                    begun = True
                    panel.begin()
                waiting[:] = [row for row in waiting if not row.fill(models)]
            except GpenError as error:  # said again, and shown, when the restoration begins
                LOG.info("not warm: %s", error)
                if panel:
                    panel.tell(error.sentence)
                waiting.clear()
        if panel:
            panel.tick()
        return True

    ticking = GLib.timeout_add(STEP, tick)
    return lambda: GLib.source_remove(ticking)


def _models(home: EngineHome, cancelled: Callable[[], bool]) -> ModelList:
    with reach(home, cancelled=cancelled) as engine:
        return engine.models()
