"""Faces of several pictures in one batch of the network, for graphics cards.

The last bits of a face depend on how many are in its batch, though not on which. So that a result
does not depend on what else happened to be in flight, every batch has the same size: where faces
are wanting, it is filled up with grey.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from ..pixels import FloatImage
from ..restore import Restorer
from ..restore.batching import MOST, run_batches

PATIENCE = 0.01
"""Seconds that a batch waits for more faces while there are none."""


@contextmanager
def on_cards_shared(restorer: Restorer) -> Iterator[Restorer]:
    """The restorer, on a graphics card with a network that pictures share within the block."""
    if restorer.model.device.type == "cpu":
        yield restorer
        return
    with shared(restorer) as sharing:
        yield sharing


@contextmanager
def shared(restorer: Restorer, size: int = MOST) -> Iterator[Restorer]:
    """A restorer with the same networks that many threads may use at once: their faces go through
    the network together, ``size`` in every batch, in a thread of its own."""
    sharing = _SharingRestorer(restorer, size)
    thread = threading.Thread(target=sharing.serve, name="gpen-network", daemon=True)
    thread.start()
    try:
        yield sharing
    finally:
        sharing.end()
        thread.join()


@dataclass
class _Crop:
    pixels: FloatImage
    seed: int
    normalised: bool
    note: Callable[[str], None]
    result: Future[FloatImage]


class _SharingRestorer(Restorer):
    def __init__(self, restorer: Restorer, size: int) -> None:
        self.model, self.detector, self.parser = restorer.model, restorer.detector, restorer.parser
        self._size = size
        self._crops: queue.SimpleQueue[_Crop | None] = queue.SimpleQueue()

    def run(
        self,
        crops: list[FloatImage],
        *,
        seed: int,
        note: Callable[[str], None],
        normalised: bool = True,
    ) -> Iterator[FloatImage]:
        asked = [_Crop(crop, seed, normalised, note, Future()) for crop in crops]
        for crop in asked:
            self._crops.put(crop)
        for crop in asked:
            yield crop.result.result()

    def end(self) -> None:
        self._crops.put(None)

    def serve(self) -> None:
        """Runs batches until the end."""
        while (first := self._crops.get()) is not None:
            batch = [first]
            while len(batch) < self._size:
                try:
                    more = self._crops.get(timeout=PATIENCE)
                except queue.Empty:
                    break
                if more is None:
                    self.end()
                    break
                if more.seed != first.seed:  # the noise is one for the whole batch
                    self._crops.put(more)
                    break
                batch.append(more)
            self._run(batch)

    def _run(self, batch: list[_Crop]) -> None:
        grey = np.full_like(batch[0].pixels, 0.5)
        pixels = [crop.pixels for crop in batch] + [grey] * (self._size - len(batch))

        def note(text: str) -> None:
            for crop in batch:
                crop.note(text)

        try:
            results = run_batches(
                self.model,
                pixels,
                seed=batch[0].seed,
                size=self._size,
                note=note,
                normalised=batch[0].normalised,  # one task has the same for all
            )
            for crop, result in zip(batch, results, strict=False):
                crop.result.set_result(result)
        except BaseException as error:
            for crop in batch:
                if not crop.result.done():
                    crop.result.set_exception(error)
