"""The client, beside engines that do what they should not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Listener, answer_challenge, deliver_challenge
from typing import Any

import pytest

from gpen_engine.errors import GpenError
from gpen_engine.wire import (
    PROTOCOL,
    Download,
    EngineHome,
    Fetch,
    Fetched,
    Hello,
    Launch,
    ModelInfo,
    ModelList,
    PatchInfo,
    Progress,
    Reply,
    Request,
    client,
    connect,
)
from gpen_engine.wire.channel import Channel
from gpen_engine.wire.client import STEP, wait_until_gone
from gpen_engine.wire.messages import as_header, error_header

HELLO = as_header("hello", Hello(PROTOCOL, "1.0", 1))
REQUEST = Request(20, 10)
Play = Callable[[Channel], None]


@pytest.fixture
def engine(engine_home: EngineHome) -> Iterator[Callable[[Play], EngineHome]]:
    """Plays an engine's part in one conversation, from its hello on."""
    threads = []
    engine_home.make()
    key = engine_home.new_key()
    with Listener(engine_home.address) as listener:

        def begin(play: Play) -> EngineHome:
            def run() -> None:
                with listener.accept() as connection:
                    deliver_challenge(connection, key)
                    answer_challenge(connection, key)
                    channel = Channel(connection, stalled=5)
                    channel.send(HELLO)
                    play(channel)

            threads.append(threading.Thread(target=run))
            threads[-1].start()
            return engine_home

        yield begin
        for thread in threads:
            thread.join(10)
            assert not thread.is_alive()


def reply(*patches: PatchInfo) -> dict[str, Any]:
    return as_header("result", Reply("m", None, "cpu", "1.0", (), patches))


def accept(channel: Channel) -> None:
    """Takes the request and the picture."""
    assert Request.parse(channel.receive()) == REQUEST
    channel.send({"kind": "send"})
    channel.receive_rows(bytearray(800), 80)


def restore(home: EngineHome, **more: Any) -> Any:
    with connect(home) as engine:
        assert engine.hello == Hello(PROTOCOL, "1.0", 1)
        return engine.restore(REQUEST, [bytes(80 * 4), bytes(80 * 6)], **more)


def test_a_restoration(engine) -> None:
    info = PatchInfo(3, 2, 4, 5, (0,))

    def play(channel: Channel) -> None:
        assert Request.parse(channel.receive()) == REQUEST
        channel.send(as_header("progress", Progress("waiting", 2, 0)))
        channel.send({"kind": "send"})
        channel.receive_rows(bytearray(800), 80)
        channel.send(as_header("progress", Progress("a new stage", 1, 2)))
        channel.send({**reply(info), "of a later version": {}})
        channel.send_rows([bytes([1] * 80), bytes([2] * 20)])

    seen: list[Progress] = []
    got, (patch,) = restore(engine(play), progress=seen.append)
    assert seen == [Progress("waiting", 2, 0), Progress("a new stage", 1, 2)]
    assert got.patches == (info,)
    assert patch.info == info
    assert (patch.pixels, patch.coverage) == (bytearray([1] * 80), bytearray([2] * 20))


def test_an_error_in_place_of_any_message(engine) -> None:
    error = GpenError("no_face", "No face.", "Look again.")
    plays: list[Play] = [
        lambda c: c.send(error_header(error)),
        lambda c: (c.receive(), c.send(error_header(error))),  # type: ignore
        lambda c: (accept(c), c.send(error_header(error))),  # type: ignore
    ]
    for play in plays:
        with pytest.raises(GpenError) as told:
            restore(engine(play))
        assert (told.value.code, told.value.sentence, told.value.hint) == (
            *("no_face", "No face.", "Look again."),
        )


