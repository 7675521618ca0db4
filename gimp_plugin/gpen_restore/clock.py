"""Where the time of a run goes."""

from __future__ import annotations

import json
import time

from gpen_engine.wire import Reply

FACES = ("load", "detect", "network")
"""Stages of the engine that depend on model and device; the others are the way of the pixels."""


class Clock:
    """Runs from its making on."""

    def __init__(self) -> None:
        self._began = self._answer = time.monotonic()
        self._reading = 0.0

    def answered(self, reading: float) -> None:
        """To be called once the engine's answer is there.

        Args:
            reading: seconds that reading from GIMP took.
        """
        self._answer, self._reading = time.monotonic(), reading

    def parts(self, reply: Reply) -> str:
        """Seconds of the parts of a run that is finished, as JSON."""
        now, engine = time.monotonic(), dict(reply.seconds)
        faces = sum(engine.pop(stage, 0.0) for stage in FACES)
        sent = engine.pop("receive", 0.0)
        work = sum(engine.values())
        parts = {
            "read from GIMP": self._reading,
            "send": max(0.0, sent - self._reading),  # both go on at the same time
            "engine": work,
            "receive": max(0.0, self._answer - self._began - sent - faces - work),
            "write to GIMP": now - self._answer,
            "together": now - self._began - faces,
            "find and restore faces": faces,
        }
        return json.dumps({name: round(seconds, 3) for name, seconds in parts.items()})
