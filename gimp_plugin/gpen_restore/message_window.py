"""What is no failure and must be seen all the same: GIMP puts short messages into its status bar,
where they are soon gone."""

from __future__ import annotations

from gi.repository import GimpUi, GLib, Gtk
from translate import _

from gpen_engine.errors import GpenError


def tell(error: GpenError, title: str) -> None:
    """Shows sentence and hint until the user has read them."""
    dialog = GimpUi.Dialog(title=title, role="gpen-message")
    dialog.add_button(_("_OK"), Gtk.ResponseType.OK)
    dialog.set_resizable(False)
    sentence, hint = (
        Gtk.Label(label=text, xalign=0.0, wrap=True, max_width_chars=60)
        for text in (error.sentence, error.hint)
    )
    sentence.set_markup(f"<big><b>{GLib.markup_escape_text(error.sentence)}</b></big>")
    texts = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=8)
    texts.pack_start(sentence, False, False, 0)
    texts.pack_start(hint, False, False, 0)
    icon = Gtk.Image.new_from_icon_name("dialog-information", Gtk.IconSize.DIALOG)
    icon.set_valign(Gtk.Align.START)
    row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=12, border_width=12)
    row.pack_start(icon, False, False, 0)
    row.pack_start(texts, True, True, 0)
    dialog.get_content_area().pack_start(row, True, True, 0)
    GimpUi.window_set_transient(dialog)
    dialog.show_all()
    dialog.run()
    dialog.destroy()