def test_an_error_while_the_picture_is_sent(engine) -> None:
    """The engine closes before it has read everything; what it said counts, not the broken pipe."""

    def play(channel: Channel) -> None:
        channel.receive()
        channel.send({"kind": "send"})
        channel.receive_rows(bytearray(80), 80)
        channel.send(error_header(GpenError("stopped", "Stopped.")))

    with connect(engine(play)) as client, pytest.raises(GpenError) as told:
        client.restore(Request(20, 1 << 18), (bytes(80) for _ in range(1 << 18)))
    assert told.value.code == "stopped"


@pytest.mark.parametrize(
    "patch",
    [
        PatchInfo(0, 0, 21, 1, ()),
        PatchInfo(20, 0, 1, 1, ()),
        PatchInfo(0, 9, 20, 2, ()),
        PatchInfo(1 << 60, 0, 1, 1, ()),
        PatchInfo(0, 0, 1 << 40, 1 << 40, ()),
    ],
)
def test_patches_outside_of_the_picture_are_refused(engine, patch: PatchInfo) -> None:
    def play(channel: Channel) -> None:
        accept(channel)
        channel.send(reply(patch))

    with pytest.raises(GpenError) as refused:
        restore(engine(play))
    assert refused.value.code == "protocol"


@pytest.mark.parametrize(
    "message", [{"kind": "send"}, {"kind": "hello"}, {"kind": "result"}, {"kind": "error"}]
)
def test_messages_out_of_turn_are_refused(engine, message: dict[str, Any]) -> None:
    def play(channel: Channel) -> None:
        accept(channel)
        channel.send(message)

    with pytest.raises(GpenError) as refused:
        restore(engine(play))
    assert refused.value.code == "protocol"


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_an_engine_that_is_killed(engine, after: int) -> None:
    def play(channel: Channel) -> None:
        if after > 0:
            channel.receive()
        if after > 1:
            channel.send({"kind": "send"})
            channel.receive_rows(bytearray(800), 80)
        if after > 2:
            channel.send(reply(PatchInfo(0, 0, 20, 10, ())))
            channel.send_rows([bytes(80)])

    with pytest.raises(GpenError) as gone:
        restore(engine(play))
    assert gone.value.code == "gone"


def test_signs_of_life_are_no_news(engine) -> None:
    alive = as_header("alive")

    def play(channel: Channel) -> None:
        assert Request.parse(channel.receive()) == REQUEST
        for header in (alive, alive, {"kind": "send"}, alive):
            channel.send(header)
        channel.receive_rows(bytearray(800), 80)
        for header in (alive, as_header("progress", Progress("load", 0, 0)), alive, reply()):
            channel.send(header)

    seen: list[Progress] = []
    restore(engine(play), progress=seen.append)
    assert seen == [Progress("load", 0, 0)]


HANGS: dict[str, Play] = {
    "before it asks for the picture": lambda c: None,
    "while the picture is sent": lambda c: c.send({"kind": "send"}),
    "at work": lambda c: (c.send({"kind": "send"}), c.receive_rows(bytearray(800), 80)),  # type: ignore
    "with its answer": lambda c: (  # type: ignore
        c.send({"kind": "send"}),
        c.receive_rows(bytearray(800), 80),
        c.send(reply(PatchInfo(0, 0, 20, 10, ()))),
    ),
}


@pytest.mark.parametrize("when", HANGS)
def test_an_engine_that_hangs_is_given_up(engine, monkeypatch, when: str) -> None:
    monkeypatch.setattr(client, "SILENCE", 4 * STEP)
    over = threading.Event()

    def play(channel: Channel) -> None:
        channel.receive()
        HANGS[when](channel)
        over.wait(5)

    request = Request(20, 1 << 18) if "is sent" in when else REQUEST
    rows = (bytes(80 << 10) for _ in range(1 << 8)) if "is sent" in when else [bytes(800)]
    with connect(engine(play)) as asking, pytest.raises(GpenError) as stuck:
        asking.restore(request, rows)
    over.set()
    assert stuck.value.code == "engine_stuck"
    assert "(process 1)" in stuck.value.sentence


