"""What is to be said of each face after its restoration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..faces import Face

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

    def as_json(self) -> dict[str, Any]:
        """For ``json.dumps``; pixels rounded to a hundredth."""
        return {
            "box": [round(float(v), 2) for v in self.face.box],
            "landmarks": self.face.landmarks.round(2).tolist(),
            "score": round(self.face.score, 4),
            "similarity": None if self.similarity is None else round(self.similarity, 3),
            "changed": self.changed,
            "restored": self.restored,
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
    return told


def _count(some: Sequence[int], marks: Sequence[Mark]) -> str:
    return "The face" if len(marks) == 1 else f"{len(some)} of {len(marks)} faces"


def _which(some: Sequence[int], marks: Sequence[Mark]) -> str:
    """Where they are, unless it is all of them."""
    if len(some) == len(marks):
        return ""
    return f" (from the left: {', '.join(map(str, some))})"
