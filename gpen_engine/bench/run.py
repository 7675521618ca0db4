"""One run of the benchmark."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from ..version import version
from .ceilings import Ceilings
from .machine import machine
from .network import expected_total, measure_network, plan
from .settings import Report, Settings, Watch
from .stages import measure_stages
from .starting import measure_start

PER_MEGAPIXEL, PER_FACE, PER_START = 0.3, 0.06, 6.0
"""Seconds, for the announcement only."""


def measure(
    settings: Settings,
    *,
    watch: Watch = lambda _: None,
    announce: Callable[[float, int], None] = lambda seconds, steps: None,
) -> dict[str, Any]:
    """Measures everything that is wished for, as JSON has it.

    Args:
        settings: what to measure; the device must be there.
        watch: told what is measured, before it is.
        announce: told once about how many seconds the rest will take, and in how many steps.

    Raises:
        GpenError: those of ``load_model`` for the model of the stages.
    """
    started, report = time.perf_counter(), Report()
    watch("the machine")
    here = machine(settings.device)
    steps = len(settings.pictures) + 1 if "stages" in settings.parts else 0
    seconds = sum(PER_MEGAPIXEL * m + PER_FACE * f for m, f in settings.pictures) if steps else 0.0
    if "start" in settings.parts:
        steps += settings.starts + 1
        seconds += settings.starts * PER_START
    if "network" in settings.parts:
        with Ceilings(settings, report, watch) as ceilings:
            matches = plan(settings, ceilings.flops, report)
            seconds += expected_total(matches, ceilings.flops, settings)
            announce(seconds, steps + len(matches))
            measure_network(matches, settings, ceilings, report, watch)
    else:
        announce(seconds, steps)
    if "stages" in settings.parts:
        measure_stages(settings, report, watch)
    if "start" in settings.parts:
        measure_start(settings, report, watch)
    return {
        "engine": version(),
        "machine": here,
        "settings": asdict(settings),
        **asdict(report),
        "took_seconds": round(time.perf_counter() - started, 1),
    }
