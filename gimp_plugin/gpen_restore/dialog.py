"""The dialog with the options."""

from __future__ import annotations

import threading
from typing import Any

from gi.repository import Gimp, GimpUi, GObject, Gtk
from log import LOG
from target import Target

from gpen_engine.errors import GpenError
from gpen_engine.wire import EngineHome, reach

DEFAULT = "Default"
"""What the empty name of a model is called here."""
SUFFIXES = (".safetensors", ".pth", ".pt")
"""Of files that hold weights."""


def ask(procedure: Any, config: Any, target: Target) -> bool:
    """Lets the user choose; the choices are in the config then. False when the user cancelled.

    Meanwhile the engine is started, so that it is warm when it is needed.
    """
    home = EngineHome.of_user()
    threading.Thread(target=_warm, args=(home,), name="gpen warm", daemon=True).start()
    if target.former:
        target.former.record.settings.apply(config)
    dialog = GimpUi.ProcedureDialog.new(procedure, config, "Restore Faces (GPEN)")
    dialog.set_ok_label("Rest_ore")
    _fill(dialog, config, target, home)
    try:
        return bool(dialog.run())
    finally:
        dialog.destroy()


def models(home: EngineHome) -> list[str]:
    """Names of the weights that the user put into the engine's folder."""
    try:
        files = sorted(home.models.iterdir(), key=lambda path: path.name.lower())
    except OSError:  # it is made when it is first needed
        return []
    return list(dict.fromkeys(f.stem for f in files if f.suffix.lower() in SUFFIXES))


def _fill(dialog: Any, config: Any, target: Target, home: EngineHome) -> None:
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
        ("fine", "Details", ["template", "keep-colours", "seed"]),
    ):
        box = dialog.fill_box(f"{name}-box", options)
        if name == "result":
            row, label = _model_row(config, models(home))
            box.pack_start(row, False, False, 0)
            box.reorder_child(row, 0)
            columns.add_widget(label)
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


def _model_row(config: Any, names: list[str]) -> tuple[Any, Any]:
    """A row with a list of names, in which others or a file's can be typed, and its label."""
    box = Gtk.ComboBoxText.new_with_entry()
    box.set_tooltip_text(
        "Weights to restore with: a name from the list, or the path of a file. Files in the"
        " engine's folder for models appear here."
    )
    for name in (DEFAULT, *names):
        box.append_text(name)
    entry = box.get_child()

    def to_config(_: Any) -> None:
        text = entry.get_text().strip()
        model = "" if text == DEFAULT else text
        if model != config.get_property("model"):
            config.set_property("model", model)

    def from_config(*_: Any) -> None:
        model = config.get_property("model") or DEFAULT
        if not entry.has_focus() and model != entry.get_text():
            entry.set_text(model)

    from_config()
    entry.connect("changed", to_config)
    config.connect("notify::model", from_config)  # Reset, and values that are loaded
    label = Gtk.Label.new_with_mnemonic("_Model")
    label.set_xalign(0.0)
    label.set_mnemonic_widget(entry)
    row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
    row.pack_start(label, False, False, 0)
    row.pack_start(box, True, True, 0)
    row.show_all()
    return row, label


def _warm(home: EngineHome) -> None:
    try:
        reach(home).close()
    except GpenError as error:  # said again, and shown, when the restoration begins
        LOG.info("not warm: %s", error)
