"""A task: what is done to a picture file between reading and writing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypedDict, Unpack

import cv2
import numpy as np
from numpy.typing import NDArray

from ..checkpoints.catalogue import known
from ..errors import GpenError
from ..faces import Face
from ..model import GpenModel
from ..pictures import Picture, from_unit, to_unit
from ..provenance import COMPOSITE, Invention
from ..version import version
from .kept import KeptCrops
from .options import CancelHook, ProgressHook, RestoreOptions
from .restorer import Restorer
from .result import RestoreResult


class How(TypedDict, total=False):
    """What ``Restorer.restore`` takes beside picture and options."""

    selection: NDArray[Any] | None
    faces: Sequence[Face] | None
    kept: KeptCrops | None
    progress: ProgressHook
    cancel: CancelHook


class Task:
    """Restores the faces of pictures; the other tasks of GPEN derive from it.

    Args:
        restorer: a model for this task, detector and parser.

    Attributes:
        name: as the catalogue and the command line call it.
        models: the catalogue's task whose models it takes.
        source_type: how much of the result was invented, see ``provenance``.

    Raises:
        GpenError: ``wrong_task`` when the model is known to be for another one.
    """

    name = models = "restore"
    source_type = COMPOSITE

    def __init__(self, restorer: Restorer) -> None:
        check_task(restorer.model.name, self.models)
        self.restorer = restorer

    @property
    def model(self) -> GpenModel:
        return self.restorer.model

    @property
    def told(self) -> Mapping[str, Any]:
        """What a report says about this task's own choices, for ``json.dumps``."""
        return {}

    def prepared(self, picture: Picture, options: RestoreOptions) -> tuple[Picture, list[str]]:
        """The picture in the form that the result will have, and notes about the change: an
        aligned face is made large enough for all that the network gives."""
        if options.aligned:
            return _large_enough(picture, self.model.config.out_size)
        return picture, []

    def restore(
        self,
        image: NDArray[Any],
        options: RestoreOptions | None = None,
        **how: Unpack[How],
    ) -> RestoreResult:
        """Does the task to a picture; see ``Restorer.restore``."""
        return self.restorer.restore(image, options, **how)

    def canvas(self, picture: Picture, result: RestoreResult) -> NDArray[Any]:
        """What the result's faces are pasted onto: (H, W, C) in the picture's depth and colours."""
        return picture.pixels

    def invention(self, result: RestoreResult) -> Invention | None:
        """What the written file says was invented; None when nothing was."""
        if not result.faces or result.strength == 0:
            return None
        return Invention(
            model=self.model.name,
            sha256=self.model.sha256 or "",
            strength=result.strength,
            faces=len(result.faces),
            engine=version(),
            source_type=self.source_type,
            task=self.name,
        )


def check_task(model: str, task: str) -> None:
    """Refuses a model that is known to be for another task; of strangers nobody knows.

    Args:
        model: its name, or that of its file.
        task: as in ``catalogue.Entry``.

    Raises:
        GpenError: ``wrong_task``.
    """
    entry = known(model)
    if entry and entry.task != task:
        raise GpenError(
            "wrong_task",
            f'{entry.name} is a model for the task "{entry.task}", not for "{task}".',
            "Choose another model, or another task. gpen models list shows what each is for.",
        )


def _large_enough(picture: Picture, size: int) -> tuple[Picture, list[str]]:
    """An aligned picture at no less than the size of the restored face, and the note about it."""
    height, width, channels = picture.pixels.shape
    if height != width or width >= size:
        return picture, []  # what is not square is refused by the restorer
    unit = to_unit(picture.pixels)
    large = cv2.resize(unit, (size, size), interpolation=cv2.INTER_CUBIC)
    pixels = from_unit(
        np.asarray(large, np.float32).reshape(size, size, channels), picture.pixels.dtype
    )
    note = f"The picture was enlarged from {width} to {size} pixels, so that no detail is lost."
    return replace(picture, pixels=pixels), [note]
