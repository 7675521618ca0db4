"""The pipeline from a picture to its restored faces."""

from .options import Progress, RestoreOptions, Stage
from .restorer import Restorer
from .result import RestoreResult

__all__ = ["Progress", "RestoreOptions", "RestoreResult", "Restorer", "Stage"]
