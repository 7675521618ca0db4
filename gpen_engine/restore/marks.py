"""What is to be said of each face after its restoration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..faces import Face
from ..faces.damage import Damage

GUARDS = ("off", "warn", "skip")


@dataclass(frozen=True, eq=False)  # arrays of a face cannot be compared as a whole
class Mark:
    """One face, restored or left alone."""

    face: Face
    similarity: float | None = None
    """Agreement of the restored face with the picture's, 0..1: see ``faces.agreement``. It is no
    measure of identity. None when it was not asked for."""
    changed: bool = False
    """The similarity lies below the guard's."""
    restored: bool = True
    """False for a face that was left as it was because it had changed."""
    damage: Damage | None = None
    """What was wrong with it before."""
    scale: float = 1.0
    """Pixels of the crop for one of the picture."""

    @property
    def limits(self) -> tuple[str, ...]:
        """See ``Damage.limits``."""
        return self.damage.limits if self.damage else ()

    @property
    def halftone(self) -> float | None:
        """Distance of a printer's dots in pixels of the picture; None where there are none."""
        screen = self.damage.screen if self.damage else None
        return screen.pitch / self.scale if screen else None

    def as_json(self) -> dict[str, Any]:
        """For ``json.dumps``; pixels rounded to a hundredth."""
        return {
            "box": [round(float(v), 2) for v in self.face.box],
            "landmarks": self.face.landmarks.round(2).tolist(),
            "score": round(self.face.score, 4),
            "similarity": None if self.similarity is None else round(self.similarity, 3),
            "changed": self.changed,
            "restored": self.restored,
            "noise": round(self.damage.noise, 4) if self.damage else None,
            "halftone": None if self.halftone is None else round(self.halftone, 2),
            "limits": list(self.limits),
        }


def sentences(marks: Sequence[Mark]) -> list[str]:
    """What the user is told of marked faces.

    Args:
        marks: of all faces, from left to right.
    """
    told = []
    changed = [place for place, m in enumerate(marks, 1) if m.changed and m.restored]
    skipped = [place for place, m in enumerate(marks, 1) if not m.restored]
    if changed:
        told.append(f"{_count(changed, marks)} changed much{_which(changed, marks)}. Look closely.")
    if skipped:
        told.append(
            f"{_count(skipped, marks)} would have changed too much and stayed as"
            f" {'it was' if len(skipped) == 1 else 'they were'}{_which(skipped, marks)}."
        )
    for limit in ("small", "noisy"):
        places = [place for place, m in enumerate(marks, 1) if limit in m.limits]
        if places:
            verb = "is" if len(places) == 1 else "are"
            told.append(
                f"{_count(places, marks)} {verb} too {limit} to be restored faithfully"
                f"{_which(places, marks)}."
            )
    return told


def _count(some: Sequence[int], marks: Sequence[Mark]) -> str:
    return "The face" if len(marks) == 1 else f"{len(some)} of {len(marks)} faces"


def _which(some: Sequence[int], marks: Sequence[Mark]) -> str:
    """Where they are, unless it is all of them."""
    if len(some) == len(marks):
        return ""
    return f" (from the left: {', '.join(map(str, some))})"
