from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import fake_gi
import pytest
from engine_stand_in import Visit, restore, serving
from job import Job
from progress import latest
from sending import picture_of
from settings import Settings
from talk import AHEAD, Picture
from target import find_target

from gpen_engine.errors import GpenError
from gpen_engine.wire import Engine, EngineHome, Request, connect

PATIENCE = 5.0


def picture(strips: int = 6, selection: int = 0) -> Picture:
    """Rows of ten pixels, a strip each; each strip full of its number."""
    request = Request(10, strips, selected=bool(selection))
    planes = [bytes([n]) * 40 for n in range(strips)]
    planes += [bytes([100 + n]) * 10 for n in range(selection)]
    return Picture(request, iter(planes), (strips, selection))


def reaching(home: EngineHome) -> Callable[..., Engine]:
    return lambda _starting, _cancelled: connect(home)


def finish(job: Job) -> None:
    end = time.monotonic() + PATIENCE
    while not job.finished:
        assert time.monotonic() < end
        job.feed(0.005)


def test_a_picture_goes_and_its_patches_come(home: EngineHome) -> None:
    seen: list[Visit] = []

    def behave(visit: Visit) -> None:
        seen.append(visit)
        restore(visit)

    with serving(home, behave):
        job = Job(picture(6, 6), reaching(home))
        finish(job)
    reply, patches = job.result()
    assert reply.model == "stand-in"
    assert len(patches) == 1
    assert seen[0].pixels == b"".join(bytes([n]) * 40 for n in range(6))
    assert seen[0].selection == b"".join(bytes([100 + n]) * 10 for n in range(6))
    news = [job.news.get_nowait() for _ in range(job.news.qsize())]
    assert [step.stage for step in news] == ["send"] * 12 + ["load", "detect", "restore"]
    assert [step.done for step in news[:12]] == list(range(12))


def test_gimp_is_read_in_the_thread_that_feeds(home: EngineHome) -> None:
    threads = set()

    def strips() -> Iterator[bytes]:
        for _ in range(6):
            threads.add(threading.current_thread())
            time.sleep(0.01)
            yield bytes(40)

    with serving(home):
        job = Job(Picture(Request(10, 6), strips(), (6, 0)), reaching(home))
        finish(job)
    job.result()
    assert threads == {threading.current_thread()}
    assert job.reading >= 0.06


def test_no_more_is_read_than_the_engine_takes(home: EngineHome) -> None:
    go = threading.Event()

    def behave(visit: Visit) -> None:
        go.wait(PATIENCE)
        restore(visit)

    read = []

    def strips() -> Iterator[bytes]:
        for number in range(9):
            read.append(number)
            yield bytes(40)

    with serving(home, behave):
        job = Job(Picture(Request(10, 9), strips(), (9, 0)), reaching(home))
        assert [job.feed() for _ in range(9)] == [True] * AHEAD + [False] * (9 - AHEAD)
        assert len(read) == AHEAD + 1
        go.set()
        finish(job)
    job.result()


def test_a_picture_that_is_gone_is_noticed(home: EngineHome) -> None:
    taken, there = threading.Event(), threading.Event()
    there.set()

    def behave(visit: Visit) -> None:
        visit.take()
        taken.set()
        with pytest.raises(GpenError):
            visit.channel.receive()

    def check() -> None:
        if not there.is_set():
            raise GpenError("image_gone", "The image was closed.")

    def strips() -> Iterator[bytes]:
        for _ in range(6):
            assert there.is_set()
            yield bytes(40)

    for when in (lambda: True, taken.is_set):  # before all is read, and afterwards
        there.set()
        with serving(home, behave):
            job = Job(Picture(Request(10, 6), strips(), (6, 0), check), reaching(home))
            end = time.monotonic() + PATIENCE
            job.feed()
            while not when():
                assert time.monotonic() < end
                job.feed(0.005)
            there.clear()
            with pytest.raises(GpenError, match="closed"):
                finish(job)
            job.cancel()
            job.wait(PATIENCE)


