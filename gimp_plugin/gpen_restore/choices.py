"""Which faces of a layer the user chose, as text: in an argument and in parasites."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any, Optional

from gi.repository import Gimp
from target import Target
from translate import _

from gpen_engine.errors import GpenError
from gpen_engine.wire import FaceInfo

Faces = Optional[tuple[FaceInfo, ...]]
"""None stands for all that are found."""
FIELDS = ("box", "landmarks", "score", "strength")
"""What is written of a face."""
USUAL = asdict(FaceInfo((0.0, 0.0, 0.0, 0.0), (), 0.0))
"""Where a script leaves out what is not needed."""


def written(faces: Faces, target: Target) -> str:
    """Faces in pixels of the target's layer, as text; empty for None."""
    if faces is None:
        return ""
    chosen = [{name: asdict(face)[name] for name in FIELDS} for face in faces]
    return json.dumps({"of": _owner(target), "faces": chosen})


def read(text: str, target: Target | None) -> Faces:
    """What :func:`written` gave, or a script, which leaves ``of`` out.

    Args:
        text: the argument.
        target: GIMP repeats arguments on other layers too, for which None is returned. To take
            them for any layer, None.

    Raises:
        GpenError: ``bad_faces``.
    """
    if not text.strip():
        return None
    try:
        known = json.loads(text)
        owner = known.get("of")
        if target and owner is not None and owner != _owner(target):
            return None
        return tuple(FaceInfo.parse({**USUAL, **face}) for face in known["faces"])
    except (ValueError, TypeError, KeyError, AttributeError, GpenError) as error:
        raise GpenError(
            "bad_faces",
            _('The argument "faces" is not understood.'),
            _("Leave it empty, or take it from a layer that was restored."),
        ) from error


def moved(faces: Iterable[FaceInfo], x: float, y: float) -> tuple[FaceInfo, ...]:
    """The faces in pixels of another origin."""
    return tuple(
        replace(face, box=_moved(face.box, x, y), landmarks=_moved(face.landmarks, x, y))
        for face in faces
    )


def overlap(one: FaceInfo, other: FaceInfo) -> float:
    """The common area of two faces' boxes over that of both, 0..1."""
    width = min(one.box[2], other.box[2]) - max(one.box[0], other.box[0])
    height = min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])
    both = max(width, 0.0) * max(height, 0.0)
    areas = sum((f.box[2] - f.box[0]) * (f.box[3] - f.box[1]) for f in (one, other))
    return both / (areas - both) if both else 0.0


def _owner(target: Target) -> list[int]:
    """Tells a layer from all others, of other GIMPs too."""
    return [Gimp.getpid(), target.image.get_id(), target.layer.get_tattoo()]


def _moved(numbers: Sequence[float], x: float, y: float) -> Any:
    return tuple(value + (y if place % 2 else x) for place, value in enumerate(numbers))
