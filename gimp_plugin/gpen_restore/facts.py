"""Rows of a name and a value."""

from __future__ import annotations

from collections.abc import Mapping

from gi.repository import Gtk


def facts_grid(values: Mapping[str, Gtk.Label]) -> Gtk.Grid:
    """Values below each other, each with its name before it.

    A screen reader takes a grid's children from the last to the first, so they are put in the
    other way round.
    """
    grid = Gtk.Grid(column_spacing=18, row_spacing=6)
    for row, (name, value) in reversed(list(enumerate(values.items()))):
        value.set_xalign(0.0)
        value.set_hexpand(True)
        label = Gtk.Label(label=name, xalign=0.0, yalign=0.0)
        label.set_mnemonic_widget(value)  # tells a screen reader what the value is
        grid.attach(value, 1, row, 1, 1)
        grid.attach(label, 0, row, 1, 1)
    return grid
