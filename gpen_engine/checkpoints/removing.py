"""Deletes weights files."""

from __future__ import annotations

from pathlib import Path

from ..errors import GpenError
from ..wire import EngineHome
from .catalogue import known, own_models
from .part import Part, writing
from .records import Records


def remove_model(name: str, *, own_too: bool = False) -> list[Path]:
    """Deletes the files of a model from the engine's folder ``models``, unfinished ones too.

    Args:
        name: in upper or lower case, without a suffix.
        own_too: also a model that is in no catalogue and cannot be downloaded again.

    Returns:
        What was deleted.

    Raises:
        GpenError: ``bad_option`` for the model that comes along or, unless ``own_too``, for one in
            no catalogue; ``model_missing``, ``cannot_write`` or ``bad_records``.
    """
    entry = known(name)
    if entry and entry.embedded:
        raise GpenError("bad_option", f"{entry.name} is part of the engine and stays with it.")
    records = Records(EngineHome.of_user().models)
    paths = [path for path in own_models() if path.stem.lower() == name.lower()]
    part = Part(records.folder / f"{entry.file}.part") if entry else None
    if part and part.path.exists():
        paths.append(part.path)
    if not paths:
        raise GpenError(
            "model_missing",
            f'There is no model "{name}" in {records.folder}.',
            "See what there is: gpen models list",
        )
    if entry is None and not own_too:
        raise GpenError(
            "bad_option",
            f"{paths[0].name} is in no catalogue, so it cannot be downloaded again.",
            "To delete it nevertheless, add --yes.",
        )
    for path in paths:
        if part and path == part.path:
            part.discard()
            continue
        with writing(path):
            path.unlink()
        records.forget_sum(path)
    return paths
