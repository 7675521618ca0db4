"""The dialog with the options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from background import Task
from gi.repository import Gimp, GimpUi, GLib, GObject, Gtk
from log import LOG
from model_row import ModelRow
from target import Target

from gpen_engine.errors import GpenError
from gpen_engine.wire import EngineHome, ModelList, reach

STEP = 50
"""Milliseconds between two looks at whether the engine has named its models."""


def ask(procedure: Any, config: Any, target: Target) -> bool:
    """Lets the user choose; the choices are in the config then. False when the user cancelled.

    Meanwhile the engine is started, so that it is warm when it is needed, and names the models
    that could be downloaded.
    """
    home = EngineHome.of_user()
    if target.former:
        target.former.record.settings.apply(config)
    dialog = GimpUi.ProcedureDialog.new(procedure, config, "Restore Faces (GPEN)")
    dialog.set_ok_label("Rest_ore")
    row = ModelRow(config, home)
    _fill(dialog, target, row)
    end = _fill_later(row, home)
    try:
        return bool(dialog.run())
    finally:
        end()
        dialog.destroy()


def _fill(dialog: Any, target: Target, model: ModelRow) -> None:
    selected = not Gimp.Selection.is_empty(target.image)
    for option in ("strength", "threshold"):
        scale = dialog.get_spin_scale(option, 100.0)
        # It tells a screen reader nothing by itself.
        scale.get_accessible().set_name(scale.get_label().replace("_", ""))
    dialog.set_sensitive("fallback", selected, None, None, False)
    columns = Gtk.SizeGroup(mode=Gtk.SizeGroupMode.HORIZONTAL)
    frames = []
    for name, title, options in (
        ("result", "Result", ["strength", "result"]),
        ("faces", "Finding the faces", ["threshold", "detection-size", "fallback"]),
        ("fine", "Details", ["template", "keep-colours", "match-grain", "guard", "seed"]),
    ):
        box = dialog.fill_box(f"{name}-box", options)
        if name == "result":
            box.pack_start(model.row, False, False, 0)
            box.reorder_child(model.row, 0)
            columns.add_widget(model.label)
        for option in options:
            widget = dialog.get_widget(option, GObject.TYPE_NONE)
            if isinstance(widget, GimpUi.Labeled):
                columns.add_widget(widget.get_label())
        dialog.get_label(f"{name}-title", title, False, False)
        dialog.fill_frame(f"{name}-frame", f"{name}-title", False, f"{name}-box")
        frames.append(f"{name}-frame")
    head = Gtk.Label(label=_what(target, selected), xalign=0.0, wrap=True, max_width_chars=50)
    content = dialog.get_content_area()
    content.set_spacing(12)
    content.pack_start(head, False, False, 0)
    head.show()
    dialog.fill(frames)


def _what(target: Target, selected: bool) -> str:
    words = f"Layer “{target.layer.get_name()}”"
    if selected:
        words += ", only faces in the selection"
    if target.former:
        name = target.former.layer.get_name()
        words += f"\n“{name}” was made of it with the options below."
        if not selected:
            words += " It will be hidden."
    return words


def _fill_later(row: ModelRow, home: EngineHome) -> Callable[[], None]:
    """Has the engine name its models, which also makes it warm; returns what ends that."""
    asking = Task(lambda _tell, cancelled: _models(home, cancelled))
    ticking = 0

    def tick() -> bool:
        nonlocal ticking
        if not asking.finished:
            return True
        try:
            if not row.fill(asking.result()):
                return True
        except GpenError as error:  # said again, and shown, when the restoration begins
            LOG.info("not warm: %s", error)
        ticking = 0
        return False

    def end() -> None:
        if ticking:
            GLib.source_remove(ticking)

    ticking = GLib.timeout_add(STEP, tick)
    return end


def _models(home: EngineHome, cancelled: Callable[[], bool]) -> ModelList:
    with reach(home, cancelled=cancelled) as engine:
        return engine.models()
