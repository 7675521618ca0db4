"""How a job's progress is told where there is no display: with GIMP's own progress."""

from __future__ import annotations

import stages
from gi.repository import Gimp
from talk import Talk
from tasks import GpenTask

from gpen_engine.wire import Progress

STEP = 0.02
"""Seconds between two looks at the job."""


class PlainProgress:
    """GIMP's progress, which shows nothing in a console and a bar to whoever calls the procedure
    from a script inside GIMP. The Cancel button of that bar ends this process, which the engine
    notices."""

    def __init__(self, task: GpenTask) -> None:
        self._task = task

    def __enter__(self) -> PlainProgress:
        Gimp.progress_init(self._task.title)
        return self

    def __exit__(self, *_: object) -> None:
        Gimp.progress_end()

    def wait(self, job: Talk) -> None:
        """Feeds the job until it is finished."""
        while not job.finished:
            job.feed(STEP)
            step = latest(job)
            if step:
                self.show(step)

    def show(self, step: Progress) -> None:
        Gimp.progress_set_text(stages.sentence(step, self._task.name))
        done = stages.fraction(step, self._task.name)
        if done is None:
            Gimp.progress_pulse()
        else:
            Gimp.progress_update(done)


def latest(job: Talk) -> Progress | None:
    """The job's last news since it was asked before."""
    step = None
    while not job.news.empty():  # this is the only reader
        step = job.news.get_nowait()
    return step
