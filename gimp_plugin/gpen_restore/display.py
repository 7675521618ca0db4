"""Getting ready for windows."""

from __future__ import annotations

import gi


def open_display(procedure: str) -> bool:
    """Loads GTK and GIMP's look. False where there is no display: loading would end the plug-in.

    Until this returned True, nothing may be imported that needs Gtk or GimpUi.
    """
    gi.require_version("Gtk", "3.0")
    gi.require_version("Gdk", "3.0")
    gi.require_version("GimpUi", "3.0")
    from gi.repository import Gdk, Gtk

    if not Gtk.init_check([])[0] or Gdk.Display.get_default() is None:
        return False
    from gi.repository import GimpUi

    GimpUi.init(procedure)
    return True
