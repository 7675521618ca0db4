"""The tasks beside restoring: what is asked of the engine, and what is laid into the image."""

from __future__ import annotations

import json
from typing import Any

import fake_gi
import pytest
from arguments import ARGUMENTS
from engine_stand_in import Visit, restore, serving
from record import PARASITE, Record
from run import run
from settings import Settings
from target import find_target
from tasks import COLORIZE, COMPLETE, DRAW, ENLARGE, RESTORE, TASKS, GpenTask

from gpen_engine.errors import GpenError
from gpen_engine.wire import TASKS as KNOWN
from gpen_engine.wire import EngineHome, Reply

RED = b"\xff\0\0\xff"
OTHERS = [COLORIZE, COMPLETE, DRAW, ENLARGE]


@pytest.fixture(autouse=True)
def _home(home: EngineHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPEN_ENGINE_HOME", str(home.folder))


def call(task: GpenTask, image: fake_gi.Image, *drawables: Any, **chosen: Any) -> list[Any]:
    config = fake_gi.Config()
    Settings(task=task.name, **chosen).apply(config)
    procedure = fake_gi.Procedure(task.procedure)
    return list(run(procedure, fake_gi.NONINTERACTIVE, image, drawables, config, None))


def photo() -> fake_gi.Image:
    """Something is selected, as one task needs it."""
    image = fake_gi.Image(8, 8)
    image.layer()
    image.select(2, 2, 6, 6)
    return image


def test_the_tasks_are_those_of_the_engine() -> None:
    assert tuple(TASKS) == KNOWN


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
def test_a_task_is_described_in_full(task: GpenTask) -> None:
    defaults = Settings(task=task.name)
    assert all(hasattr(defaults, name) and name in ARGUMENTS for name in task.arguments)
    shown = [option for _, options in task.frames for option in options]
    assert sorted(shown) == sorted(set(task.arguments) - {"faces"})
    assert set(task.own) <= set(task.arguments)
    assert task.made.format(layer="photo", model="m").endswith("(m)")
    assert bool(task.merged) == ("result" in task.arguments)


@pytest.mark.parametrize("task", OTHERS, ids=lambda task: task.name)
def test_a_task_keeps_its_own_arguments(task: GpenTask) -> None:
    config = fake_gi.Config()
    chosen = Settings(task=task.name, model="x", seed=5)
    chosen.apply(config)
    assert len(config.data) == len(task.arguments)
    assert Settings.of(config, task) == chosen
    assert Settings.remembered(chosen.remember()) == chosen


@pytest.mark.parametrize("task", OTHERS, ids=lambda task: task.name)
def test_the_engine_is_asked_for_the_task(home: EngineHome, task: GpenTask) -> None:
    seen: list[Visit] = []

    def behave(visit: Visit) -> None:
        seen.append(visit)
        restore(visit)

    image = photo()
    with serving(home, behave):
        assert call(task, image, *image.stack)[0] == "success"
    assert seen[0].request.task == task.name
    assert seen[0].request.selected


@pytest.mark.parametrize("kind", ["layer", "faces"])
def test_colours_come_on_a_layer_that_has_no_light(home: EngineHome, kind: str) -> None:
    image = photo()
    with serving(home):
        _, value = call(COLORIZE, image, *image.stack, result=kind, strength=0.25)
    top = value.held
    assert top is image.stack[0]
    assert (top.name, top.mode, top.opacity) == ("Colours of faces (stand-in)", "lch-color", 25)
    assert top.spaces[-2:] == ["lab", "linear"]


def test_a_merged_copy_in_colour_is_a_plain_layer(home: EngineHome) -> None:
    image = photo()
    with serving(home):
        _, value = call(COLORIZE, image, *image.stack, result="merged")
    top = value.held
    assert (top.name, top.mode) == ("photo with faces in colour (stand-in)", "normal")


def test_a_map_becomes_a_layer_that_shows_all(home: EngineHome) -> None:
    image = fake_gi.Image(8, 8)
    source = image.layer()
    with serving(home):
        _, value = call(DRAW, image, source)
    assert image.stack == [value.held, source]
    assert value.held.plane == RED * 64
    assert value.held.mask is None


def test_an_enlarged_picture_is_an_image_of_its_own(home: EngineHome) -> None:
    image = photo()
    image.profile, image.resolution, image.unit, image.metadata = "P3", (300.0, 200.0), "mm", "exif"
    image.attach_parasite(fake_gi.parasite("gimp-comment", 1, b"1927"))
    before = bytes(image.stack[0].plane)
    with serving(home):
        status, value = call(ENLARGE, image, *image.stack, scale="4")
    new = value.held
    assert status == "success"
    assert isinstance(new, fake_gi.Image)
    (layer,) = new.stack
    assert (new.width, new.height, layer.width, layer.height) == (32, 32, 32, 32)
    assert layer.plane == RED * 32 * 32
    assert (new.profile, new.resolution, new.unit) == ("P3", (300.0, 200.0), "mm")
    assert (new.metadata, new.get_parasite("gimp-comment").get_data()) == ("exif", b"1927")
    note = json.loads(layer.get_parasite(PARASITE).get_data())
    assert (note["task"], note["settings"]["scale"]) == ("enlarge", "4")
    assert (image.stack[0].plane, len(image.stack), image.steps) == (before, 1, [])


def test_nothing_is_left_of_an_image_that_could_not_be_made(
    home: EngineHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake_gi.Image, "insert_layer", lambda *_: False)
    fake_gi.Image.deleted.clear()
    image = photo()
    with serving(home):
        status, text = call(ENLARGE, image, *image.stack)
    assert status == "execution error"
    assert text.startswith("Something unexpected")
    assert [(new.width, new.valid) for new in fake_gi.Image.deleted] == [(16, False)]


def refused(task: GpenTask, image: fake_gi.Image) -> str:
    with pytest.raises(GpenError) as caught:
        find_target(image, image.stack, task).area()
    assert caught.value.hint
    return caught.value.code


def test_what_a_task_cannot_work_on() -> None:
    image = fake_gi.Image(8, 8)
    image.layer()
    assert refused(COMPLETE, image) == "no_hole"
    image.base_type = "GRAY"
    assert refused(COLORIZE, image) == refused(DRAW, image) == "grey_image"
    assert find_target(image, image.stack, COMPLETE)
    image.base_type = "INDEXED"
    assert refused(DRAW, image) == refused(COLORIZE, image) == "indexed"
    assert find_target(image, image.stack, ENLARGE)
    wide = fake_gi.Image(9, 8)
    wide.layer()
    assert refused(DRAW, wide) == "not_square"


@pytest.mark.parametrize("task", [DRAW, ENLARGE], ids=lambda task: task.name)
def test_a_picture_is_sent_as_a_whole(task: GpenTask) -> None:
    image = fake_gi.Image(5000, 5000)
    image.layer()
    image.bounds = (0, 0, 10, 10)
    assert find_target(image, image.stack, task).area() == ((0, 0, 5000, 5000), True)


def result_of(image: fake_gi.Image, task: str, **chosen: Any) -> fake_gi.Layer:
    source, former = image.stack[-1], image.layer("former")
    size = (source.width, source.height)
    record = Record(Settings(task=task, **chosen), source.tattoo, size)
    data = record.written(Reply("m", None, "cpu", "0", (), ()), (0, 0))
    former.parasites[PARASITE] = fake_gi.parasite(PARASITE, 1, data)
    return former


@pytest.mark.parametrize("task", [COLORIZE, COMPLETE, DRAW], ids=lambda task: task.name)
def test_a_result_is_done_again_by_its_own_task(task: GpenTask) -> None:
    image = photo()
    former = result_of(image, task.name)
    target = find_target(image, [former], task)
    assert target.layer is image.stack[-1]
    assert target.former
    assert target.former.layer is target.above is former


def test_another_task_takes_the_source_of_what_is_no_picture_by_itself() -> None:
    image = photo()
    former = result_of(image, "restore")
    target = find_target(image, [former], COLORIZE)
    assert (target.layer, target.former, target.above) == (image.stack[-1], None, former)


def test_colours_stay_above_what_has_light() -> None:
    image = photo()
    target = find_target(image, [result_of(image, "colorize")], RESTORE)
    assert (target.layer, target.former, target.above) == (image.stack[-1], None, None)


@pytest.mark.parametrize(
    ("made", "chosen", "task"),
    [
        ("restore", {"result": "merged"}, COLORIZE),
        ("seg2face", {}, RESTORE),
        ("enlarge", {}, ENLARGE),
    ],
)
def test_a_whole_picture_is_one_like_any_other(
    made: str, chosen: dict[str, Any], task: GpenTask
) -> None:
    image = photo()
    former = result_of(image, made, **chosen)
    target = find_target(image, [former], task)
    assert (target.layer, target.former, target.above) == (former, None, None)


def test_a_task_of_a_later_version_is_no_record() -> None:
    image = photo()
    former = result_of(image, "restore")
    note = json.loads(former.parasites[PARASITE].get_data())
    note["settings"]["task"] = "age"
    assert Record.parse(json.dumps(note).encode()) is None
