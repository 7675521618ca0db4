"""A task: what is done to a picture file between reading and writing it."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from ..checkpoints.catalogue import known
from ..errors import GpenError
from ..model import GpenModel
from ..pictures import Picture
from .options import CancelHook, ProgressHook, RestoreOptions
from .restorer import Restorer
from .result import RestoreResult


class Task:
    """Restores the faces of pictures; the other tasks of GPEN derive from it.

    Args:
        restorer: a model for this task, detector and parser.

    Attributes:
        name: as the catalogue and the command line call it.
        models: the catalogue's task whose models it takes.

    Raises:
        GpenError: ``wrong_task`` when the model is known to be for another one.
    """

    name = models = "restore"

    def __init__(self, restorer: Restorer) -> None:
        check_task(restorer.model.name, self.models)
        self.restorer = restorer

    @property
    def model(self) -> GpenModel:
        return self.restorer.model

    def prepared(self, picture: Picture) -> tuple[Picture, list[str]]:
        """The picture in the form that the result will have, and notes about the change."""
        return picture, []

    def restore(
        self,
        image: NDArray[Any],
        options: RestoreOptions | None = None,
        *,
        progress: ProgressHook = lambda _: None,
        cancel: CancelHook = lambda: False,
    ) -> RestoreResult:
        """Does the task to a picture; see ``Restorer.restore``."""
        return self.restorer.restore(image, options, progress=progress, cancel=cancel)

    def canvas(self, picture: Picture, result: RestoreResult) -> NDArray[Any]:
        """What the result's faces are pasted onto: (H, W, C) in the picture's depth and colours."""
        return picture.pixels


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
