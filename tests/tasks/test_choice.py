"""Which task, with which networks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fake_models import FakeModel, identity

from gpen_engine import GpenError, Restorer
from gpen_engine.checkpoints.catalogue import ENTRIES
from gpen_engine.faces import Detector
from gpen_engine.tasks.choice import TaskChoice
from gpen_engine.tasks.enlarge import Enlarger
from gpen_engine.tasks.inpaint import Completer
from gpen_engine.tasks.seg2face import FaceDrawer
from gpen_engine.wire import TASKS, EngineHome


def code_of(run: Callable[[], object]) -> str:
    with pytest.raises(GpenError) as error:
        run()
    return error.value.code


@pytest.mark.parametrize("name", TASKS)
def test_every_task_is_made(detector: Detector, name: str) -> None:
    restorer = Restorer(FakeModel(identity), detector=detector)
    task = TaskChoice(name).made(restorer)
    assert (task.name, task.restorer) == (name, restorer)


def test_what_a_task_takes_comes_to_it(
    detector: Detector, upscaler_file: Callable[[int], Path]
) -> None:
    restorer = Restorer(FakeModel(identity), detector=detector)
    hole = np.ones((3, 4), np.uint8)
    completer = TaskChoice("inpaint").made(restorer, hole=hole)
    assert isinstance(completer, Completer)
    assert completer.hole is hole
    drawer = TaskChoice("seg2face").made(restorer, keep_size=True)
    assert isinstance(drawer, FaceDrawer)
    assert drawer.keep_size
    choice = TaskChoice("enlarge", 4, str(upscaler_file(4)))
    upscaler = choice.load_upscaler("cpu")
    enlarger = choice.made(restorer, upscaler=upscaler)
    assert isinstance(enlarger, Enlarger)
    assert (enlarger.scale, enlarger.upscaler) == (4, upscaler)


def test_the_model_of_a_task() -> None:
    of_task = {entry.name: entry.task for entry in ENTRIES}
    for name in ("colorize", "inpaint", "seg2face"):
        assert of_task[TaskChoice(name).model()] == name
        assert TaskChoice(name).model("mine.pth") == "mine.pth"
        assert code_of(lambda n=name: TaskChoice(n).model("GPEN-BFR-512")) == "wrong_task"
        assert code_of(lambda n=name: TaskChoice(n).model("here/gpen-bfr-512.pth")) == "wrong_task"
    for name in ("restore", "enlarge"):
        assert TaskChoice(name).model() == ""
        assert TaskChoice(name).model("GPEN-BFR-512") == "GPEN-BFR-512"
        assert code_of(lambda n=name: TaskChoice(n).model("realesrnet_x2")) == "wrong_task"


def test_the_upscaler_of_a_task(
    engine_home: EngineHome, upscaler_file: Callable[[int], Path]
) -> None:
    assert TaskChoice("enlarge").upscaler_file() is None
    engine_home.models.mkdir()
    usual = engine_home.models / "realesrnet_x2.pth"
    usual.write_bytes(upscaler_file(2).read_bytes())
    assert TaskChoice("enlarge", 2).upscaler_file() == usual
    assert TaskChoice("enlarge", 4).upscaler_file() is None
    assert TaskChoice("enlarge", 4, "realesrnet_x2").upscaler_file() == usual
    assert TaskChoice("enlarge", 2, "none").upscaler_file() is None
    assert TaskChoice("restore", 2, "realesrnet_x2").upscaler_file() is None
    wrong = TaskChoice("enlarge", 2, "GPEN-BFR-512")
    assert code_of(wrong.upscaler_file) == "wrong_task"
    assert code_of(TaskChoice("enlarge", 2, "nowhere").upscaler_file) == "model_missing"


def test_what_there_is_not() -> None:
    assert code_of(lambda: TaskChoice("paint")) == "bad_option"
    assert code_of(lambda: TaskChoice("enlarge", 3)) == "bad_option"
    assert TaskChoice("restore", 3).scale == 3  # of no use, and no harm
