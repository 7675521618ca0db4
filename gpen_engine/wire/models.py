"""The messages about models: which there are, and how one is fetched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .fields import boolean, integer, items, number, text

Header = Mapping[str, Any]


@dataclass(frozen=True)
class ModelInfo:
    """A model that can be chosen: a known one, or a weights file of the user's own."""

    name: str
    here: bool
    """Whether its weights are on this machine."""
    pixels: int = 0
    """Side of the face that it takes; 0 for the user's own."""
    megabytes: float = 0.0
    """Size of its file, in millions of bytes."""
    begun: int = 0
    """Bytes that an interrupted download left here."""
    terms: str = ""
    """What one may do with it, in a sentence; empty for the user's own, as the next two."""
    citation: str = ""
    source: str = ""
    """Where it is fetched from first; empty for one that came along as well."""
    default: bool = False
    """What restores when nobody chose."""
    task: str = "restore"
    """What it is for, as the catalogue says; ``upscale`` for what enlarges whole pictures; empty
    for the user's own, of which nobody knows."""

    @classmethod
    def parse(cls, header: Header) -> ModelInfo:
        return cls(
            name=text(header, "name"),
            here=boolean(header, "here"),
            pixels=integer(header, "pixels", least=0),
            megabytes=number(header, "megabytes"),
            begun=integer(header, "begun", least=0),
            terms=text(header, "terms"),
            citation=text(header, "citation"),
            source=text(header, "source"),
            default=boolean(header, "default"),
            task=text(header, "task"),
        )


@dataclass(frozen=True)
class ModelList:
    """All models that can be chosen for some task, the known ones first."""

    models: tuple[ModelInfo, ...]

    @classmethod
    def parse(cls, header: Header) -> ModelList:
        return cls(tuple(ModelInfo.parse(model) for model in items(header, "models", dict)))

    def named(self, name: str) -> ModelInfo | None:
        """The model of this name, in upper or lower case."""
        return next((m for m in self.models if m.name.lower() == name.lower()), None)


@dataclass(frozen=True)
class Fetch:
    """A model that is to be downloaded."""

    name: str
    accepted: bool
    """The user has seen the model's terms and agreed to them; without that nothing is fetched."""

    @classmethod
    def parse(cls, header: Header) -> Fetch:
        return cls(text(header, "name"), boolean(header, "accepted"))


@dataclass(frozen=True)
class Download:
    """How far it is."""

    stage: str
    """``download``, ``follow`` (somebody else downloads it already) or ``check``; a client takes
    others for the first."""
    done: int
    """Bytes that are here."""
    total: int
    """Bytes of the file; 0 while nobody knows."""
    rate: float
    """Bytes a second, of late."""

    @property
    def left(self) -> float | None:
        """Seconds that the rest takes; None when nobody can say."""
        return (self.total - self.done) / self.rate if self.total and self.rate > 0 else None

    @classmethod
    def parse(cls, header: Header) -> Download:
        return cls(
            stage=text(header, "stage"),
            done=integer(header, "done", least=0),
            total=integer(header, "total", least=0),
            rate=number(header, "rate"),
        )


@dataclass(frozen=True)
class Fetched:
    """A model that is here now."""

    path: str
    sha256: str
    published: bool
    """The sum is the one that the catalogue states."""

    @classmethod
    def parse(cls, header: Header) -> Fetched:
        return cls(text(header, "path"), text(header, "sha256"), boolean(header, "published"))
