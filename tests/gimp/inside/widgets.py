"""Widgets as a screen reader sees them (AT-SPI).

A window may go at any moment, and a plug-in's windows are those of another process: whoever is not
there any more has no name, no role and no children.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

DEPTH = 40
FIELDS = ("text", "entry", "spin button", "check box", "combo box")


class Widget:
    """One widget."""

    def __init__(self, accessible: Any) -> None:
        self._it = accessible

    @property
    def name(self) -> str:
        """What is written on it, or what its label says."""
        try:
            return self._it.get_name() or ""
        except GLib.Error:
            return ""

    @property
    def role(self) -> str:
        """Such as "menu item", "spin button", "label"; "button" for push buttons of any kind."""
        try:
            role = str(self._it.get_role_name())
        except GLib.Error:
            return ""
        return "button" if role == "push button" else role

    def children(self) -> Iterator[Widget]:
        try:
            found = [self._it.get_child_at_index(i) for i in range(self._it.get_child_count())]
        except GLib.Error:
            return
        yield from (Widget(child) for child in found if child is not None)

    @property
    def path(self) -> list[str]:
        """Names of the named widgets that it is in, from the outermost: the menus of an item."""
        names: list[str] = []
        try:
            above = self._it.get_parent()
            while above is not None:
                names.insert(0, above.get_name() or "")
                above = above.get_parent()
        except GLib.Error:
            return []
        return [name for name in names if name]

    def walk(self, depth: int = DEPTH) -> Iterator[Widget]:
        """This widget and all that is in it, from top to bottom."""
        yield self
        if depth:
            for child in self.children():
                yield from child.walk(depth - 1)

    def find(self, name: str, *roles: str) -> Widget | None:
        """The first widget of this name, and of one of these roles if some are given."""
        for widget in self.walk():
            if widget.name == name and (not roles or widget.role in roles):
                return widget
        return None

    def field(self, label: str) -> Widget | None:
        """The field in it that has this label; a row of radio buttons counts as one."""
        for widget in self.walk():
            role = widget.role
            if role in FIELDS and label in (widget.name, *widget._labels()):
                return widget
            if role == "panel" and widget.name == label and widget._radio_buttons():
                return widget
        return None

    def value(self, label: str) -> str | None:
        """The text in it that this label stands before, as a screen reader knows it."""
        return next((widget.name for widget in self.walk() if label in widget._labels()), None)

    def set(self, value: str | float | bool) -> None:
        """Fills a field.

        Raises:
            LookupError: no such choice.
        """
        role = self.role
        if role == "spin button":
            self._it.get_value_iface().set_current_value(value)
        elif role in ("text", "entry"):
            self._it.get_editable_text_iface().set_text_contents(value)
        elif role == "check box":
            if self.checked != value:
                self.press()
        else:
            for choice in self._choices():
                if choice.name == value:
                    choice.press()
                    return
            raise LookupError(f"{value!r} is not among the choices:\n{self.describe()}")

    def get(self) -> str | float | bool:
        """What a field holds; of choices the one chosen."""
        role = self.role
        if role == "spin button":
            return float(self._it.get_value_iface().get_current_value())
        if role in ("text", "entry"):
            return str(Atspi.Text.get_text(self._it.get_text_iface(), 0, -1))
        if role == "check box":
            return self.checked
        if role == "combo box":
            return str(self._it.get_selection_iface().get_selected_child(0).get_name())
        return next(button.name for button in self._radio_buttons() if button.checked)

    @property
    def checked(self) -> bool:
        return self._is(Atspi.StateType.CHECKED)

    @property
    def sensitive(self) -> bool:
        """Whether it can be used; False for what is greyed out."""
        return self._is(Atspi.StateType.SENSITIVE)

    @property
    def showing(self) -> bool:
        """Whether it is on the screen now."""
        return self._is(Atspi.StateType.SHOWING)

    @property
    def selected(self) -> bool:
        """Whether it is the chosen one of a list."""
        return self._is(Atspi.StateType.SELECTED)

    @property
    def focused(self) -> bool:
        """Whether keys go to it."""
        return self._is(Atspi.StateType.FOCUSED)

    @property
    def place(self) -> tuple[int, int, int, int]:
        """Left, top, width and height on the screen."""
        extents = Atspi.Component.get_extents(self._it, Atspi.CoordType.SCREEN)
        return extents.x, extents.y, extents.width, extents.height

    def select_rows(self, *names: str) -> None:
        """Selects rows of a table, besides those that are selected, by what stands in them."""
        table = self._it.get_table_iface()
        for number, cell in enumerate(self.children()):
            if any(cell.find(name) for name in names):
                table.add_row_selection(table.get_row_at_index(number))

    def _is(self, state: Any) -> bool:
        try:
            return bool(self._it.get_state_set().contains(state))
        except GLib.Error:
            return False

    def _labels(self) -> list[str]:
        try:
            relations = self._it.get_relation_set()
        except GLib.Error:
            return []
        return [
            relation.get_target(i).get_name()
            for relation in relations
            if relation.get_relation_type() == Atspi.RelationType.LABELLED_BY
            for i in range(relation.get_n_targets())
        ]

    def _radio_buttons(self) -> list[Widget]:
        return [widget for widget in self.walk() if widget.role == "radio button"]

    def _choices(self) -> list[Widget]:
        """A choice is a list that drops down in GIMP 3.0 and radio buttons in 3.2."""
        return [widget for widget in self.walk() if widget.role in ("menu item", "radio button")]

    def press(self) -> None:
        """What a click does."""
        self._it.get_action_iface().do_action(0)

    def describe(self) -> str:
        """All that is in it, a line for each, to see how a window is built."""
        return "\n".join(f"{widget.role}: {widget.name!r}" for widget in self.walk())


def frames(application: str = "") -> Iterator[Widget]:
    """The windows of all applications whose names begin like this."""
    for app in Widget(Atspi.get_desktop(0)).children():
        if app.name.startswith(application):
            yield from app.children()
