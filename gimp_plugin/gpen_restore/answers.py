"""What a procedure gives back to GIMP."""

from __future__ import annotations

from typing import Any

import sentences
from gi.repository import Gimp, GLib, GObject
from log import LOG, path

from gpen_engine.errors import GpenError


def succeeded(procedure: Any, made: Any = None) -> Any:
    """Success, with the layer or the image that was made, if the procedure makes one."""
    answer = procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, None)
    if made is not None:
        kind = Gimp.Image if isinstance(made, Gimp.Image) else Gimp.Layer
        value = GObject.Value(kind.__gtype__)
        value.set_object(made)
        answer.remove(1)
        answer.insert(1, value)
    return answer


def failed(procedure: Any, error: Exception) -> Any:
    """What GIMP shows for an error, which is written into the log as well; to be called while it
    is handled. GIMP shows nothing for ``cancelled``."""
    if not isinstance(error, GpenError):
        LOG.error("Unexpected", exc_info=error)
        return _error(procedure, sentences.unexpected(path()))
    LOG.info("%s: %s", error.code, error, exc_info=error.__cause__)
    if error.code == "cancelled":
        return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, None)
    return _error(procedure, sentences.sentence(error))


def _error(procedure: Any, text: str) -> Any:
    error = GLib.Error.new_literal(Gimp.PlugIn.error_quark(), text, 0)
    return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, error)
