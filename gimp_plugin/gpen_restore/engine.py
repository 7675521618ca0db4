"""The procedure that shows the engine's window."""

from __future__ import annotations

from typing import Any

from answers import failed, succeeded
from display import open_display
from log import LOG
from translate import _

from gpen_engine.errors import GpenError
from gpen_engine.wire import EngineHome


def run(procedure: Any, _config: Any, _data: Any) -> Any:
    """What GIMP calls."""
    try:
        LOG.info("engine")
        if not open_display(procedure.get_name()):
            raise GpenError(
                "no_display",
                _("The engine's window needs a display."),
                _("Choose it in a GIMP with windows: Filters > Enhance > GPEN > Engine…"),
            )
        from engine_window import EngineWindow

        EngineWindow(EngineHome.of_user()).run()
        return succeeded(procedure)
    except Exception as error:
        return failed(procedure, error)
