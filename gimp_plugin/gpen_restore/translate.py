"""The plug-in's words in the user's language.

English is what the code says; another language is a catalogue in ``locale``, found as GIMP finds
its own. ``tests/gimp_plugin/catalogues.py`` tells how catalogues are brought up to date.
"""

from __future__ import annotations

import gettext
from itertools import takewhile
from pathlib import Path

from gi.repository import GLib

DOMAIN = "gpen_restore"
"""Name of the catalogues."""
FOLDER = "locale"
"""Beside this file."""


def catalogue() -> gettext.NullTranslations:
    """For the first of the user's languages that there is one for, unless English comes before:
    that has none. GLib knows what GIMP's settings and the system say, on Windows too."""
    languages = takewhile(lambda name: not name.startswith("en"), GLib.get_language_names())
    folder = Path(__file__).resolve().parent / FOLDER
    return gettext.translation(DOMAIN, folder, list(languages), fallback=True)


_CATALOGUE = catalogue()
_ = _CATALOGUE.gettext
ngettext = _CATALOGUE.ngettext
