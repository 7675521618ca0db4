"""A batch on one machine: the same bytes as one by one, whatever is in flight beside them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fsspec
import numpy as np
import pytest
import torch

from gpen_engine import RestoreOptions, Restorer
from gpen_engine.batch.journal import Line
from gpen_engine.batch.local import run_here
from gpen_engine.batch.run import LOCK, Run, begun
from gpen_engine.batch.sharing import shared
from gpen_engine.batch.storage import PARTS
from gpen_engine.batch.work import Item, Order, unexpected
from gpen_engine.errors import GpenError
from gpen_engine.pictures import Picture, write_picture
from gpen_engine.restore.batching import run_batches
from gpen_engine.restore.files import restore_file
from gpen_engine.sample import portrait
from gpen_engine.tasks.choice import TaskChoice


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Five pictures with a face."""
    (tmp_path / "photos").mkdir()
    face = portrait()[:200, 124:324]
    for number in range(5):
        picture = Picture(np.roll(face, number, axis=0))
        write_picture(tmp_path / "photos" / f"{number}.jpg", picture)
    return tmp_path / "photos"


def order(output: object) -> Order:
    return Order(str(output), RestoreOptions(), 95, "digest")


def items(photos: Path) -> list[Item]:
    return [Item(path.name, str(path)) for path in sorted(photos.iterdir())]


def done(run: Run, restorer: Restorer, **more: int) -> list[Line]:
    finished = run_here(run.order, run.todo, [restorer], explain=unexpected, **more)
    return [run.put_in_place(one) for one in finished]


@pytest.mark.parametrize("jobs", [1, 3])
def test_results_are_those_of_gpen_restore(
    photos: Path, restorer: Restorer, tmp_path: Path, jobs: int
) -> None:
    before = torch.get_num_threads()
    with begun(order(tmp_path / "out"), items(photos), None) as run:
        lines = done(run, restorer, jobs=jobs, memory=1)  # so little lets one through at a time
        assert (tmp_path / "out" / PARTS).is_dir()
    assert torch.get_num_threads() == before
    assert sorted(line.path for line in lines) == [f"{n}.jpg" for n in range(5)]
    assert not (tmp_path / "out" / PARTS).exists()
    assert not (tmp_path / "out" / LOCK).exists()
    for item in items(photos):
        restore_file(restorer, item.source, tmp_path / item.path)
        assert (tmp_path / "out" / item.path).read_bytes() == (tmp_path / item.path).read_bytes()


def test_addresses_serve_as_sources_and_for_results(
    photos: Path, restorer: Restorer, tmp_path: Path
) -> None:
    memory = fsspec.filesystem("memory")
    memory.put(f"{photos}/", "/gpen-in/", recursive=True)
    with pytest.raises(GpenError, match="--journal"), begun(order("memory://gpen-out"), [], None):
        pass
    told = [Item(i.path, f"memory://gpen-in/{i.path}") for i in items(photos)]
    try:
        with begun(order("memory://gpen-out"), told, tmp_path) as run:
            lines = done(run, restorer)
        assert {line.status for line in lines} == {"done"}
        for item in items(photos):
            restore_file(restorer, item.source, tmp_path / item.path)
            assert memory.cat(f"/gpen-out/{item.path}") == (tmp_path / item.path).read_bytes()
        assert not memory.exists(f"/gpen-out/{PARTS}")
        with begun(order("memory://gpen-out"), told, tmp_path) as run:
            assert run.todo == []
        memory.rm_file("/gpen-out/1.jpg")
        memory.pipe("/gpen-in/2.jpg", b"changed")
        with begun(order("memory://gpen-out"), told, tmp_path) as run:
            assert [item.path for item in run.todo] == ["1.jpg", "2.jpg"]
    finally:
        memory.rm("/gpen-in", recursive=True)
        memory.rm("/gpen-out", recursive=True)


def test_one_batch_at_a_time_writes_to_a_folder(tmp_path: Path) -> None:
    again = begun(order(tmp_path), [], None)
    with begun(order(tmp_path), [], None), pytest.raises(GpenError) as caught, again:
        pass
    assert caught.value.code == "busy"
    with begun(order(tmp_path), [], None):
        pass


def test_what_a_killed_run_left_unfinished_is_removed(tmp_path: Path) -> None:
    (tmp_path / PARTS).mkdir()
    (tmp_path / PARTS / "half.jpg").write_bytes(b"half")
    with begun(order(tmp_path), [], None):
        assert not (tmp_path / PARTS).exists()


def test_a_full_disk_ends_the_run(
    photos: Path, restorer: Restorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gpen_engine.pictures.writing.replacing", full)
    with begun(order(tmp_path / "out"), items(photos), None) as run:
        with pytest.raises(GpenError) as caught:
            done(run, restorer)
        assert run.journal.lines == {}
    assert caught.value.code == "disk_full"


def test_somebody_elses_file_that_came_meanwhile_is_kept(
    photos: Path, restorer: Restorer, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with begun(order(out), items(photos)[:1], None) as run:
        (finished,) = run_here(run.order, run.todo, [restorer], explain=unexpected)
        (out / "0.jpg").write_bytes(b"somebody's")
        line = run.put_in_place(finished)
    assert line.error
    assert line.error["code"] == "output_exists"
    assert (out / "0.jpg").read_bytes() == b"somebody's"


def test_faces_in_a_shared_batch_do_not_depend_on_their_neighbours(restorer: Restorer) -> None:
    size = restorer.model.config.in_size
    crops = list(np.random.default_rng(0).random((10, size, size, 3), np.float32))
    alone = [next(run_batches(restorer.model, [c, *[c] * 3], size=4)) for c in crops]
    notes: list[str] = []
    with shared(restorer, size=4) as sharing:
        start = threading.Barrier(5)

        def ask(place: int) -> list[np.ndarray]:
            start.wait(30)
            return list(sharing.run(crops[2 * place : 2 * place + 2], seed=0, note=notes.append))

        with ThreadPoolExecutor(5) as pool:
            together = [crop for pair in pool.map(ask, range(5)) for crop in pair]
    assert notes == []
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["colorize", "seg2face", "enlarge"])
def test_tasks_of_a_shared_network_give_what_they_give_alone(restorer: Restorer, name: str) -> None:
    """With batches of one, whose last bits are those of a lone face."""
    picture = portrait()[:200, 124:324]
    choice = TaskChoice(name)
    alone = choice.made(restorer).restore(picture).composite()
    with shared(restorer, size=1) as sharing, ThreadPoolExecutor(3) as pool:
        task = choice.made(sharing)
        together = pool.map(lambda _: task.restore(picture).composite(), range(3))
        for made in together:
            np.testing.assert_array_equal(made, alone)


def test_an_error_of_a_shared_batch_reaches_all_who_wait(
    restorer: Restorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("broken")

    monkeypatch.setattr("gpen_engine.batch.sharing.run_batches", broken)
    crop = np.zeros((64, 64, 3), np.float32)
    with shared(restorer, size=4) as sharing:
        for _ in range(2):
            with pytest.raises(ValueError, match="broken"):
                list(sharing.run([crop, crop], seed=0, note=lambda _: None))
