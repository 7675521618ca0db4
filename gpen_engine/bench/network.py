"""The network alone, beside its published forms and the fastest convolution of this machine."""

from __future__ import annotations

import contextlib
import math
import statistics
from dataclasses import dataclass, field
from typing import Any

import psutil
import torch

from ..device import parse_dtype
from ..restore.batching import bytes_per_face
from .ceilings import Ceilings
from .contender import Contender, Failed, First, Task
from .doing import released
from .flops import flops_per_face
from .settings import BATCHES, Report, Settings, Watch
from .timings import rounded, spread

SHARE = 0.6
"""Of the fastest convolution's speed that a network is expected to have, for planning only."""
SLOWER = {64: 2.0, 128: 2.0, 256: 2.0, 512: 3.0, 1024: 5.0, 2048: 6.0}
"""How many times slower its published forms are expected to be on a processor."""
LARGER = 2.5
"""How many times more memory they are expected to take."""
LONG = 10.0
"""Seconds from which on the first call counts, and nothing is called only to warm up."""
STARTING = 4.0
"""Seconds that a contender takes to start, with its share of what is convolved beside it."""
BURST = 0.1
"""Seconds that calls at least take together before it is another contender's turn."""
MOST = 20
"""Calls in such a turn at most."""


@dataclass
class Runner:
    """A contender and what it has shown."""

    task: Task
    contender: Contender
    first: First
    seconds: list[float] = field(default_factory=list)

    @property
    def warm(self) -> bool:
        """Whether it was called before it was timed."""
        return self.first.seconds < LONG

    def take_turn(self, settings: Settings) -> None:
        """Some calls, unless there were enough; two at least of what was not long."""
        few = len(self.seconds) < min(2, settings.repeats) and self.warm
        spent = sum(self.seconds)
        if few or spent + spent / len(self.seconds) < settings.enough:
            once = min(self.seconds, default=self.first.seconds)
            self.seconds += self.contender.run(min(MOST, math.ceil(BURST / once)))


@dataclass(frozen=True)
class Match:
    """All contenders of one size and batch."""

    size: int
    batch: int
    flops: int
    """Operations of one call."""
    tasks: list[Task]


def plan(settings: Settings, rates: dict[str, float], report: Report) -> list[Match]:
    """What is to be measured; the report gets what is left out, and why.

    Args:
        rates: the fastest convolution's operations a second, by precision.
    """
    matches: list[Match] = []
    for size in settings.sizes if rates else ():
        flops = flops_per_face(released(size))
        for batch in settings.batches:
            tasks = [
                Task(form, settings.device, dtype, size, batch)
                for form in ("gpen", "published")
                for dtype in dict.fromkeys([*rates, *(["float32"] * (form == "published"))])
            ]
            matches.append(Match(size, batch, flops * batch, tasks))
            for task in list(tasks):
                why = hindrance(task, flops * batch, rates, settings)
                if why:
                    report.leave_out(described(task), why)
                    tasks.remove(task)
    return matches


def measure_network(
    matches: list[Match], settings: Settings, ceilings: Ceilings, report: Report, watch: Watch
) -> None:
    """Adds a row to the report for each size, batch and precision, and for each published form."""
    for match in matches:
        watch(f"network {match.size}, {match.batch} {'face' if match.batch == 1 else 'faces'}")
        rows = _compete(match.tasks, settings, ceilings, report)
        report.network += compared(rows, match.flops)


def hindrance(task: Task, flops: float, rates: dict[str, float], settings: Settings) -> str:
    """Why a task cannot be measured here; empty when it can."""
    needed, free = expected_bytes(task), free_bytes(settings.device)
    if needed > free:
        return f"needs about {needed / 1e9:.1f} GB, of which {free / 1e9:.1f} GB are free"
    longest = settings.longest * (BATCHES if task.batch > 1 else 1)
    took = expected_seconds(task, flops, rates)
    if took > longest:
        return f"one call would take about {took:.0f} s; the limit is {longest:.0f} s"
    return ""


