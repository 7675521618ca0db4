"""The rows of a dialog in which models are chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import downloads
from gi.repository import Gtk
from models_here import UPSCALE, is_here, kind_of, names_here
from settings import INTERPOLATION
from size import suggestion
from size_line import SizeLine
from tasks import GpenTask
from translate import _

from gpen_engine.wire import EngineHome, ModelInfo, ModelList

DEFAULT = _("Default")
"""What the empty name of a model is called here, where it is no known model's."""
WIDTH = 32
"""Characters that the list shows: the longest name of a model that restores, with its size."""
WIDER = 42
"""The same of other models."""


@dataclass(frozen=True)
class Wanted:
    """Which models a row is about."""

    option: str
    """The argument that holds what was chosen."""
    kind: str
    """The catalogue's task of the models."""
    label: str
    tooltip: str
    default_model: str = ""
    """The known model that an empty name means, if it is one of the list."""
    others: tuple[tuple[str, str], ...] = ()
    """What can be chosen besides: what it is called, and its name."""


def weights_of(task: GpenTask) -> Wanted:
    """The weights that a task's faces are done with."""
    return Wanted(
        "model",
        task.models,
        _("_Model"),
        _(
            "Weights to work with: a name from the list, or the path of a file. What is not"
            " here yet is downloaded if you choose it, after you were asked. Files in the"
            " engine's folder for models appear here."
        ),
        task.default_model,
    )


UPSCALER = Wanted(
    "upscaler",
    UPSCALE,
    _("_Upscaler"),
    _(
        "What enlarges all but the faces: a name from the list, or the path of a file of ESRGAN's"
        " family. Default is realesrnet for this scale if it is on this computer, else"
        " interpolation."
    ),
    others=((_("Interpolation"), INTERPOLATION),),
)


class ModelRow:
    """A list of names, in which others or a file's can be typed, and its label.

    Args:
        config: of the procedure; it holds what was chosen.
        home: whose models are listed until the engine has named all.
        wanted: what is to be chosen.

    Attributes:
        row: with everything in it.
        label: of the list.
    """

    def __init__(self, config: Any, home: EngineHome, wanted: Wanted) -> None:
        self._config, self._home, self._wanted = config, home, wanted
        self._models: ModelList | None = None
        self._side = 0.0
        self._line = SizeLine(self._use)
        self._names: dict[str, str] = {}
        self._box = Gtk.ComboBoxText.new_with_entry()
        self._box.set_tooltip_text(wanted.tooltip)
        self._entry = self._box.get_child()
        self._entry.set_width_chars(WIDER if wanted.default_model else WIDTH)
        here = [name for name in names_here(home) if kind_of(name) in ("", wanted.kind)]
        self._list({name: name for name in here if name != wanted.default_model})
        self._entry.connect("changed", self._to_config)
        # Reset, and values that are loaded
        config.connect(f"notify::{wanted.option}", self._from_config)
        self.label = Gtk.Label.new_with_mnemonic(wanted.label)
        self.label.set_xalign(0.0)
        self.label.set_mnemonic_widget(self._entry)
        row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        row.pack_start(self.label, False, False, 0)
        row.pack_start(self._box, True, True, 0)
        self.row = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self.row.pack_start(row, False, False, 0)
        self.row.pack_start(self._line.widget, False, False, 0)
        self.row.show_all()

    def fill(self, models: ModelList) -> bool:
        """Lists what the engine knows: first what is here. False while the list is unfolded."""
        if self._box.get_property("popup-shown"):
            return False
        self._models = models
        there = sorted(models.models, key=lambda model: not model.here)
        self._list({downloads.label(m): m.name for m in there if self._is_listed(m)})
        return True

    def suit(self, side: float) -> None:
        """Suggests another model where the chosen one gives less of the largest face than there is.

        Args:
            side: of that face's square, in pixels; 0 without a face.
        """
        self._side = side
        self._suggest()

    def is_here(self, model: str) -> bool:
        """Whether nothing has to be downloaded for this model."""
        known = self._models and self._models.named(model)
        return bool(known and known.here) or is_here(model, self._home)

    def _is_listed(self, model: ModelInfo) -> bool:
        is_default = model.default or model.name == self._wanted.default_model
        return model.task in ("", self._wanted.kind) and not is_default

    def _list(self, names: Mapping[str, str]) -> None:
        name = self._wanted.default_model
        default = self._models and self._models.named(name)
        usual = downloads.label(default) if name and default else name or DEFAULT
        typed = self._entry.get_text() not in self._names
        self._names = {usual: "", **dict(self._wanted.others), **names}
        self._box.remove_all()
        for label in self._names:
            self._box.append_text(label)
        if not typed:
            self._entry.set_text(self._label())
        self._from_config()

    def _to_config(self, _entry: Any) -> None:
        text = self._entry.get_text().strip()
        model = self._names.get(text, text)
        if model != self._config.get_property(self._wanted.option):
            self._config.set_property(self._wanted.option, model)

    def _from_config(self, *_changed: Any) -> None:
        label = self._label()
        if not self._entry.has_focus() and label != self._entry.get_text():
            self._entry.set_text(label)
        self._suggest()

    def _use(self, model: str) -> None:
        self._entry.grab_focus()  # from a button that goes
        self._config.set_property(self._wanted.option, model)
        self._entry.set_text(self._label())

    def _suggest(self) -> None:
        models = self._models.models if self._models else ()
        chosen = self._config.get_property(self._wanted.option) or self._wanted.default_model
        suited = [model for model in models if model.task == self._wanted.kind]
        self._line.show(suggestion(self._side, chosen, suited))

    def _label(self) -> str:
        """What is chosen, as the list calls it."""
        model = self._config.get_property(self._wanted.option) or ""
        return next((k for k, v in self._names.items() if v.lower() == model.lower()), model)
