"""What the user chose, as the procedures' arguments and the parasite hold it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from arguments import FULL_SIZE
from tasks import TASKS, GpenTask

from gpen_engine.wire import FaceInfo, Request

INTERPOLATION = "none"
"""In place of an upscaler's name."""


@dataclass(frozen=True)
class Settings:
    """A task, and the arguments of its procedure; in their names there ``-`` stands for ``_``.
    What a task does not take is left as it is by default."""

    task: str = "restore"
    model: str = ""
    strength: float = 1.0
    result: str = "layer"
    threshold: float = 0.9
    detection_size: str = FULL_SIZE
    fallback: bool = False
    template: str = "gpen"
    keep_colours: bool = True
    seed: int = 0
    guard: str = "warn"
    match_grain: bool = False
    note: bool = True
    faces: str = ""
    """See ``choices``."""
    scale: str = "2"
    upscaler: str = ""

    @classmethod
    def of(cls, config: Any, task: GpenTask) -> Settings:
        """Reads a Gimp.ProcedureConfig, where an empty text may have become None: so GIMP reads
        it from the files that it keeps."""
        given = {name: config.get_property(argument(name)) for name in task.arguments}
        known = {name: value for name, value in given.items() if value is not None}
        return cls(task=task.name, **known)

    @classmethod
    def remembered(cls, values: Mapping[str, Any]) -> Settings:
        """Reads what :meth:`remember` gave, perhaps in another version: what is missing or of
        another type is left as it is by default."""
        defaults = cls()
        known = {f.name: type(getattr(defaults, f.name)) for f in fields(cls)}
        return cls(**{k: v for k, v in values.items() if k in known and type(v) is known[k]})

    def remember(self) -> dict[str, Any]:
        return {"task": self.task, **self._chosen()}

    def apply(self, config: Any) -> None:
        """Writes them into a Gimp.ProcedureConfig, which ignores values it does not know."""
        for name, value in self._chosen().items():
            config.set_property(argument(name), value)

    def request(
        self,
        width: int,
        height: int,
        sample: str,
        selected: bool,
        faces: tuple[FaceInfo, ...] | None = None,
    ) -> Request:
        """What is asked of the engine for a picture of this size, in which these faces were
        chosen."""
        size = self.detection_size
        return Request(
            width=width,
            height=height,
            sample=sample,
            selected=selected,
            model=self.model.strip(),
            strength=self.strength,
            template=self.template,
            keep_colours=self.keep_colours,
            threshold=self.threshold,
            detection_size=0 if size == FULL_SIZE else int(size),
            fallback=self.fallback,
            seed=self.seed,
            guard=self.guard,
            match_grain=self.match_grain,
            result=self.result,
            faces=faces,
            task=self.task,
            scale=int(self.scale),
            upscaler=self.upscaler.strip(),
        )

    def _chosen(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in TASKS[self.task].arguments}


def argument(name: str) -> str:
    """What a setting is called as an argument."""
    return name.replace("_", "-")
