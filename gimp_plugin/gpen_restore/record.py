"""How a layer was made: kept on it as a parasite, so that a later run can start from it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from settings import Settings
from tasks import TASKS

from gpen_engine.wire import Reply

PARASITE = "gpen-restoration"


@dataclass(frozen=True)
class Record:
    """What is needed to do it again."""

    settings: Settings
    tattoo: int
    """Of the source layer."""
    size: tuple[int, int]
    """Of the source layer, so that a layer of another image is not taken for it."""

    @classmethod
    def parse(cls, data: bytes) -> Record | None:
        """None for what this version does not understand."""
        try:
            known = json.loads(data)
            width, height = known["source"]["size"]
            settings = Settings.remembered(known["settings"])
            if settings.task not in TASKS:
                return None
            return cls(settings, int(known["source"]["tattoo"]), (int(width), int(height)))
        except (ValueError, TypeError, KeyError, AttributeError):
            return None

    def written(self, reply: Reply, origin: Sequence[int]) -> bytes:
        """The parasite's data.

        Args:
            reply: what the engine said.
            origin: where the picture that was sent lies in the source layer, x and y.
        """
        x, y = origin
        known: dict[str, Any] = {
            "task": self.settings.task,
            "settings": self.settings.remember(),
            "source": {"tattoo": self.tattoo, "size": self.size},
            "model": reply.model,
            "sha256": reply.sha256,
            "strength": self.settings.strength,
            "seed": self.settings.seed,
            "engine": reply.engine,
            "faces": [
                {
                    "box": [face.box[0] + x, face.box[1] + y, face.box[2] + x, face.box[3] + y],
                    "score": face.score,
                    "similarity": face.similarity,
                    "restored": face.restored,
                }
                for face in reply.faces
            ],
        }
        return json.dumps(known).encode()
