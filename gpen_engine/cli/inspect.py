"""``gpen inspect``: what a file says about faces that were restored in it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import GpenError
from .console import guarded

if TYPE_CHECKING:
    from ..provenance import Invention

PARASITE = "gpen-restoration"
"""What the plug-in calls its note on a layer."""
DONE = {"colorize": "colorized", "inpaint": "completed", "seg2face": "drawn"}
"""What was done to faces, by task; by others they were restored."""


@guarded
def inspect(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="A picture, or GIMP's XCF.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, for programs.")] = False,
) -> None:
    """Shows what pictures say about faces that were restored in them.

    A note can be lost when another program saves the file: that there is none proves nothing.
    """
    told = [{"file": str(path), **_told(path)} for path in files]
    if as_json:
        print(json.dumps(told, indent=2))
        return
    for entry in told:
        for line in _lines(entry):
            print(line)


def _told(path: Path) -> dict[str, Any]:
    """Of a picture its source type and note, of an XCF file the notes of its layers."""
    from ..pictures import read_xmp
    from ..pictures.xcf import is_xcf, layer_notes
    from ..provenance import invention, source_type

    try:
        if path.is_file() and is_xcf(path):
            notes = [note for note in layer_notes(path) if note.name == PARASITE]
            return {"layers": [{"layer": note.layer, **_record(note.data)} for note in notes]}
    except OSError as error:
        raise GpenError(
            "bad_image", f"The file {path} cannot be read: {error.strerror or error}."
        ) from error
    packet = read_xmp(path)
    note = invention(packet)
    return {"source_type": source_type(packet), "restoration": asdict(note) if note else None}


def _record(data: bytes) -> dict[str, Any]:
    """A layer's note; empty when it is of a version that we do not know."""
    try:
        known = json.loads(data)
    except ValueError:
        return {}
    return known if isinstance(known, dict) else {}


def _lines(entry: dict[str, Any]) -> list[str]:
    from ..provenance import Invention

    name = entry["file"]
    if "layers" in entry:
        if not entry["layers"]:
            return [f"{name}: no layer has a note about restored faces."]
        return [line for layer in entry["layers"] for line in _of_layer(name, layer)]
    if entry["restoration"] is None:
        kind = f" Its digital source type is {entry['source_type']}." * bool(entry["source_type"])
        return [f"{name}: it has no note about restored faces.{kind}"]
    return _of_picture(name, Invention(**entry["restoration"]))


def _of_picture(name: str, note: Invention) -> list[str]:
    done = f"{_faces(note.faces)} {DONE.get(note.task, 'restored')}"
    if not note.faces:  # what is without one was invented by an upscaler
        done = "enlarged"
    return [
        f"{name}: {done} with {note.model} at strength {note.strength:g} (gpen {note.engine}).",
        f"  Digital source type: {note.source_type}",
        f"  SHA-256 of the weights: {note.sha256 or 'not known'}",
    ]


def _of_layer(name: str, layer: dict[str, Any]) -> list[str]:
    faces = layer.get("faces")
    count = _faces(len(faces)) if isinstance(faces, list) else "faces"
    done = DONE.get(str(layer.get("task")), "restored")
    return [
        f'{name}, layer "{layer["layer"]}": {count} {done} with {layer.get("model", "?")}'
        f" at strength {layer.get('strength', '?')} (gpen {layer.get('engine', '?')}).",
        f"  SHA-256 of the weights: {layer.get('sha256') or 'not known'}",
    ]


def _faces(count: int) -> str:
    return f"{count} {'face' if count == 1 else 'faces'}"
