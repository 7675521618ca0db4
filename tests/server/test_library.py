"""Models that the engine lists, and downloads beside its worker."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from serving import (
    PATIENCE,
    Gate,
    PaintedModel,
    asked,
    begun,
    friend,
    next_but_progress,
    request_for,
    restored,
    said_error,
    until,
)
from web_server import Web, status, trickles

from gpen_engine import GpenError
from gpen_engine.checkpoints import catalogue
from gpen_engine.checkpoints.records import Records
from gpen_engine.network import GpenConfig
from gpen_engine.server import Service, conversation
from gpen_engine.server.log import NAME
from gpen_engine.wire import PROTOCOL, Download, EngineHome, Fetch, Fetched, connect
from gpen_engine.wire.channel import strips

SLOW = trickles(5e6)
"""A second or so for the small model."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Web() as running:
        yield running


@pytest.fixture
def lent(server: Web, model_file: Path, monkeypatch: pytest.MonkeyPatch) -> catalogue.Entry:
    """A known model that lies on the server."""
    content = model_file.read_bytes()
    entry = catalogue.Entry(
        name="Lent-64",
        task="restore",
        network=GpenConfig(64, 64, 1, 0.0625),
        file="Lent-64.safetensors",
        megabytes=len(content) / 1e6,
        terms="Free for tests.",
        citation="Nobody: Nothing",
        urls=(server.put("/lent", content),),
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    parser = dataclasses.replace(entry, name="Lent-Parser", task="parse")
    monkeypatch.setattr(catalogue, "ENTRIES", (*catalogue.ENTRIES, entry, parser))
    return entry


def fetched(home: EngineHome, name: str = "lent-64", **more: Any) -> Fetched:
    with connect(home) as engine:
        return engine.fetch(Fetch(name, True), **more)


def left(home: EngineHome) -> set[str]:
    return {path.name for path in home.models.iterdir()} if home.models.is_dir() else set()


def test_all_that_can_be_chosen_are_listed(
    service: Service, engine_home: EngineHome, lent: catalogue.Entry, model_file: Path
) -> None:
    engine_home.models.mkdir()
    for name in ("Attic.safetensors", "ParseNet.pth", "GPEN-BFR-256.pth", "gpen-bfr-512.pth.part"):
        shutil.copy(model_file, engine_home.models / name)
    part = engine_home.models / "Lent-64.safetensors.part"
    part.write_bytes(b"1234567")
    with connect(engine_home) as engine:
        models = engine.models()
        assert engine.status().state == "idle"  # one conversation may ask for several things
    own = [model.name for model in models.models if not model.task]
    assert own == ["Attic"]
    others = {m.task: m.name for m in models.models if m.task not in ("", "restore")}
    assert others == {
        "colorize": "GPEN-Colorization-1024",
        "inpaint": "GPEN-Inpainting-1024",
        "seg2face": "GPEN-Seg2face-512",
        "upscale": "realesrnet_x4",
    }
    names = [model.name for model in models.models if model.task in ("", "restore")]
    assert names == [
        *("GPEN-Mini-256", "GPEN-BFR-256", "GPEN-BFR-512", "GPEN-BFR-1024", "GPEN-BFR-2048"),
        *("Lent-64", "Attic"),
    ]
    here = [model.name for model in models.models if model.here]
    assert here == ["GPEN-Mini-256", "GPEN-BFR-256", "Attic"]
    assert [model.name for model in models.models if model.default] == ["GPEN-Mini-256"]
    known = models.named("lent-64")
    assert known
    assert (known.pixels, known.begun, known.source) == (64, 7, "127.0.0.1")
    assert (known.terms, known.citation) == ("Free for tests.", "Nobody: Nothing")
    assert known.megabytes == lent.megabytes
    own = models.named("Attic")
    assert own
    assert (own.terms, own.source) == ("", "")
    assert own.megabytes == pytest.approx(lent.megabytes)


def test_a_model_is_fetched_and_usable(
    service: Service, engine_home: EngineHome, lent: catalogue.Entry
) -> None:
    seen: list[Download] = []
    there = fetched(engine_home, progress=seen.append)
    path = engine_home.models / "Lent-64.safetensors"
    assert there == Fetched(str(path), lent.sha256, True)
    assert [step.stage for step in seen[-2:]] == ["download", "check"]
    assert (seen[-2].done, seen[-2].total) == (lent.bytes, lent.bytes)
    assert Records(engine_home.models).accepted("Free for tests.")
    assert f"download: {path} in " in (engine_home.logs / NAME).read_text()
    assert fetched(engine_home) == there  # which asks the server for nothing


def test_without_consent_nothing_is_fetched(
    service: Service, engine_home: EngineHome, lent: catalogue.Entry, server: Web
) -> None:
    with connect(engine_home) as engine, pytest.raises(GpenError) as refused:
        engine.fetch(Fetch("Lent-64", False))
    assert refused.value.code == "terms"
    assert "Free for tests." in refused.value.hint
    assert server.asked == []
    assert left(engine_home) == set()


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"name": "nobody"}, "model_missing"),
        ({"name": ""}, "model_missing"),
        ({"name": "../../etc/passwd"}, "model_missing"),
        ({"name": 5}, "protocol"),
        ({"accepted": "yes"}, "protocol"),
        ({"accepted": None}, "protocol"),
        ({"protocol": PROTOCOL + 1}, "version"),
    ],
)
def test_requests_that_are_none(
    service: Service, engine_home: EngineHome, lent, server: Web, fault: dict, code: str
) -> None:
    channel = friend(engine_home)
    header = {"kind": "fetch", "protocol": PROTOCOL, "name": "Lent-64", "accepted": True}
    channel.send({**header, **fault})
    assert said_error(channel) == code
    assert server.asked == []


