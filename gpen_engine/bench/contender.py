"""What is timed, each in a process of its own: its memory is its own, and nothing that one has
cached or begun helps or hinders another."""

from __future__ import annotations

import multiprocessing
import signal
from dataclasses import dataclass

CHANNELS, SIDE = 512, 64
"""Of the convolution that is taken for the ceiling; the network's widest level at full width."""
PARTING = 5.0
"""Seconds for a process to end by itself."""


@dataclass(frozen=True)
class Task:
    """What one process does again and again."""

    form: str
    """``gpen``: the engine's network; ``published``: its published forms; ``convolution`` and
    ``copy``: the ceilings."""
    device: str
    dtype: str = "float32"
    size: int = 0
    """Side of the network's input in pixels."""
    batch: int = 1
    """Faces, or images of the ceiling's convolution."""
    megabytes: int = 0
    """That ``copy`` copies."""

    @property
    def flops(self) -> float:
        """Of the ceiling's convolution: two for each multiplication."""
        return 2.0 * self.batch * (3 * CHANNELS * SIDE) ** 2


@dataclass(frozen=True)
class First:
    """How the first call went."""

    seconds: float
    before: int
    """Bytes in use before there was a network: on a processor those of Python and PyTorch."""
    peak: int
    """Most bytes in use so far: on a processor the whole process, on a GPU what PyTorch took."""
    sample: list[float]
    """Some pixels of the first face; empty for ceilings."""


class Failed(Exception):
    """A contender that cannot run; its text says why."""


class Contender:
    """A process that does a task when it is asked. It does not heed Ctrl-C, which ends the one that
    made it, and that closes it. To be made in the main thread.

    Args:
        task: what it does.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        from .doing import serve

        processes = multiprocessing.get_context("spawn")
        self._pipe, theirs = processes.Pipe()
        self._process = processes.Process(target=serve, args=(theirs, task), daemon=True)
        heeding = signal.signal(signal.SIGINT, signal.SIG_IGN)  # which the process inherits
        try:
            self._process.start()
        finally:
            signal.signal(signal.SIGINT, heeding)
        theirs.close()

    def first(self) -> First:
        """Waits for the first call, which began by itself.

        Raises:
            Failed: with the reason.
        """
        answer = self._receive()
        assert isinstance(answer, First)
        return answer

    def run(self, times: int = 1) -> list[float]:
        """Seconds of each of some calls.

        Raises:
            Failed: with the reason.
        """
        self._pipe.send(times)
        answer = self._receive()
        assert isinstance(answer, list)
        return answer

    def close(self) -> None:
        """Ends the process."""
        self._pipe.close()
        self._process.join(PARTING)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def __enter__(self) -> Contender:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _receive(self) -> First | list[float]:
        try:
            answer: First | list[float] | str = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise Failed("its process was ended, probably for want of memory") from error
        if isinstance(answer, str):
            raise Failed(answer)
        return answer
