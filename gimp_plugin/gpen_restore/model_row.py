"""The row of the dialog in which a model is chosen."""

from __future__ import annotations

from typing import Any

import downloads
from gi.repository import Gtk
from models_here import is_here, names_here
from translate import _

from gpen_engine.wire import EngineHome, ModelList

DEFAULT = _("Default")
"""What the empty name of a model is called here."""
WIDTH = 32
"""Characters that the list shows: the longest name with its size."""


class ModelRow:
    """A list of names, in which others or a file's can be typed, and its label.

    Args:
        config: of the procedure; its ``model`` is what was chosen.
        home: whose models are listed until the engine has named all.

    Attributes:
        row: with everything in it.
        label: of the list.
    """

    def __init__(self, config: Any, home: EngineHome) -> None:
        self._config, self._home = config, home
        self._models: ModelList | None = None
        self._names: dict[str, str] = {}
        self._box = Gtk.ComboBoxText.new_with_entry()
        self._box.set_tooltip_text(
            _(
                "Weights to restore with: a name from the list, or the path of a file. What is not"
                " here yet is downloaded if you choose it, after you were asked. Files in the"
                " engine's folder for models appear here."
            )
        )
        self._entry = self._box.get_child()
        self._entry.set_width_chars(WIDTH)
        self._list({name: name for name in names_here(home)})
        self._entry.connect("changed", self._to_config)
        config.connect("notify::model", self._from_config)  # Reset, and values that are loaded
        self.label = Gtk.Label.new_with_mnemonic(_("_Model"))
        self.label.set_xalign(0.0)
        self.label.set_mnemonic_widget(self._entry)
        self.row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        self.row.pack_start(self.label, False, False, 0)
        self.row.pack_start(self._box, True, True, 0)
        self.row.show_all()

    def fill(self, models: ModelList) -> bool:
        """Lists what the engine knows: first what is here. False while the list is unfolded."""
        if self._box.get_property("popup-shown"):
            return False
        self._models = models
        there = sorted(models.models, key=lambda model: not model.here)
        self._list({downloads.label(m): m.name for m in there if not m.default})
        return True

    def is_here(self, model: str) -> bool:
        """Whether nothing has to be downloaded for this model."""
        known = self._models and self._models.named(model)
        return bool(known and known.here) or is_here(model, self._home)

    def _list(self, names: dict[str, str]) -> None:
        self._names = {DEFAULT: "", **names}
        self._box.remove_all()
        for label in self._names:
            self._box.append_text(label)
        self._from_config()

    def _to_config(self, _: Any) -> None:
        text = self._entry.get_text().strip()
        model = self._names.get(text, text)
        if model != self._config.get_property("model"):
            self._config.set_property("model", model)

    def _from_config(self, *_: Any) -> None:
        model = self._config.get_property("model") or ""
        labels = (k for k, name in self._names.items() if name.lower() == model.lower())
        label = next(labels, model)
        if not self._entry.has_focus() and label != self._entry.get_text():
            self._entry.set_text(label)
