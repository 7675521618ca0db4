"""Frames: headers and rows over a connection."""

from __future__ import annotations

import itertools
import json
import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection, Pipe
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strangers import json_values, refusal

from gpen_engine.errors import GpenError
from gpen_engine.wire import channel as module
from gpen_engine.wire.channel import (
    MOST_HEADER,
    MOST_STRIP,
    STRIP,
    Channel,
    rows_per_strip,
    set_timeouts,
    strips,
)


def pair(stalled: float = 5.0) -> tuple[Channel, Channel]:
    here, there = Pipe()
    return Channel(here, stalled=stalled), Channel(there, stalled=stalled)


@pytest.fixture
def both() -> Iterator[tuple[Channel, Channel]]:
    here, there = pair()
    yield here, there
    here.close()
    there.close()


@pytest.fixture(params=["readv", "portable"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without the short cut of POSIX."""
    if request.param == "portable":
        monkeypatch.delattr(os, "readv", raising=False)


def raw(channel: Channel, data: bytes) -> None:
    with open(channel.connection.fileno(), "wb", closefd=False) as file:
        file.write(data)


@given(st.dictionaries(st.text(), json_values))
def test_headers_come_back_as_they_were(header: dict[str, Any]) -> None:
    here, there = pair()
    here.send({**header, "kind": "x"})
    got = there.receive()
    assert json.dumps(got) == json.dumps({**header, "kind": "x"})  # NaN is not itself
    here.close()
    there.close()


@given(st.binary(max_size=200) | json_values.map(lambda v: json.dumps(v).encode()))
def test_any_frame_is_a_header_or_refused(frame: bytes) -> None:
    here, there = pair()
    here.connection.send_bytes(frame)
    assert refusal(there.receive) in ("", "protocol")
    here.close()
    there.close()


@given(st.binary(min_size=1, max_size=60))
def test_any_bytes_are_a_frame_or_refused(data: bytes) -> None:
    """Without a frame around them; the other side leaves."""
    here, there = pair()
    raw(here, data)
    here.close()
    while not (code := refusal(there.receive)):
        pass
    assert code in ("protocol", "gone")
    there.close()


@given(st.data())
def test_rows_come_in_as_many_frames_as_the_sender_likes(data: st.DataObject) -> None:
    row_bytes, rows = data.draw(st.integers(1, 50)), data.draw(st.integers(1, 30))
    picture = data.draw(st.binary(min_size=row_bytes * rows, max_size=row_bytes * rows))
    cuts = sorted(data.draw(st.sets(st.integers(1, rows - 1)))) if rows > 1 else []
    here, there = pair()
    edges = [0, *cuts, rows]
    here.send_rows(picture[a * row_bytes : b * row_bytes] for a, b in itertools.pairwise(edges))
    into, calls = bytearray(len(picture)), []
    there.receive_rows(into, row_bytes, lambda: calls.append(bytes(into)))
    assert bytes(into) == picture
    assert len(calls) == len(edges) - 1
    here.close()
    there.close()


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=6))
def test_rows_of_any_frames_are_whole_or_refused(frames: list[bytes]) -> None:
    here, there = pair()
    for frame in frames:
        here.connection.send_bytes(frame)
    here.close()
    into = bytearray(60)
    code = refusal(lambda: there.receive_rows(into, 10))
    assert code in ("", "protocol", "gone")
    if not code:
        assert b"".join(frames).startswith(into)
    there.close()


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize(
    "frames", [[b""], [bytes(15)], [bytes(70)], [bytes(30), bytes(40)], [bytes(30), b""]]
)
def test_rows_of_a_wrong_length(both: tuple[Channel, Channel], frames: list[bytes]) -> None:
    here, there = both
    for frame in frames:
        here.connection.send_bytes(frame)
    with pytest.raises(GpenError) as refused:
        there.receive_rows(bytearray(60), 10)
    assert refused.value.code == "protocol"


@pytest.mark.usefixtures("either_way")
def test_rows_and_headers_mix(both: tuple[Channel, Channel]) -> None:
    here, there = both
    picture = bytes(range(250)) * 4000  # more than a socket holds
    got = bytearray(len(picture))

    def send() -> None:
        here.send({"kind": "first"})
        here.send_rows(strips(picture, 250))
        here.send({"kind": "last"})

    thread = threading.Thread(target=send)
    thread.start()
    assert there.receive() == {"kind": "first"}
    there.receive_rows(memoryview(got), 250)
    assert there.receive() == {"kind": "last"}
    thread.join()
    assert got == picture


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("end", [b"", b"\0\0", b"\0\0\0\x14" + bytes(7)])
def test_one_who_leaves_between_rows(both: tuple[Channel, Channel], end: bytes) -> None:
    here, there = both
    here.send_rows([bytes(20)])
    raw(here, end)
    here.close()
    with pytest.raises(GpenError) as gone:
        there.receive_rows(bytearray(60), 10)
    assert gone.value.code == "gone"


def test_rows_may_be_stopped(both: tuple[Channel, Channel]) -> None:
    here, there = both
    here.send_rows([bytes(20), bytes(40)])

    def stop() -> None:
        raise GpenError("stopped", "Stopped.")

    with pytest.raises(GpenError, match="Stopped"):
        there.receive_rows(bytearray(60), 10, stop)


@pytest.mark.parametrize("length", [MOST_HEADER + 1, (1 << 31) - 1, -1])
def test_a_header_that_is_too_long(both: tuple[Channel, Channel], length: int) -> None:
    """Nothing of it is read, and nothing allocated for it."""
    here, there = both
    raw(here, struct.pack("!iQ", length, 1 << 40))
    with pytest.raises(GpenError) as refused:
        there.receive()
    assert refused.value.code == "protocol"
    assert "too long" in refused.value.sentence


@pytest.mark.parametrize("length", [MOST_STRIP + 1, (1 << 31) - 1, -2, -(1 << 31)])
def test_a_strip_that_is_too_long(both: tuple[Channel, Channel], length: int) -> None:
    here, there = both
    raw(here, struct.pack("!i", length))
    with pytest.raises(GpenError) as refused:
        there.receive_rows(bytearray(60), 10)
    assert refused.value.code == "protocol"


def test_the_long_form_of_a_length(both: tuple[Channel, Channel]) -> None:
    here, there = both
    raw(here, struct.pack("!iQ", -1, 20) + bytes(range(20)))
    raw(here, struct.pack("!iQ", -1, 1 << 63))
    into = bytearray(20)
    there.receive_rows(into, 10)
    assert into == bytes(range(20))
    with pytest.raises(GpenError) as refused:
        there.receive_rows(bytearray(60), 10)
    assert refused.value.code == "protocol"


def test_one_who_says_nothing_is_given_up() -> None:
    here, there = pair(stalled=0.2)
    started = time.monotonic()
    for wait in (there.receive, lambda: there.receive_rows(bytearray(10), 10)):
        with pytest.raises(GpenError) as gone:
            wait()
        assert gone.value.code == "gone"
    assert 0.3 < time.monotonic() - started < 20
    here.close()
    there.close()


def test_one_who_does_not_read_is_given_up() -> None:
    here, there = pair(stalled=0.2)
    with pytest.raises(GpenError) as gone:
        here.send_rows(strips(bytes(1 << 23), 1 << 10))
    assert gone.value.code == "gone"
    here.close()
    there.close()


def test_arrived(both: tuple[Channel, Channel]) -> None:
    here, there = both
    assert not there.arrived(0)
    here.send({"kind": "x"})
    assert there.arrived(1)
    there.receive()
    here.close()
    assert there.arrived(1)  # so that a closed connection is noticed
    with pytest.raises(GpenError):
        there.receive()


def test_a_channel_closed_on_this_side(both: tuple[Channel, Channel]) -> None:
    here, _ = both
    here.close()
    for act in (
        lambda: here.send({"kind": "x"}),
        here.receive,
        lambda: here.arrived(0),
        lambda: here.send_rows([b"x"]),
        lambda: here.receive_rows(bytearray(1), 1),
    ):
        with pytest.raises(GpenError) as gone:
            act()
        assert gone.value.code == "gone"


def test_strips_are_whole_rows_and_no_copies() -> None:
    rows = bytearray(10 * 1000)
    for size in (STRIP, 1 << 12):
        module_strip, module.STRIP = module.STRIP, size
        try:
            cut = list(strips(rows, 1000))
            assert sum(len(strip) for strip in cut) == len(rows)
            assert all(len(strip) % 1000 == 0 for strip in cut)
            assert len(cut) == (1 if size == STRIP else 3)
            assert all(strip.obj is rows for strip in cut)
        finally:
            module.STRIP = module_strip
    assert rows_per_strip(STRIP * 2) == 1
    assert rows_per_strip(1) == STRIP


def test_timeouts_may_have_fractions() -> None:
    left, right = socket.socketpair()
    connection = Connection(left.detach())
    set_timeouts(connection, 1.25)
    with socket.socket(fileno=os.dup(connection.fileno())) as same:
        got = same.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16)
    assert struct.unpack("@ll", got) in ((1, 250_000), (1, 252_000))
    connection.close()
    right.close()
