"""The models that lie on this machine, found without asking the engine."""

from __future__ import annotations

from pathlib import Path

from tasks import TASKS

from gpen_engine.wire import EngineHome

SUFFIXES = (".safetensors", ".pth", ".pt")
"""Of files that hold weights."""
UPSCALE = "upscale"
"""The catalogue's task of networks that enlarge whole pictures."""


def names_here(home: EngineHome) -> list[str]:
    """Names of the weights in the engine's folder."""
    try:
        files = sorted(home.models.iterdir(), key=lambda path: path.name.lower())
    except OSError:  # it is made when it is first needed
        return []
    weights = (f for f in files if f.suffix.lower() in SUFFIXES and not f.name.startswith("."))
    return list(dict.fromkeys(f.stem for f in weights))


def kind_of(name: str) -> str:
    """The catalogue's task of a model by its name; empty for those that nobody knows."""
    known = {task.default_model.lower(): task.models for task in TASKS.values()}
    if name.lower().startswith("realesrnet_"):
        return UPSCALE
    return known.get(name.lower(), "restore" if name.lower().startswith("gpen-bfr-") else "")


def is_here(model: str, home: EngineHome) -> bool:
    """Whether nothing has to be fetched for this name or path; an empty one means the default."""
    known = (name.lower() for name in names_here(home))
    return not model or model.lower() in known or Path(model).exists()
