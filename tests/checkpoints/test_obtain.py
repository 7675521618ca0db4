"""Known models from a local server: checked before they get their name."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import web_server as web
from checkpoint_forms import FLAT, SMALL, network
from web_server import Web

from gpen_engine.checkpoints.catalogue import DEFAULT, Entry
from gpen_engine.checkpoints.download import Progress
from gpen_engine.checkpoints.obtain import Obtained, obtain
from gpen_engine.checkpoints.records import Records
from gpen_engine.errors import GpenError
from gpen_engine.lock import Lock
from gpen_engine.network import GpenConfig
from gpen_engine.wire import EngineHome


def packed(config: GpenConfig, **faults: float) -> bytes:
    state = {key: tensor.clone() for key, tensor in network(config).state_dict().items()}
    for key, value in faults.items():
        state[key.replace("__", ".")].view(-1)[0] = value
    file = io.BytesIO()
    torch.save(state, file)
    return file.getvalue()


CONTENT = packed(SMALL)
SUM = hashlib.sha256(CONTENT).hexdigest()
SIZE = len(CONTENT)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Web() as running:
        yield running


def entry(*urls: str, sha256: str | None = SUM, **more: Any) -> Entry:
    """The small network as a known model."""
    size = SIZE if sha256 else None
    made = Entry("Small-128", "restore", SMALL, "Small-128.pth", 3.0, "Free.", "None", urls)
    return dataclasses.replace(made, **{"bytes": size, "sha256": sha256, **more})


def get(wanted: Entry, **more: Any) -> Obtained:
    return obtain(wanted, **{"backoff": 0.001, "patience": 5, **more})


def fails(wanted: Entry, **more: Any) -> GpenError:
    with pytest.raises(GpenError) as caught:
        get(wanted, **more)
    return caught.value


def left(home: EngineHome) -> set[str]:
    return {path.name for path in home.models.iterdir()}


@pytest.mark.parametrize("sha256", [SUM, None])
def test_a_model_comes_with_its_sum(
    server: Web, engine_home: EngineHome, sha256: str | None
) -> None:
    url = server.put("/model", CONTENT)
    told: list[Progress] = []
    steps: list[str] = []
    wanted = entry(url, sha256=sha256)
    there = get(wanted, progress=told.append, checking=lambda: steps.append("checking"))
    assert there == Obtained(engine_home.models / "Small-128.pth", SUM, sha256 is not None)
    assert there.path.read_bytes() == CONTENT
    assert told[-1].done == SIZE
    assert steps == ["checking"]
    assert left(engine_home) == {"Small-128.pth", "sums.json"}
    assert Records(engine_home.models).sum_of(there.path) == SUM
    assert get(wanted) == there  # and asks nobody
    assert len(server.asked) == 1


def test_what_is_no_network_is_thrown_away(server: Web, engine_home: EngineHome) -> None:
    url = server.put("/model", b"<html>Please log in to the hotel")
    error = fails(entry(url, sha256=None))
    assert error.code == "checksum"
    assert error.sentence.startswith("What 127.0.0.1 gave for Small-128 is not usable. The file")
    assert left(engine_home) == set()
    target = engine_home.models / "Small-128.pth"
    assert error.hint == (
        "It was thrown away. Try again later. Or put the file there by hand:"
        f" save {url} as {target}; then run: gpen models verify Small-128"
    )


@pytest.mark.parametrize(
    "content",
    [
        packed(FLAT[0]),
        packed(SMALL, final_linear__0__bias=float("nan")),
        CONTENT[:-30_000],
        CONTENT[:2_000],
        b"",
    ],
    ids=["other", "nan", "short", "very short", "empty"],
)
def test_without_a_sum_the_content_must_be_right(
    server: Web, engine_home: EngineHome, content: bytes
) -> None:
    assert fails(entry(server.put("/model", content), sha256=None)).code == "checksum"
    assert left(engine_home) == set()


def test_other_bytes_than_the_published_are_thrown_away(
    server: Web, engine_home: EngineHome
) -> None:
    wrong = bytearray(CONTENT)
    wrong[SIZE // 2] ^= 1  # a sound network still, but not the authors'
    url = server.put("/model", bytes(wrong))
    error = fails(entry(url))
    assert error.code == "checksum"
    assert hashlib.sha256(wrong).hexdigest() in error.sentence
    assert f"SHA-256 {SUM}; then run" in error.hint
    assert len(server.asked) == 1
    assert left(engine_home) == set()


def test_after_wrong_bytes_the_mirror_is_asked(server: Web, engine_home: EngineHome) -> None:
    bad, good = server.put("/bad", bytes(SIZE)), server.put("/good", CONTENT)
    there = get(entry(bad, good))
    assert there.path.read_bytes() == CONTENT
    assert server.ranges() == [None, None]


def test_a_mirror_does_not_suffer_for_the_bytes_of_another(server: Web) -> None:
    bad = server.put("/bad", bytes(SIZE), web.breaks(50_000), web.status(404))
    good = server.put("/good", CONTENT)
    there = get(entry(bad, good))  # completed first, and asked anew when the sum was wrong
    assert there.path.read_bytes() == CONTENT
    assert server.ranges() == [None, "bytes=50000-", "bytes=50000-", None]


def test_a_spoiled_part_of_an_earlier_call_is_fetched_anew(
    server: Web, engine_home: EngineHome
) -> None:
    url = server.put("/model", CONTENT, web.breaks(50_000), web.status(404))
    assert fails(entry(url)).code == "download_failed"
    part = engine_home.models / "Small-128.pth.part"
    part.write_bytes(bytes(50_000))
    assert get(entry(url)).path.read_bytes() == CONTENT
    assert server.ranges()[2:] == ["bytes=50000-", None]


def test_cancelled_and_taken_up_again(server: Web, engine_home: EngineHome) -> None:
    url = server.put("/model", CONTENT, web.drips)
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    error = fails(entry(url), cancel=stop.is_set)
    assert error.code == "cancelled"
    assert "by hand" not in error.hint
    assert "Small-128.pth.part" in left(engine_home)
    assert get(entry(url)).path.read_bytes() == CONTENT
    assert server.ranges()[1] is not None


def test_a_failed_download_says_how_to_do_it_by_hand(server: Web, engine_home: EngineHome) -> None:
    url = server.put("/model", CONTENT, web.status(404))
    error = fails(entry(url))
    assert error.code == "download_failed"
    assert f"save {url} as {engine_home.models / 'Small-128.pth'}, SHA-256 {SUM}" in error.hint


def test_what_comes_along_is_not_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert obtain(DEFAULT) == Obtained(DEFAULT.path, DEFAULT.sha256, True)
    gone = dataclasses.replace(DEFAULT, file="gone.safetensors")
    error = fails(gone)
    assert error.code == "model_missing"
    assert "install.py" in error.hint


def test_a_model_of_another_format_counts_as_there(engine_home: EngineHome) -> None:
    engine_home.models.mkdir()
    file = engine_home.models / "small-128.safetensors"
    file.write_bytes(b"mine")
    there = get(entry("https://nowhere.invalid/"))
    assert there == Obtained(file, hashlib.sha256(b"mine").hexdigest(), False)


def test_two_do_not_write_the_same_part(server: Web, engine_home: EngineHome) -> None:
    engine_home.models.mkdir()
    lock = Lock(engine_home.models / "Small-128.pth.lock")
    assert lock.take()
    url = server.put("/model", CONTENT)
    assert fails(entry(url)).code == "busy"
    lock.release()
    get(entry(url))


@pytest.mark.parametrize("blocked", ["models", "home"])
def test_no_folder_can_be_made(server: Web, engine_home: EngineHome, blocked: str) -> None:
    if blocked == "models":
        engine_home.models.touch()
    else:
        engine_home.folder.rmdir()
        engine_home.folder.touch()
    error = fails(entry(server.put("/model", CONTENT)))
    if blocked == "home":
        engine_home.folder.unlink()
    assert error.code == "cannot_write"
    assert server.asked == []


def test_the_rename_fails(
    server: Web, engine_home: EngineHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.put("/model", CONTENT)

    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied", str(target))

    with monkeypatch.context() as context:
        context.setattr(Path, "replace", refuse)
        assert fails(entry(url)).code == "cannot_write"
    assert get(entry(url)).path.read_bytes() == CONTENT
    assert len(server.asked) == 1  # all bytes were kept
