"""The models that are kept warm."""

from __future__ import annotations

import gc
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import GpenError

if TYPE_CHECKING:
    import torch

    from ..faces import Detector
    from ..model import GpenModel
    from ..restore import Restorer
    from ..tasks.choice import TaskChoice
    from ..tasks.upscaling import Upscaler

Key = tuple[Path, int, int]
"""Path, size in bytes and time of the last change: a file that was replaced is another model."""

ROOM = 3
"""Free memory that a model should find when it is loaded, in sizes of its file: one for reading
it, one for its weights in float32, and one for half precision in the file."""


class Models:
    """Loads models when they are first asked for, and drops the least recently used ones when
    memory is short. Only the worker loads; any thread may ask for the names.

    Args:
        default: name or path of the model that is meant when none is named.
        device: see ``choose_device``.
    """

    def __init__(self, default: str | None = None, device: str = "auto") -> None:
        self._default = default
        self._wanted = device
        self._place: torch.device | None = None
        self._detector: Detector | None = None
        self._kept: OrderedDict[Key, Restorer] = OrderedDict()
        self._lock = threading.Lock()

    def names(self) -> tuple[str, ...]:
        """The warm ones, the last used first."""
        with self._lock:
            return tuple(restorer.model.name for restorer in reversed(self._kept.values()))

    def device(self) -> str:
        """Such as ``cpu`` or ``cuda:0 (NVIDIA H200)``; empty before the first model is loaded."""
        if self._place is None:
            return ""
        import torch

        if self._place.type != "cuda":
            return str(self._place)
        index = torch.cuda.current_device() if self._place.index is None else self._place.index
        return f"cuda:{index} ({torch.cuda.get_device_name(index)})"

    def find(self, name: str) -> Path:
        """The file of a model.

        Args:
            name: or path; empty for the default.

        Raises:
            GpenError: ``model_missing``.
        """
        from ..checkpoints import find_model
        from ..checkpoints.catalogue import DEFAULT

        return find_model(name or self._default or DEFAULT.name).resolve()

    def detector(self) -> Detector:
        """What finds faces, without a model."""
        from ..device import choose_device
        from ..faces import Detector

        self._place = self._place or choose_device(self._wanted)
        self._detector = self._detector or Detector(device=self._place)
        return self._detector

    def restorer(self, name: str, loading: Callable[[], None] = lambda: None) -> Restorer:
        """A model, the detector beside it, ready to restore.

        Args:
            name: or path; empty for the default.
            loading: called before one is loaded that was not warm.

        Raises:
            GpenError: those of ``load_model``.
        """
        from ..checkpoints import load_model
        from ..restore import Restorer

        key = _key(self.find(name))
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        loading()
        detector = self.detector()
        self._drop(lambda kept: kept[0] == key[0])  # an older version of the same file
        self._make_room(ROOM * key[1])
        model = _on_its_own(load_model(key[0], device=detector.device))
        restorer = Restorer(model, detector=detector, device=detector.device)
        with self._lock:
            self._kept[key] = restorer
        return restorer

    def upscaler(self, choice: TaskChoice, loading: Callable[[], None]) -> Upscaler | None:
        """The network for all but the faces, if the task has one.

        It is loaded for each job and not kept: it is read in a small part of the time that it then
        takes, and its memory is worth more to the enlarged picture.

        Args:
            choice: the task.
            loading: called before one is loaded.

        Raises:
            GpenError: those of ``TaskChoice.load_upscaler``.
        """
        weights = choice.upscaler_file()
        if weights is None:
            return None
        loading()
        self._make_room(ROOM * _key(weights)[1])
        return choice.load_upscaler(self.detector().device)

    def drop_moved(self) -> None:
        """Drops models that went from the GPU to the processor when memory ran out there, so that
        they come back to it the next time."""
        if self._place is not None:
            place = self._place.type
            self._drop(lambda key: self._kept[key].model.device.type != place)

    def drop_all(self) -> None:
        """Gives their memory back; for when it ran out."""
        self._drop(lambda _: True)

    def _make_room(self, needed: int) -> None:
        import psutil

        while self._kept and psutil.virtual_memory().available < needed:
            oldest = next(iter(self._kept))
            self._drop(lambda key: key == oldest)  # noqa: B023 - used at once

    def _drop(self, which: Callable[[Key], bool]) -> None:
        import torch

        with self._lock:
            dropped = [key for key in self._kept if which(key)]
            for key in dropped:
                del self._kept[key]
        if dropped:
            gc.collect()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()


def _key(path: Path) -> Key:
    try:
        found = path.stat()
    except OSError as error:  # it went while we looked
        raise GpenError(
            "model_missing", f"There is no weights file {path}.", "Choose another model."
        ) from error
    return path, found.st_size, found.st_mtime_ns


def _on_its_own(model: GpenModel) -> GpenModel:
    """The model with its weights copied out of the file.

    A mapped file must neither be overwritten nor, on Windows, be removed; this engine lives too
    long to ask that of a user.
    """
    if model.device.type == "cpu":
        state = model.network.state_dict()
        model.network.load_state_dict({k: v.clone() for k, v in state.items()}, assign=True)
        model.network.requires_grad_(False)
    return model
