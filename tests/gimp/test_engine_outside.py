"""The engine outside is seen, and started, from inside of GIMP's root."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from console import Setting
from engine_outside import EngineOutside
from halves import Result, in_gimp

if TYPE_CHECKING:
    from ask import outside
    from gimp_side import CHECKOUT as PRODUCT


@pytest.fixture(scope="module")
def setting(engine_on_request: EngineOutside) -> Setting:
    runs = {"engine_runs": lambda: engine_on_request.runs}
    return engine_on_request.setting(calls=runs)


@in_gimp
def conversation() -> object:
    sys.path.insert(0, str(PRODUCT))
    from gpen_engine.wire import EngineHome, reach

    home = EngineHome.of_user()
    pids = []
    before = outside("engine_runs")
    for _ in range(2):
        with reach(home) as engine:
            pids.append(engine.status().pid)
    outside("kill_engine")
    killed = outside("engine_runs")
    with reach(home) as engine:
        pids.append(engine.status().pid)
    outside("stop_engine")
    return {"before": before, "killed": killed, "after": outside("engine_runs"), "pids": pids}


@pytest.mark.slow
def test_engine_is_started_killed_and_started_again(conversation: Result) -> None:
    assert [conversation[key] for key in ("before", "killed", "after")] == [False, False, False]
    first, again, other = conversation["pids"]
    assert first == again != other
