"""The plug-in's own windows, for tests on a screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from screen import PATIENCE, Dialog, Gimp, Screen
from widgets import frames

MENU = "Restore Faces (GPEN)…"
TITLE = "Restore Faces (GPEN)"


def options(screen: Screen, gimp: Gimp) -> Dialog:
    """Chooses the menu item, and waits for the window with the options."""
    gimp.menu(MENU)
    return _window_with(screen, "Restore", "button")


def task(screen: Screen, gimp: Gimp, title: str, button: str) -> Dialog:
    """The same of another task, whose window has the menu item's title."""
    gimp.menu(f"{title}…")
    return _window_with(screen, button, "button", title)


def progress(screen: Screen, title: str = TITLE) -> Dialog:
    """Waits for the window with stage, bar and Cancel."""
    return _window_with(screen, "", "progress bar", title)


def accept(screen: Screen, gimp: Gimp, **values: Any) -> None:
    """Fills the options by their labels (_ stands for a space), and has the faces restored. That
    may be done at once, since they were looked at while the window was open."""
    dialog = options(screen, gimp)
    for label, value in values.items():
        dialog.set(label.replace("_", " "), value)
    dialog.press("Restore")
    dialog.wait_gone()


def restore(screen: Screen, gimp: Gimp, **values: Any) -> Dialog:
    """The same for a restoration that takes long; returns the progress window."""
    accept(screen, gimp, **values)
    return progress(screen)


def told(screen: Screen) -> Dialog:
    """Waits for a message of the plug-in's own."""
    return _window_with(screen, "OK", "button")


def watch(screen: Screen, window: Dialog, end: Callable[[], object] | None = None) -> list[str]:
    """Reads the progress window until something is so, or until it is closed.

    Returns:
        The texts that it showed, in this order.
    """
    texts: list[str] = []

    def look() -> object:
        texts.extend(text for text in window.texts() if text and text not in texts)
        return end() if end else window.number not in screen.windows()

    screen.wait("the end of a restoration", look, 3 * PATIENCE)
    return texts


def _window_with(screen: Screen, name: str, role: str, title: str = TITLE) -> Dialog:
    def look() -> Dialog | None:
        number = screen.window(title)
        found = (f for f in frames() if f.name == title and f.find(name, role))
        frame = next(found, None)
        return Dialog(screen, number, frame) if number and frame else None

    return screen.wait(f"the window {title} with a {role} {name}", look)
