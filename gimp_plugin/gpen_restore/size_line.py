"""The line below a list of models that suggests one of another size."""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import Gtk
from size import Suggestion
from translate import _


class SizeLine:
    """Hidden while there is nothing to suggest.

    Args:
        use: called with the name of the model when the user wants it.

    Attributes:
        widget: with everything in it.
    """

    def __init__(self, use: Callable[[str], None]) -> None:
        self._suggestion: Suggestion | None = None
        self._label = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=30)
        self._label.set_tooltip_text(
            _(
                "The side of the square that is cut out around a face, in pixels of the layer. A"
                " model that gives less than four fifths of it may leave the face softer than it"
                " is."
            )
        )
        button = Gtk.Button(label=_("Use It"), valign=Gtk.Align.CENTER)
        button.set_tooltip_text(
            _("Choose this model. If it is not here yet, you are asked before it is downloaded.")
        )
        button.connect(
            "clicked", lambda _button: self._suggestion and use(self._suggestion.model.name)
        )
        self.widget = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6, margin_bottom=6)
        self.widget.pack_start(self._label, True, True, 0)
        self.widget.pack_start(button, False, False, 0)
        self.widget.show_all()
        self.widget.hide()
        self.widget.set_no_show_all(True)

    def show(self, suggestion: Suggestion | None) -> None:
        if suggestion != self._suggestion:
            self._suggestion = suggestion
            self._label.set_text(suggestion.text if suggestion else "")
            self.widget.set_visible(suggestion is not None)
