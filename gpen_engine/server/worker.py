"""The one thread that computes."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from types import ModuleType
from typing import TypeVar

from ..errors import GpenError
from ..memory import give_back
from .models import Models

T = TypeVar("T")


class Worker:
    """Runs one piece of work after the other, all in the same thread, as PyTorch likes it.

    Its priority is the usual one: somebody waits for the result, and a share of the processor
    that is only left over can be a tenth of it as soon as anything else is busy.

    Args:
        models: what is loaded at the start.
        log: gets what the start took, or why it failed.

    Attributes:
        imported: set once the modules that conversations need are imported, or have failed to be.
            Until then no other thread may import any of them: where two threads import modules
            of one package in different order, Python breaks the deadlock by showing one of them
            a module that is only half there.
        ready: set once PyTorch, detector and default model are loaded, or have failed to be.
    """

    def __init__(self, models: Models, log: logging.Logger) -> None:
        self.models = models
        self.imported = threading.Event()
        self.ready = threading.Event()
        self._log = log
        self._executor = ThreadPoolExecutor(1, "gpen-worker")

    def start(self) -> None:
        """Loads everything in the background."""
        self._executor.submit(self._warm)

    def do(self, work: Callable[[], T]) -> T:
        """Waits until the work is done, and gives what it gives or raises what it raises.

        Raises:
            GpenError: ``stopped`` when it was not even begun.
        """
        try:
            future = self._executor.submit(work)
        except RuntimeError as error:  # closed
            raise stopped() from error
        try:
            return future.result()
        except CancelledError as error:
            raise stopped() from error
        finally:
            del future  # else an error would hold it, it the error, and both the picture

    def tidy(self) -> None:
        """Gives the system back what the last work took, in the background."""
        with contextlib.suppress(RuntimeError):  # closed
            self._executor.submit(give_back)

    def close(self) -> None:
        """Begins nothing more; what runs has to end by itself."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _warm(self) -> None:
        started = time.perf_counter()
        try:
            torch = self._import()
            self.models.restorer("")
            took = time.perf_counter() - started
            name = self.models.names()[0]
            self._log.info(
                "ready after %.1f s: torch %s, %s threads, %s, %s",
                *(took, torch.__version__, torch.get_num_threads(), self.models.device(), name),
            )
        except Exception:  # each job will try again, and say so to its client
            self._log.exception("the default model could not be loaded")
        finally:
            self.ready.set()

    def _import(self) -> ModuleType:
        """Imports everything that is slow to import; gives PyTorch."""
        try:
            import torch

            from . import job, library, look  # noqa: F401 - for the conversations
        finally:
            self.imported.set()
        return torch


def stopped() -> GpenError:
    """The error of jobs that an engine leaves behind."""
    return GpenError("stopped", "The GPEN engine was stopped.", "Try again; it starts anew.")
