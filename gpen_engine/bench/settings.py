"""What one run of the benchmark is to measure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

PARTS = ("network", "stages", "start")


@dataclass(frozen=True)
class Settings:
    """Choices for one run."""

    parts: tuple[str, ...] = PARTS
    sizes: tuple[int, ...] = (256, 512, 1024, 2048)
    """Sides of the networks' inputs in pixels."""
    batches: tuple[int, ...] = (1, 4, 16)
    """Faces that a network restores at once."""
    precisions: tuple[str, ...] = ()
    """Names of dtypes; empty means those that pay on this device."""
    device: str = "cpu"
    """As PyTorch names it."""
    model: str = ""
    """Name or path of the model in the stages of a restoration; empty means the default."""
    repeats: int = 5
    """Calls of everything that is measured, at most, after the first."""
    enough: float = 5.0
    """Seconds of calls after which there are no more of them."""
    longest: float = 60.0
    """Seconds that one call may be expected to take, else it is left out; a batch gets a part of
    this only (``BATCHES``)."""
    pictures: tuple[tuple[float, int], ...] = ((2, 1), (24, 1), (24, 8), (24, 29), (100, 1))
    """Megapixels and faces of the restorations."""
    starts: int = 3
    """Times that the engine is started."""


BATCHES = 1 / 12
"""Part of ``Settings.longest`` for calls of several faces, so that they leave time for the rest."""
QUICK: dict[str, Any] = {
    "sizes": (256,),
    "batches": (1,),
    "repeats": 3,
    "enough": 3.0,
    "longest": 20.0,
    "pictures": ((2, 1), (2, 8)),
    "starts": 1,
}
"""What a quick run has otherwise."""


@dataclass
class Report:
    """What is collected: rows as JSON has them."""

    network: list[dict[str, Any]] = field(default_factory=list)
    ceilings: list[dict[str, Any]] = field(default_factory=list)
    stages: list[dict[str, Any]] = field(default_factory=list)
    start: dict[str, Any] = field(default_factory=dict)
    left_out: list[dict[str, str]] = field(default_factory=list)

    def leave_out(self, what: str, why: str) -> None:
        self.left_out.append({"what": what, "why": why})


Watch = Callable[[str], None]
"""Told what is being measured, before it is."""
