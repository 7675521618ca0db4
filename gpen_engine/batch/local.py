"""A batch on this machine: threads that each take a picture from its file to its file.

While one reads, another computes and a third writes; each holds one picture, so their number and a
budget of bytes bound the memory. PyTorch's own threads would compete with them and mostly wait for
each other, so each picture gets an equal share of the processor's cores: by default one.

On the processor the faces of a picture go through the network as ``gpen restore`` sends them, for
a batch of several gives other last bits than they do singly, and nothing is gained. On a graphics
card they share batches with those of other pictures, see ``sharing``.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager

import cv2
import psutil
import torch

from ..restore import Restorer
from ..restore.batching import bytes_per_face
from ..restore.task import Task
from .budget import Budget
from .sharing import on_cards_shared
from .work import Explain, Finished, Item, Order, restored

AHEAD = 2
"""Threads a core where a graphics card computes: while some wait for it, others read and write."""


def run_here(
    order: Order,
    items: Iterable[Item],
    restorers: list[Restorer],
    *,
    jobs: int | None = None,
    processors: int | None = None,
    memory: int | None = None,
    explain: Explain,
    task: Callable[[Restorer], Task] = Task,
) -> Generator[Finished]:
    """Restores pictures, giving each as it is finished. Closing the iterator stops the work.

    Args:
        order: what is to be done.
        items: with what; taken as they are needed.
        restorers: one for each device.
        jobs: pictures that are worked on at once; by default what cores and memory allow.
        processors: cores to compute with; by default all.
        memory: bytes that their pixels may take together, about; by default a quarter of what is
            free.
        explain: what makes errors those of the report.
        task: makes what is done to the pictures, once for each device.
    """
    stop = threading.Event()
    jobs = jobs or default_jobs(restorers[0])
    budget = Budget(memory or psutil.virtual_memory().available // 4)
    with ExitStack() as stack:
        stack.enter_context(_cores_shared(max(1, (processors or cores()) // jobs)))
        lent = _Lent([task(stack.enter_context(on_cards_shared(one))) for one in restorers])

        def work(item: Item) -> Finished:
            with lent.task() as one:
                return restored(
                    order, item, one, budget=budget, explain=explain, cancel=stop.is_set
                )

        pool = stack.enter_context(ThreadPoolExecutor(jobs, "gpen-batch"))
        waiting: set[Future[Finished]] = set()
        try:
            for item in items:
                waiting.add(pool.submit(work, item))
                if len(waiting) > jobs:  # one more, so that no thread waits for its next
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    for future in done:
                        yield future.result()
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def default_jobs(restorer: Restorer) -> int:
    """A picture for each core, but for no more than have room for a face in the network."""
    model = restorer.model
    if model.device.type != "cpu":
        return AHEAD * cores()
    room = psutil.virtual_memory().available // 2
    return max(1, min(cores(), room // bytes_per_face(model.config, model.dtype)))


@contextmanager
def _cores_shared(share: int) -> Iterator[None]:
    """Threads begun in the block compute with so many cores."""
    before, before_in_cv2 = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(share)
    cv2.setNumThreads(share)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        cv2.setNumThreads(before_in_cv2)


class _Lent:
    """Tasks, one for each device, of which the one with the fewest pictures takes the next."""

    def __init__(self, tasks: list[Task]) -> None:
        self._tasks = tasks
        self._pictures = [0] * len(tasks)
        self._lock = threading.Lock()

    @contextmanager
    def task(self) -> Iterator[Task]:
        with self._lock:
            place = self._pictures.index(min(self._pictures))
            self._pictures[place] += 1
        try:
            yield self._tasks[place]
        finally:
            with self._lock:
                self._pictures[place] -= 1
