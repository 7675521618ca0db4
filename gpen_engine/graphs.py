"""What a network does on a graphics card, recorded once for each batch size and then replayed.

For one or few faces the processor takes longer to ask for the hundreds of steps than the card to do
them; a recorded CUDA graph is asked for at once. It is the same work, so the results are the same.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

MOST = 4
"""Graphs that are kept. They share the memory of their maps, of which the largest decides."""
LEFT = 0.2
"""Of the card's memory that must be free once a graph is recorded."""

Kind = tuple[int, torch.dtype]
"""How many images of which precision."""


@dataclass(frozen=True)
class Graph:
    """A recorded batch: fill ``images``, replay, and read ``result``."""

    recorded: torch.cuda.CUDAGraph
    images: Tensor
    result: Tensor


class Graphs:
    """Calls a network; what it does is recorded when a batch size comes again, and then replayed.

    The first call is plain, because many a batch size comes only once. Whatever fails while
    recording ends all recording, and the network is called plainly from then on.

    Args:
        network: a function of images [N, 3, H, W] on the current card, which does the same work for
            the same kind of images each time.
    """

    def __init__(self, network: Callable[[Tensor], Tensor]) -> None:
        self._network = network
        self._seen: set[Kind] = set()
        self._kept: OrderedDict[Kind, Graph] = OrderedDict()
        self.why_not = ""
        """Why nothing is recorded any more; empty as long as it is."""

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._kept)

    def __call__(self, images: Tensor) -> Tensor:
        """The network's result, which the next call may overwrite."""
        kind = len(images), images.dtype
        if kind in self._seen and kind not in self._kept and not self.why_not:
            self._record(kind, images)
        self._seen.add(kind)
        graph = self._kept.get(kind)
        if graph is None:
            return self._network(images)
        self._kept.move_to_end(kind)
        graph.images.copy_(images)
        graph.recorded.replay()
        return graph.result

    def drop(self, why: str) -> None:
        """Gives their memory back, and records no more."""
        self.why_not = why
        self._kept.clear()
        torch.cuda.empty_cache()

    def _record(self, kind: Kind, images: Tensor) -> None:
        stream = torch.cuda.current_stream()
        try:
            self._kept[kind] = self._recorded(images.clone())
            free, total = torch.cuda.mem_get_info(images.device)
            if free < LEFT * total:
                self.drop("too little of the card's memory is free")
            elif len(self._kept) > MOST:
                self._kept.popitem(last=False)
        except Exception as error:  # of the driver, or of a library that cannot be recorded
            torch.cuda.set_stream(stream)
            self.drop(first_line(error))

    def _recorded(self, images: Tensor) -> Graph:
        # Before it is recorded it must have run on a stream that is not the default one.
        here, aside = torch.cuda.current_stream(), torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(here)
        with torch.cuda.stream(aside):
            self._network(images)
        here.wait_stream(aside)
        # Their maps may lie in the same memory: one is replayed at a time, and its result is read
        # before the next.
        pool = next((graph.recorded.pool() for graph in self._kept.values()), None)
        recorded = torch.cuda.CUDAGraph()
        with torch.cuda.graph(recorded, pool=pool, capture_error_mode="thread_local"):
            result = self._network(images)
        return Graph(recorded, images, result)


def first_line(error: Exception) -> str:
    """What an error says, without its details."""
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