def test_cancelling_ends_a_job_whose_engine_is_silent(home: EngineHome) -> None:
    taken, closed = threading.Event(), threading.Event()

    def behave(visit: Visit) -> None:
        visit.take()
        taken.set()
        with pytest.raises(GpenError):
            visit.channel.receive()
        closed.set()

    with serving(home, behave):
        job = Job(picture(), reaching(home))
        read = 0
        while read < 6:
            read += job.feed()
        assert taken.wait(PATIENCE)
        began = time.monotonic()
        job.cancel()
        job.wait(PATIENCE)
        assert job.finished
        assert time.monotonic() - began < 5
        assert closed.wait(PATIENCE)  # the engine sees it
    with pytest.raises(GpenError) as caught:
        job.result()
    assert caught.value.code == "cancelled"


def test_cancelling_ends_a_job_that_waits_for_gimp(home: EngineHome) -> None:
    with serving(home):
        job = Job(picture(), reaching(home))  # never fed
        job.cancel()
        job.wait(PATIENCE)
        assert job.finished
    with pytest.raises(GpenError, match="cancelled"):
        job.result()


def test_cancelling_ends_the_start_of_an_engine() -> None:
    def reach(starting: Callable[[], None], cancelled: Callable[[], bool]) -> Engine:
        starting()
        while not cancelled():
            time.sleep(0.001)
        raise GpenError("cancelled", "The restoration was cancelled.")

    job = Job(picture(), reach)
    while latest(job) is None:
        time.sleep(0.001)
    job.cancel()
    job.wait(PATIENCE)
    assert job.finished


@pytest.mark.parametrize("taken", [False, True])
def test_what_the_engine_says_is_raised(home: EngineHome, taken: bool) -> None:
    def behave(visit: Visit) -> None:
        if taken:
            visit.take()
        raise GpenError("no_face", "No face was found.", "Look again.")

    with serving(home, behave):
        job = Job(picture(), reaching(home))
        finish(job)
    with pytest.raises(GpenError) as caught:
        job.result()
    assert (caught.value.code, caught.value.hint) == ("no_face", "Look again.")


def leaves_at_once(visit: Visit) -> None:
    pass


def leaves_with_the_picture(visit: Visit) -> None:
    visit.take()
    visit.tell("detect", 0, 1)


@pytest.mark.parametrize("behave", [leaves_at_once, leaves_with_the_picture])
def test_an_engine_that_dies_is_noticed(home: EngineHome, behave: Callable[[Visit], None]) -> None:
    with serving(home, behave):
        job = Job(picture(), reaching(home))
        finish(job)
    with pytest.raises(GpenError) as caught:
        job.result()
    assert caught.value.code == "gone"


def test_no_engine_at_all(home: EngineHome) -> None:
    job = Job(picture(), reaching(home))
    finish(job)
    with pytest.raises(GpenError, match="not running"):
        job.result()


def test_nothing_comes_of_a_job_that_goes_on(home: EngineHome) -> None:
    with serving(home):
        job = Job(picture(), reaching(home))
        with pytest.raises(RuntimeError):
            job.result()
        finish(job)


def test_the_picture_of_a_layer_and_its_selection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gpen_engine.wire.channel.STRIP", 16)
    image = fake_gi.Image(4, 3)
    image.select(1, 1, 3, 2)
    layer = image.layer(offsets=(1, 0))
    layer.plane[:] = bytes(range(48))
    target = find_target(image, [layer])
    area, selected = target.area()
    request = Settings().request(area.width, area.height, "u8", selected)
    sent = picture_of(target, layer, area, request)
    assert sent.counts == (3, 1)
    strips = list(sent.strips)
    assert b"".join(strips[:3]) == layer.plane
    # The selection is counted from the layer's corner, and ends with the canvas.
    assert strips[3] == bytes(4) + b"\xff\xff\0\0" + bytes(4)


def test_a_layer_that_is_gone_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gpen_engine.wire.channel.STRIP", 16)
    image = fake_gi.Image(4, 3)
    target = find_target(image, [image.layer()])
    area, _ = target.area()
    sent = picture_of(target, target.layer, area, Settings().request(4, 3, "u8", False))
    sent.check()
    target.layer.delete()
    with pytest.raises(GpenError, match="deleted"):
        sent.check()
