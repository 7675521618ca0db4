"""The models that are kept warm."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import torch

from gpen_engine import GpenError
from gpen_engine.checkpoints.catalogue import DEFAULT
from gpen_engine.server.models import ROOM, Models
from gpen_engine.tasks.choice import TaskChoice
from gpen_engine.wire import EngineHome


@pytest.fixture
def own(engine_home: EngineHome, model_file: Path) -> Callable[[str], Path]:
    """Puts a copy of the tiny model into the engine's folder."""

    def put(name: str) -> Path:
        engine_home.models.mkdir(exist_ok=True)
        path = engine_home.models / f"{name}.safetensors"
        shutil.copy(model_file, path)
        return path

    return put


@pytest.fixture
def models() -> Models:
    return Models("one", "cpu")


def test_they_stay_warm_and_share_a_detector(models: Models, own) -> None:
    own("one")
    two = own("two")
    loads: list[str] = []
    assert (models.names(), models.device()) == ((), "")
    one = models.restorer("", lambda: loads.append("one"))
    other = models.restorer("Two", lambda: loads.append("two"))
    assert models.names() == ("two", "one")
    assert models.device() == "cpu"
    assert one.detector is other.detector
    assert models.restorer("one", lambda: loads.append("again")) is one
    assert models.restorer(str(two), lambda: loads.append("again")) is other
    assert models.restorer("ONE") is one
    assert loads == ["one", "two"]
    assert models.names() == ("one", "two")


def test_the_default_is_that_of_the_catalogue() -> None:
    assert Models().find("") == DEFAULT.path


def test_a_file_that_was_replaced_is_loaded_anew(models: Models, own) -> None:
    path = own("one")
    first = models.restorer("one")
    os.utime(path, ns=(0, 0))
    second = models.restorer("one")
    assert second is not first
    assert models.names() == ("one",)  # not twice


def test_a_file_that_was_deleted_is_missing(models: Models, own, monkeypatch) -> None:
    path = own("one")
    models.restorer("one")
    path.unlink()
    with pytest.raises(GpenError) as missing:
        models.restorer("one")
    assert missing.value.code == "model_missing"
    monkeypatch.setattr(models, "find", lambda name: path)  # it goes just after it was found
    with pytest.raises(GpenError) as missing:
        models.restorer("one")
    assert missing.value.code == "model_missing"
    own("one")
    assert models.restorer("one").model.name == "one"


def test_weights_do_not_hang_on_their_file(models: Models, own) -> None:
    """A mapped file that is cut short would end the process."""
    path = own("one")
    model = models.restorer("one").model
    face = torch.zeros(1, 3, 64, 64)
    before = model(face)
    with path.open("r+b") as file:
        file.truncate(10)
    assert torch.equal(model(face), before)
    assert not any(p.requires_grad for p in model.network.parameters())


def test_a_damaged_file_harms_no_other(models: Models, own) -> None:
    own("one")
    broken = own("broken")
    broken.write_bytes(broken.read_bytes()[:-1000])
    one = models.restorer("one")
    with pytest.raises(GpenError) as told:
        models.restorer("broken")
    assert told.value.code == "bad_checkpoint"
    assert models.names() == ("one",)
    assert models.restorer("one") is one


def test_the_least_recently_used_go_when_memory_is_short(
    models: Models, own, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = own("one").stat().st_size
    for name in ("two", "three", "four"):
        own(name)
    for name in ("one", "two", "three", "one"):
        models.restorer(name)
    free = iter([ROOM * size - 1, ROOM * size - 1, ROOM * size])
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=next(free)))
    models.restorer("four")
    assert models.names() == ("four", "one")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=0))
    models.restorer("two")  # tried all the same: what is free is an estimate
    assert models.names() == ("two",)


def test_dropping(models: Models, own) -> None:
    own("one")
    own("two")
    models.restorer("one")
    models.restorer("two").model.device = torch.device("meta")  # as if it had left the GPU
    models.drop_moved()
    assert models.names() == ("one",)
    models.drop_all()
    assert models.names() == ()
    assert torch.isfinite(models.restorer("one").model(torch.zeros(1, 3, 64, 64))).all()


def test_an_upscaler_is_loaded_for_each_job(
    models: Models, own, upscaler_file: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    own("one")
    models.restorer("one")
    loads: list[str] = []
    choice = TaskChoice("enlarge", 2, str(upscaler_file(2)))
    for _ in range(2):
        upscaler = models.upscaler(choice, lambda: loads.append("upscaler"))
        assert upscaler
        assert (upscaler.name, str(upscaler.device)) == ("small_x2", "cpu")
    assert (len(loads), models.names()) == (2, ("one",))
    for without in (TaskChoice("enlarge", 2, "none"), TaskChoice("enlarge"), TaskChoice()):
        assert models.upscaler(without, lambda: loads.append("none")) is None
    assert len(loads) == 2
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=0))
    models.upscaler(choice, lambda: None)  # it goes first where memory is short
    assert models.names() == ()
