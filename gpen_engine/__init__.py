"""GPEN face restoration: load a model, restore the faces of pictures.

    from gpen_engine import Restorer, RestoreOptions

    restorer = Restorer()            # the embedded stand-in, or Restorer("GPEN-BFR-512.pth")
    result = restorer.restore(image, RestoreOptions(strength=0.8))
    restored = result.composite()    # the same shape and depth as image

Names are imported when they are first used, so that importing the package stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .checkpoints import load_model
    from .errors import GpenError
    from .model import GpenModel
    from .restore import RestoreOptions, Restorer, RestoreResult

__all__ = [
    "GpenError",
    "GpenModel",
    "RestoreOptions",
    "RestoreResult",
    "Restorer",
    "load_model",
]

_HOMES = {
    "GpenError": ".errors",
    "GpenModel": ".model",
    "RestoreOptions": ".restore",
    "RestoreResult": ".restore",
    "Restorer": ".restore",
    "load_model": ".checkpoints",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name], __name__), name)
