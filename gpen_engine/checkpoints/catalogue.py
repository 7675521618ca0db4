"""The models that have a name."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from ..errors import GpenError


@dataclass(frozen=True)
class Entry:
    """A known model."""

    name: str
    file: str
    """Its weights, beneath the package's folder ``embedded``."""

    @property
    def path(self) -> Path:
        return Path(str(resources.files("gpen_engine").joinpath("embedded", self.file)))


ENTRIES = (Entry("GPEN-Mini-256", "gpen-mini-256.safetensors"),)
"""The first is the default."""


def find_model(name_or_path: str | Path) -> Path:
    """The weights file of a known model (in upper or lower case), or the given file itself.

    Raises:
        GpenError: ``model_missing`` when there is neither; the hint names the known models.
    """
    entry = next((e for e in ENTRIES if e.name.lower() == str(name_or_path).lower()), None)
    if entry and entry.path.is_file():
        return entry.path
    if Path(name_or_path).exists():
        return Path(name_or_path)
    if entry:
        raise GpenError(
            "model_missing",
            f"The weights of {entry.name} are not installed.",
            "Install the engine again, or give a weights file by its path.",
        )
    there = ", ".join(e.name for e in ENTRIES if e.path.is_file()) or "none"
    raise GpenError(
        "model_missing",
        f'There is no model and no file "{name_or_path}".',
        f"Installed models: {there}. Or give a weights file by its path.",
    )


def display_name(path: Path) -> str:
    """What to call the model in this file: its name in the catalogue, else the file's."""
    return next((e.name for e in ENTRIES if e.file == path.name), path.stem)
