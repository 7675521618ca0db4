"""What a GIMP user is told when something went wrong."""

from __future__ import annotations

from arguments import FULL_SIZE
from settings import Settings
from translate import _

from gpen_engine.errors import GpenError

_MENU = _("Filters > Enhance > GPEN > Engine…")
# Hints that name options or commands of a terminal, in the words of GIMP's menus.
_HINTS = {
    "gone": _(
        "Try again; if that does not help, look into its log: {menu}, Open the log folder."
    ).format(menu=_MENU),
    "version": _(
        "Run the installer again (python3 install.py), then stop the engine: {menu}"
    ).format(menu=_MENU),
    "wrong_task": _("Choose another one: the dialog lists those that fit."),
}


def sentence(error: GpenError) -> str:
    """The error in GIMP's words: what happened and what to do."""
    return f"{error.sentence} {_HINTS.get(error.code, error.hint)}".strip()


def no_face(error: GpenError, settings: Settings, selected: bool) -> GpenError:
    """The same error with what can be done about it in the dialog.

    Args:
        error: the engine's, with the code ``no_face``.
        settings: that found none.
        selected: whether there was a selection.
    """
    if settings.task == "inpaint":
        return GpenError(
            "no_face",
            _("No face was found at the selection."),
            _(
                "Select a part of a face, the nearer to its middle the better; or lower"
                ' "Detection threshold".'
            ),
        )
    if selected and settings.fallback:
        hint = _("Select the whole face, not a part of it.")
    elif selected:
        hint = _('Lower "Detection threshold", or turn on "The selection is a face".')
    else:
        hint = _(
            'Lower "Detection threshold"; or select a face and turn on "The selection is a face".'
        )
    if settings.detection_size != FULL_SIZE:
        hint += " " + _('Small faces are found at the "Detection size" "Full size" only.')
    return GpenError("no_face", error.sentence, hint)


def unexpected(log: str) -> str:
    """For what nobody foresaw."""
    words = _("Something unexpected went wrong; the image was not changed. The log is {log}.")
    return words.format(log=log)
