"""Which model's size suits the faces of a photograph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from translate import _

from gpen_engine.wire import COARSE, ModelInfo


@dataclass(frozen=True)
class Suggestion:
    """A model that gives more of the largest face than the one that is chosen."""

    side: float
    """Of the face's square, in pixels."""
    model: ModelInfo

    @property
    def text(self) -> str:
        """A sentence or two for the dialog."""
        if is_enough(self.model, self.side):
            here, there = _("{model} fits."), _("{model} would fit; it is not installed.")
        else:
            here = _("{model} comes nearest.")
            there = _("{model} would come nearest; it is not installed.")
        side = 10 * round(self.side / 10)
        face = _("The largest face takes about {side} pixels.").format(side=side)
        words = (here if self.model.here else there).format(model=self.model.name)
        return f"{face} {words}"


def suggestion(side: float, chosen: str, models: Sequence[ModelInfo]) -> Suggestion | None:
    """Looks for a model that suits better: one that is here, else the smallest that would do.

    Args:
        side: of the square that is cut out for the largest face, in pixels of the picture, as
            ``side_of`` gives it; 0 without a face.
        chosen: a name; empty for the default.
        models: those of the task.

    Returns:
        None where the chosen one gives enough, nobody knows what it gives, or none gives more.
    """
    name = chosen.lower()
    now = next((m for m in models if (m.name.lower() == name if name else m.default)), None)
    if now is None or not now.pixels or is_enough(now, side):
        return None
    larger = [model for model in models if model.pixels > now.pixels]
    enough = [model for model in larger if is_enough(model, side)]
    if enough:
        return Suggestion(side, min(enough, key=lambda m: (not m.here, m.pixels)))
    most = max(larger, key=lambda m: (m.pixels, m.here), default=None)
    return Suggestion(side, most) if most else None


def is_enough(model: ModelInfo, side: float) -> bool:
    """Whether it gives about as many pixels as a face of this size has."""
    return side <= COARSE * model.pixels
