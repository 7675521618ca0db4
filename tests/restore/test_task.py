"""Models and the tasks that they are for."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_models import FakeModel, identity

from gpen_engine import GpenError, Restorer
from gpen_engine.faces import Detector
from gpen_engine.pictures import Picture, write_picture
from gpen_engine.restore.files import restore_file
from gpen_engine.restore.task import Task, check_task
from gpen_engine.sample import portrait


def test_a_stranger_may_be_for_any_task() -> None:
    for task in ("restore", "colorize", "upscale"):
        check_task("my own weights", task)


@pytest.mark.parametrize("name", ["GPEN-Seg2face-512", "gpen-seg2face-512"])
def test_a_known_model_is_for_its_own(name: str) -> None:
    check_task(name, "seg2face")
    with pytest.raises(GpenError) as error:
        check_task(name, "restore")
    assert error.value.code == "wrong_task"
    assert error.value.sentence == (
        'GPEN-Seg2face-512 is a model for the task "seg2face", not for "restore".'
    )


def test_files_are_not_restored_by_it(detector: Detector, tmp_path: Path) -> None:
    write_picture(tmp_path / "in.png", Picture(portrait()))
    model = FakeModel(identity)
    model.name = "GPEN-Colorization-1024"
    restorer = Restorer(model, detector=detector)
    for run in (
        lambda: Task(restorer),
        lambda: restore_file(restorer, tmp_path / "in.png", tmp_path / "out.png"),
    ):
        with pytest.raises(GpenError) as error:
            run()
        assert error.value.code == "wrong_task"
    assert not (tmp_path / "out.png").exists()
