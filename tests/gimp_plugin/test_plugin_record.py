from __future__ import annotations

import json

import pytest
from record import Record
from settings import Settings

from gpen_engine.wire import FaceInfo, Reply

REPLY = Reply(
    "GPEN-BFR-512", "ab" * 32, "cpu", "0.1.0", (FaceInfo((1, 2, 3, 4), (0.0,) * 10, 0.9, 0.95),), ()
)


def test_what_is_written_is_understood() -> None:
    record = Record(Settings(strength=0.4, model="x"), 17, (300, 200))
    assert Record.parse(record.written(REPLY, (10, 20))) == record


def test_what_is_written_says_how_it_was_made() -> None:
    known = json.loads(
        Record(Settings(strength=0.4, seed=3), 17, (300, 200)).written(REPLY, (10, 20))
    )
    assert known["model"] == "GPEN-BFR-512"
    assert known["sha256"] == "ab" * 32
    assert known["strength"] == 0.4
    assert known["seed"] == 3
    assert known["engine"] == "0.1.0"
    assert known["source"] == {"tattoo": 17, "size": [300, 200]}
    assert known["faces"] == [
        {"box": [11, 22, 13, 24], "score": 0.9, "similarity": 0.95, "restored": True}
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"source": 1, "settings": {}}',
        b'{"source": {"size": [1], "tattoo": 1}, "settings": {}}',
        b'{"source": {"size": [1, 2], "tattoo": "x"}, "settings": {}}',
        b'{"source": {"size": [1, 2], "tattoo": 1}, "settings": []}',
    ],
)
def test_what_is_not_understood_is_no_record(data: bytes) -> None:
    assert Record.parse(data) is None