def test_what_the_server_refuses_is_told(
    service: Service, engine_home: EngineHome, lent, server: Web
) -> None:
    server.scripts["/lent"] = [status(404)]
    with pytest.raises(GpenError) as told:
        fetched(engine_home)
    assert told.value.code == "download_failed"
    assert "download of lent-64: download_failed" in (engine_home.logs / NAME).read_text()


def test_a_client_that_leaves_ends_the_download_and_the_next_goes_on(
    service: Service, engine_home: EngineHome, lent: catalogue.Entry, server: Web
) -> None:
    server.scripts["/lent"] = [SLOW]
    seen: list[Download] = []
    with pytest.raises(GpenError) as cancelled:
        fetched(engine_home, progress=seen.append, cancelled=lambda: any(s.done for s in seen))
    assert cancelled.value.code == "cancelled"
    until(lambda: "Lent-64.safetensors.lock" not in left(engine_home))
    assert "Lent-64.safetensors.part" in left(engine_home)
    assert fetched(engine_home).sha256 == lent.sha256
    first, second = server.ranges()
    assert first is None
    assert second
    assert second.startswith("bytes=")
    assert not [name for name in left(engine_home) if ".part" in name]


def test_a_restoration_goes_on_beside_a_download(
    service: Service, engine_home: EngineHome, lent, server: Web, face: np.ndarray
) -> None:
    server.scripts["/lent"] = [SLOW]
    under_way = threading.Event()
    with ThreadPoolExecutor(1) as other:
        download = other.submit(fetched, engine_home, progress=lambda _: under_way.set())
        assert under_way.wait(PATIENCE)
        reply, _ = restored(engine_home, face)
        assert len(reply.faces) == 1
        assert not download.done()
        download.result(PATIENCE)


def test_two_want_the_same_model(
    service: Service, engine_home: EngineHome, lent: catalogue.Entry, server: Web
) -> None:
    """One downloads, the other sees how far it is, and both have it in the end."""
    server.scripts["/lent"] = [SLOW]
    under_way = threading.Event()
    seen: list[Download] = []
    with ThreadPoolExecutor(1) as other:
        first = other.submit(fetched, engine_home, progress=lambda _: under_way.set())
        assert under_way.wait(PATIENCE)
        second = fetched(engine_home, progress=seen.append)
        assert first.result(PATIENCE) == second
    assert {step.stage for step in seen} == {"follow"}
    assert seen[-1].total == lent.bytes
    assert len(server.asked) == 1


def test_the_second_takes_over_when_the_first_gives_up(
    service: Service, engine_home: EngineHome, lent: catalogue.Entry, server: Web
) -> None:
    server.scripts["/lent"] = [SLOW]
    under_way, enough = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as other:
        first = other.submit(
            fetched, engine_home, progress=lambda _: under_way.set(), cancelled=enough.is_set
        )
        assert under_way.wait(PATIENCE)
        second = fetched(engine_home, progress=lambda _: enough.set())
        with pytest.raises(GpenError):
            first.result(PATIENCE)
    assert second.sha256 == lent.sha256


def test_an_engine_that_is_stopped_ends_its_downloads(
    service: Service, engine_home: EngineHome, lent, server: Web
) -> None:
    server.scripts["/lent"] = [SLOW]
    under_way = threading.Event()
    with ThreadPoolExecutor(1) as other:
        download = other.submit(fetched, engine_home, progress=lambda _: under_way.set())
        assert under_way.wait(PATIENCE)
        with connect(engine_home) as engine:
            engine.stop()
        with pytest.raises(GpenError) as stopped:
            download.result(PATIENCE)
    assert (stopped.value.code, stopped.value.hint) == ("stopped", "Try again; it starts anew.")


def test_a_missing_model_is_told_before_the_turn_comes(
    service: Service, engine_home: EngineHome, models, model: PaintedModel, face, monkeypatch
) -> None:
    gate = Gate(model)
    working = begun(engine_home, face)
    gate.reached()

    def find(name: str) -> None:
        raise GpenError("model_missing", name)

    monkeypatch.setattr(models, "find", find)
    assert said_error(asked(engine_home, request_for(face))) == "model_missing"
    gate.open()
    assert next_but_progress(working)["kind"] in ("result", "alive")


def test_signs_of_life_while_it_works_and_waits(
    service: Service, engine_home: EngineHome, model: PaintedModel, face, monkeypatch
) -> None:
    monkeypatch.setattr(conversation, "BEAT", 0.02)
    gate = Gate(model)
    channel = asked(engine_home, request_for(face))
    while channel.receive()["kind"] != "send":
        pass
    channel.send_rows(strips(face.data, 800))
    gate.reached()
    waiting = asked(engine_home, request_for(face))
    for one in (channel, waiting):
        for _ in range(3):
            while one.receive()["kind"] != "alive":
                pass
    waiting.close()
    gate.open()
    while (header := channel.receive())["kind"] != "result":
        pass
    (patch,) = header["patches"]
    for row in (patch["width"] * 4, patch["width"]):  # rows, and nothing between them
        channel.receive_rows(bytearray(row * patch["height"]), row)
