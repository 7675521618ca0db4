"""The dialog with the options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import choices
from background import Task
from face_panel import FacePanel
from gi.repository import Gimp, GimpUi, GLib, GObject, Gtk
from log import LOG
from looking import Looked
from model_row import ModelRow
from settings import Settings
from target import Target
from translate import _

from gpen_engine.errors import GpenError
from gpen_engine.wire import EngineHome, ModelList, reach

STEP = 25
"""Milliseconds between two looks at what the engine has done."""


def ask(procedure: Any, config: Any, target: Target) -> Looked | None:
    """Lets the user choose; the choices are in the config then.

    Meanwhile the engine is started, so that it is warm when it is needed, names the models that
    could be downloaded, and looks for faces.

    Returns:
        The look at the picture, with which the restoration may go on.

    Raises:
        GpenError: ``cancelled`` when the user did so.
    """
    home = EngineHome.of_user()
    if target.former:
        target.former.record.settings.apply(config)
    dialog = GimpUi.ProcedureDialog.new(procedure, config, _("Restore Faces (GPEN)"))
    dialog.set_ok_label(_("Rest_ore"))
    row = ModelRow(config, home)

    def altered() -> None:
        dialog.set_response_sensitive(Gtk.ResponseType.OK, not panel.faces.is_empty)

    panel = FacePanel(target, lambda: Settings.of(config), row.is_here, altered)
    config.connect("notify::strength", lambda *_: panel.strengthened())
    _fill(dialog, target, row, panel)
    end = _fill_later(row, home, panel)
    agreed = False
    try:
        agreed = bool(dialog.run())
        if not agreed:
            raise GpenError("cancelled", _("The dialog was cancelled."))
        config.set_property("faces", choices.written(panel.faces.chosen(), target))
        return panel.looked
    finally:
        end()
        panel.end()
        if panel.looked and not agreed:
            panel.looked.look.cancel()
        dialog.destroy()


def _fill(dialog: Any, target: Target, model: ModelRow, panel: FacePanel) -> None:
    selected = not Gimp.Selection.is_empty(target.image)
    for option in ("strength", "threshold"):
        scale = dialog.get_spin_scale(option, 100.0)
        # It tells a screen reader nothing by itself.
        scale.get_accessible().set_name(scale.get_label().replace("_", ""))
    dialog.set_sensitive("fallback", selected, None, None, False)
    columns = Gtk.SizeGroup(mode=Gtk.SizeGroupMode.HORIZONTAL)
    frames = []
    for name, title, options in (
        ("result", _("Result"), ["strength", "result", "note"]),
        ("faces", _("Finding the faces"), ["threshold", "detection-size", "fallback"]),
        ("fine", _("Details"), ["template", "keep-colours", "match-grain", "guard", "seed"]),
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
    # GIMP has put them below each other; they go beside the faces.
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
    layer = target.layer.get_name()
    words = _("Layer “{layer}”").format(layer=layer)
    if selected:
        words = _("Layer “{layer}”, only faces in the selection").format(layer=layer)
    if target.former:
        name = target.former.layer.get_name()
        made = _("“{layer}” was made of it with the options below.").format(layer=name)
        words += f"\n{made}"
        if not selected:
            words += " " + _("It will be hidden.")
    return words


def _fill_later(row: ModelRow, home: EngineHome, panel: FacePanel) -> Callable[[], None]:
    """Has the engine name its models, which also makes it warm, and then look for faces; returns
    what ends that."""
    asking = Task(lambda _tell, cancelled: _models(home, cancelled))
    begun = filled = False

    def tick() -> bool:
        nonlocal begun, filled
        if asking.finished and not filled:
            try:
                models = asking.result()
                if not begun:
                    begun = True
                    panel.begin()
                filled = row.fill(models)
            except GpenError as error:  # said again, and shown, when the restoration begins
                LOG.info("not warm: %s", error)
                panel.tell(error.sentence)
                filled = True
        panel.tick()
        return True

    ticking = GLib.timeout_add(STEP, tick)
    return lambda: GLib.source_remove(ticking)


def _models(home: EngineHome, cancelled: Callable[[], bool]) -> ModelList:
    with reach(home, cancelled=cancelled) as engine:
        return engine.models()
