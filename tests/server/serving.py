"""An engine in this process, whose model does something simple, and clients of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Client, Connection, answer_challenge, deliver_challenge
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from gpen_engine import GpenError, GpenModel, Restorer
from gpen_engine.faces import Detector
from gpen_engine.network import Gpen, GpenConfig
from gpen_engine.server import Limits, Service
from gpen_engine.server.listening import InheritedDoor
from gpen_engine.server.models import Models
from gpen_engine.wire import (
    PROTOCOL,
    EngineHome,
    PatchRows,
    Progress,
    Reply,
    Request,
    Status,
    connect,
)
from gpen_engine.wire.channel import Channel, strips
from gpen_engine.wire.messages import as_header

PATIENCE = 20.0
"""Seconds after which a test that waits has failed."""


class PaintedModel(GpenModel):
    """A model that makes faces red; each batch first calls ``before``, in the worker's thread."""

    def __init__(self, name: str = "painted") -> None:
        self.network = cast(Gpen, SimpleNamespace(config=GpenConfig(64, 64, 1, 0.0625)))
        self.name = name
        self.sha256 = "00ff"
        self.device = torch.device("cpu")
        self.dtype = torch.float32
        self.batches = 0
        self.before: Callable[[], None] = lambda: None

    def __call__(self, images: Tensor, *, seed: int = 0) -> Tensor:
        self.batches += 1
        self.before()
        return torch.tensor([1.0, -1, -1]).view(1, 3, 1, 1).expand(images.shape).clone()


class Gate:
    """Where the worker stands still, in the middle of its network, until it may go on."""

    def __init__(self, model: PaintedModel) -> None:
        self._model = model
        self._reached = threading.Event()
        self._open = threading.Event()
        model.before = self._stand

    def _stand(self) -> None:
        self._reached.set()
        assert self._open.wait(PATIENCE)

    def reached(self) -> None:
        """Returns once the worker stands there."""
        assert self._reached.wait(PATIENCE)

    def open(self) -> None:
        """Lets it go on, and everybody after it pass."""
        self._model.before = lambda: None
        self._open.set()


class OneModel(Models):
    """Knows one model, which is there at once."""

    def __init__(self, model: GpenModel, detector: Detector) -> None:
        super().__init__(device="cpu")
        self.model = model
        self.made = Restorer(model, detector=detector)
        self._detector = detector
        self.loads = 0
        self.dropped = 0

    def names(self) -> tuple[str, ...]:
        return (self.model.name,)

    def find(self, name: str) -> Any:
        return None

    def restorer(self, name: str, loading: Callable[[], None] = lambda: None) -> Restorer:
        self.loads += 1
        return self.made

    def drop_all(self) -> None:
        self.dropped += 1

    def drop_moved(self) -> None:
        pass


@contextmanager
def serving(
    home: EngineHome,
    models: Models,
    limits: Limits | None = None,
    *,
    door: InheritedDoor | None = None,
) -> Iterator[Service]:
    """A service that runs while the block does, unless it ends by itself before."""
    service = Service(home, limits or Limits(), models, door)
    listening = threading.Event()
    ended: list[object] = []

    def run() -> None:
        try:
            ended.append(service.run(listening.set))
        except BaseException as error:
            ended.append(error)
            raise

    thread = threading.Thread(target=run)
    thread.start()
    assert listening.wait(PATIENCE), ended
    try:
        yield service
    finally:
        service.stop("the test is over")
        thread.join(PATIENCE)
    assert not thread.is_alive()
    assert ended == [True]


def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Waits until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not become so"
        time.sleep(0.01)


def request_for(picture: NDArray[Any], **more: Any) -> Request:
    """For a picture (H, W, 4)."""
    names = {"uint8": "u8", "uint16": "u16", "float32": "float"}
    height, width = picture.shape[:2]
    options = {"keep_colours": False, "guard": "off", **more}
    return Request(width, height, names[str(picture.dtype)], **options)


def restored(
    home: EngineHome,
    picture: NDArray[Any],
    selection: NDArray[Any] | None = None,
    *,
    progress: Callable[[Progress], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
    **more: Any,
) -> tuple[Reply, list[PatchRows]]:
    """Has the engine restore a picture (H, W, 4)."""
    request = request_for(picture, selected=selection is not None, **more)
    chosen = () if selection is None else strips(selection.data, request.selection_row_bytes)
    with connect(home) as engine:
        return engine.restore(
            request,
            strips(np.ascontiguousarray(picture).data, request.row_bytes),
            chosen,
            progress=progress,
            cancelled=cancelled,
        )


def status_of(home: EngineHome) -> Status:
    with connect(home) as engine:
        return engine.status()


def answers(home: EngineHome) -> bool:
    """Whether an engine runs there."""
    try:
        connect(home).close()
    except GpenError:
        return False
    return True


def stranger(home: EngineHome) -> Connection:
    """A connection that has said nothing yet."""
    return cast(Connection, Client(home.address))


def friend(home: EngineHome) -> Channel:
    """A conversation of which nothing but the greeting is over."""
    connection = stranger(home)
    answer_challenge(connection, home.key())
    deliver_challenge(connection, home.key())
    channel = Channel(connection, stalled=PATIENCE)
    assert channel.receive()["kind"] == "hello"
    return channel


def asked(home: EngineHome, request: Request, **more: Any) -> Channel:
    """A conversation in which a restoration was asked for and nothing answered yet."""
    channel = friend(home)
    channel.send({**as_header("restore", request), "protocol": PROTOCOL, **more})
    return channel


def next_but_progress(channel: Channel) -> dict[str, Any]:
    """The next header that is no progress."""
    while (header := channel.receive())["kind"] == "progress":
        pass
    return header


def said_error(channel: Channel) -> str:
    """The code of the error that comes next, and closes the conversation."""
    header = next_but_progress(channel)
    assert header["kind"] == "error", header
    with pytest.raises(GpenError) as closed:
        channel.receive()
    assert closed.value.code == "gone"
    return str(header["code"])


def begun(home: EngineHome, picture: np.ndarray, **more: object) -> Channel:
    """A conversation in which the picture was sent."""
    request = request_for(picture, **more)
    channel = asked(home, request)
    assert next_but_progress(channel) == {"kind": "send"}
    channel.send_rows(strips(picture.data, request.row_bytes))
    return channel


def is_free(home: EngineHome) -> None:
    """Fails unless the engine soon has nothing to do."""
    until(lambda: status_of(home).state == "idle")