def test_an_engine_that_is_slow_but_alive_is_not_given_up(engine, monkeypatch) -> None:
    monkeypatch.setattr(client, "SILENCE", 4 * STEP)

    def play(channel: Channel) -> None:
        accept(channel)
        for _ in range(6):
            time.sleep(2 * STEP)
            channel.send(as_header("alive"))
        channel.send(reply())

    assert restore(engine(play))[1] == []


def test_models_are_listed(engine) -> None:
    models = ModelList((ModelInfo("One", True, default=True), ModelInfo("Two", False, 512, 284.1)))

    def play(channel: Channel) -> None:
        assert channel.receive() == {"kind": "models", "protocol": PROTOCOL}
        channel.send(as_header("alive"))
        channel.send(as_header("models", models))

    with connect(engine(play)) as asking:
        assert asking.models() == models


def test_a_model_is_fetched(engine) -> None:
    steps = [Download("download", 1, 3, 2.5), Download("check", 0, 0, 0.0)]

    def play(channel: Channel) -> None:
        header = channel.receive()
        assert (header["kind"], header["protocol"]) == ("fetch", PROTOCOL)
        assert Fetch.parse(header) == Fetch("Two", True)
        for step in steps:
            channel.send(as_header("download", step))
            channel.send(as_header("alive"))
        channel.send(as_header("fetched", Fetched("/models/Two.pth", "00", True)))

    seen: list[Download] = []
    with connect(engine(play)) as asking:
        there = asking.fetch(Fetch("Two", True), progress=seen.append)
    assert there == Fetched("/models/Two.pth", "00", True)
    assert seen == steps


def test_cancelling_a_download_closes_the_connection(engine) -> None:
    left = threading.Event()

    def play(channel: Channel) -> None:
        channel.receive()
        channel.send(as_header("download", Download("download", 1, 3, 2.5)))
        assert channel.arrived(5)  # that it closed
        left.set()

    seen: list[Download] = []
    with connect(engine(play)) as asking, pytest.raises(GpenError) as cancelled:
        asking.fetch(Fetch("Two", True), progress=seen.append, cancelled=lambda: bool(seen))
    assert (cancelled.value.code, cancelled.value.sentence) == (
        *("cancelled", "The download was cancelled."),
    )
    assert left.wait(5)


def test_cancelling_closes_the_connection_at_once(engine) -> None:
    left = threading.Event()

    def play(channel: Channel) -> None:
        accept(channel)
        assert channel.arrived(5)  # that it closed
        left.set()

    asked = iter([False, False, False, True])
    with pytest.raises(GpenError) as cancelled:
        restore(engine(play), cancelled=lambda: next(asked, True))
    assert cancelled.value.code == "cancelled"
    assert left.wait(5)


def test_no_engine_runs(engine_home: EngineHome) -> None:
    for _ in range(2):
        with pytest.raises(GpenError) as gone:
            connect(engine_home)
        assert gone.value.code == "gone"
        engine_home.make()
        engine_home.new_key()
    assert wait_until_gone(engine_home, 0.1)


def test_one_that_stays(engine) -> None:
    assert not wait_until_gone(engine(lambda channel: None), 0.01)


def test_something_else_that_listens_there(engine_home: EngineHome) -> None:
    engine_home.make()
    engine_home.new_key()
    engine_home.write_launch(Launch(("gpen",), "1.0", "python3 here/install.py"))
    with Listener(engine_home.address) as listener:

        def run() -> None:
            with listener.accept() as connection:
                connection.send_bytes(b"good morning")

        thread = threading.Thread(target=run)
        thread.start()
        with pytest.raises(GpenError) as refused:
            connect(engine_home)
        assert refused.value.code == "engine_refused"
        assert "gpen serve" not in refused.value.hint  # a photographer's terminal has no gpen
        assert refused.value.hint.endswith("open a terminal and run: python3 here/install.py")
        thread.join()