def expected_total(matches: list[Match], rates: dict[str, float], settings: Settings) -> float:
    """Seconds that all of it takes, roughly."""
    total = 0.0
    for match in matches:
        for task in match.tasks:
            once = expected_seconds(task, match.flops, rates)
            again = 0 if once > LONG else min(settings.enough, settings.repeats * max(once, BURST))
            total += STARTING + once + again
    return total


def expected_seconds(task: Task, flops: float, rates: dict[str, float]) -> float:
    """Roughly, of one call."""
    rate = rates.get(task.dtype) or max(rates.values())
    slower = SLOWER[task.size] if task.form == "published" else 1
    return flops / (SHARE * rate) * slower


def expected_bytes(task: Task) -> float:
    """Roughly, of one call beyond the weights."""
    each = bytes_per_face(released(task.size), parse_dtype(task.dtype))
    return each * task.batch * (LARGER if task.form == "published" else 1)


def free_bytes(device: str) -> int:
    """What can still be taken of the device's memory."""
    if device.startswith("cuda"):
        return int(torch.cuda.mem_get_info(torch.device(device))[0])
    return int(psutil.virtual_memory().available)


def described(task: Task) -> str:
    """For the user."""
    form = "published forms" if task.form == "published" else "network"
    return f"{form} {task.size}, batch {task.batch}, {task.dtype}"


def _compete(
    tasks: list[Task], settings: Settings, ceilings: Ceilings, report: Report
) -> list[dict[str, Any]]:
    """Everybody in turn, again and again, so that what disturbs the machine disturbs all."""
    rates: dict[str, list[float]] = {dtype: [] for dtype in ceilings.flops}
    with contextlib.ExitStack() as stack:
        runners = []
        for task in tasks:
            contender = stack.enter_context(Contender(task))
            try:
                runner = Runner(task, contender, contender.first())
            except Failed as error:
                report.leave_out(described(task), str(error))
                continue
            if not runner.warm:
                runner.seconds.append(runner.first.seconds)
            runners.append(runner)
        for _ in range(settings.repeats if runners else 0):
            for dtype, some in rates.items():
                some += ceilings.run(dtype)
            for runner in list(runners):
                try:
                    runner.take_turn(settings)
                except Failed as error:
                    report.leave_out(described(runner.task), str(error))
                    runners.remove(runner)
    ceiling = {dtype: statistics.median(some) for dtype, some in rates.items() if some}
    return [_row(runner, ceiling.get(runner.task.dtype)) for runner in runners]


def _row(runner: Runner, ceiling: float | None) -> dict[str, Any]:
    task, first = runner.task, runner.first
    return {
        "form": task.form,
        "size": task.size,
        "batch": task.batch,
        "dtype": task.dtype,
        "seconds": spread(runner.seconds) | {"first": rounded(first.seconds), "warm": runner.warm},
        "peak_bytes": first.peak,
        "bytes_before": first.before,
        "ceiling_flops_per_second": ceiling and rounded(ceiling),
        "sample": first.sample,
    }


def compared(rows: list[dict[str, Any]], flops: float) -> list[dict[str, Any]]:
    """Completes the rows of one size and batch: speed, share of the ceiling, ratios to the
    published forms, and the error against these in float32 (relative, of sampled pixels).

    Args:
        rows: those of ``_compete``; their samples are taken off.
        flops: operations of one call.
    """
    published = {row["dtype"]: row for row in rows if row["form"] == "published"}
    truth = published.get("float32", {}).get("sample")
    complete = []
    for row in rows:
        seconds = row["seconds"]["median"]
        more: dict[str, Any] = {
            "seconds_per_face": rounded(seconds / row["batch"]),
            "flops": flops,
            "flops_per_second": rounded(flops / seconds),
        }
        if row["ceiling_flops_per_second"]:
            share = flops / seconds / row["ceiling_flops_per_second"]
            more["share_of_ceiling"] = rounded(share)
        for name, dtype in (("float32", "float32"), ("same", row["dtype"])):
            if row["form"] == "gpen" and dtype in published:
                ratio = published[dtype]["seconds"]["median"] / seconds
                more[f"ratio_to_published_{name}"] = rounded(ratio)
        if truth:
            more["relative_error"] = rounded(math.dist(row["sample"], truth) / math.hypot(*truth))
        complete.append({k: v for k, v in row.items() if k != "sample"} | more)
    return complete
