"""What the user chose, as the procedure's arguments and the parasite hold it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from gpen_engine.wire import FaceInfo, Request

FULL_SIZE = "full"


@dataclass(frozen=True)
class Settings:
    """The arguments of the procedure; in their names there ``-`` stands for ``_``."""

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

    @classmethod
    def of(cls, config: Any) -> Settings:
        """Reads a Gimp.ProcedureConfig, where an empty text may have become None: so GIMP reads
        it from the files that it keeps."""
        given = {f.name: config.get_property(_argument(f.name)) for f in fields(cls)}
        return cls(**{name: value for name, value in given.items() if value is not None})

    @classmethod
    def remembered(cls, values: Mapping[str, Any]) -> Settings:
        """Reads what :meth:`remember` gave, perhaps in another version: what is missing or of
        another type is left as it is by default."""
        defaults = cls()
        known = {f.name: type(getattr(defaults, f.name)) for f in fields(cls)}
        return cls(**{k: v for k, v in values.items() if k in known and type(v) is known[k]})

    def remember(self) -> dict[str, Any]:
        return asdict(self)

    def apply(self, config: Any) -> None:
        """Writes them into a Gimp.ProcedureConfig, which ignores values it does not know."""
        for name, value in asdict(self).items():
            config.set_property(_argument(name), value)

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
        )


def _argument(name: str) -> str:
    return name.replace("_", "-")
