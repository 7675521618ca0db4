"""An engine without a network that speaks the real wire, for the plug-in's own tests.

It finds one "face" in the middle of whatever it gets and turns it red.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Listener

from gpen_engine.errors import GpenError
from gpen_engine.wire import (
    PROTOCOL,
    SAMPLES,
    Download,
    EngineHome,
    FaceInfo,
    Fetch,
    Fetched,
    Found,
    Hello,
    ModelInfo,
    ModelList,
    PatchInfo,
    PreviewInfo,
    Progress,
    Reply,
    Request,
    Status,
)
from gpen_engine.wire.channel import Channel, strips
from gpen_engine.wire.messages import as_header, error_header

FACES = tuple(
    FaceInfo((x, 1.0, x + 3.0, 5.0), tuple(float(n) for n in range(10)), 0.99) for x in (0.0, 4.0)
)
"""What is found, whatever the picture is."""
WHITE = {"u8": b"\xff", "u16": b"\xff\xff", "float": b"\0\0\x80\x3f"}
Behaviour = Callable[["Visit"], None]


class Visit:
    """One conversation, as the engine sees it."""

    def __init__(self, channel: Channel, request: Request) -> None:
        self.channel = channel
        self.request = request
        self.pixels = bytearray()
        self.selection = bytearray()
        self.orders: list[tuple[str, Request]] = []

    def take(self) -> None:
        """Asks for the picture and receives it."""
        request = self.request
        self.channel.send(as_header("send"))
        self.pixels = bytearray(request.row_bytes * request.height)
        self.channel.receive_rows(self.pixels, request.row_bytes)
        if request.selected:
            self.selection = bytearray(request.selection_row_bytes * request.height)
            self.channel.receive_rows(self.selection, request.selection_row_bytes)

    def look(self) -> None:
        """Holds the picture and does what is asked for. It sees two faces side by side, and a
        preview is grey before and white after."""
        self.take()
        self.channel.send(as_header("held"))
        while True:
            header = self.channel.receive()
            kind, self.request = header["kind"], Request.parse(header)
            self.orders.append((kind, self.request))
            self.tell("detect" if kind == "find" else "restore", 0, 1)
            if self.request.model == "deadly":
                return
            if self.request.model == "missing":
                error = GpenError("model_missing", "There is no such model.")
                self.channel.send({**error_header(error), "kind": "refused"})
            elif kind == "finish":
                self.answer()
                return
            elif kind == "preview":
                self.channel.send(as_header("preview", PreviewInfo(0, 0, 4, 4, 2, 2, 0.9)))
                self.channel.send_rows([bytes([128] * 12), bytes([255] * 12)])
            else:
                marked = self.request.faces or FACES
                self.channel.send(as_header("found", Found(marked)))

    def tell(self, stage: str, done: int = 0, total: int = 0) -> None:
        self.channel.send(as_header("progress", Progress(stage, done, total)))

    def answer(self) -> None:
        """One red patch of half the picture's size in its middle; its edge is half covered. Tasks
        that make a picture get all of it, red."""
        request = self.request
        if request.task in ("seg2face", "enlarge"):
            self._answer_whole(*request.result_size)
            return
        width, height = max(1, request.width // 2), max(1, request.height // 2)
        x, y = (request.width - width) // 2, (request.height - height) // 2
        face = FaceInfo((x, y, x + width, y + height), (0.0,) * 10, 0.99)
        patch = PatchInfo(x, y, width, height, (0,))
        reply = Reply("stand-in", "00", "cpu", "0", (face,), (patch,))
        self.channel.send(as_header("result", reply))
        white = WHITE[request.sample]
        dark = b"\0" * len(white)
        pixel = 4 * len(white)
        self.channel.send_rows(
            strips((white + dark + dark + white) * width * height, pixel * width)
        )
        covered = (dark + white * (width - 2) + dark) if width > 2 else white * width
        self.channel.send_rows(strips(covered * height, SAMPLES[request.sample] * width))

    def _answer_whole(self, width: int, height: int) -> None:
        request, white = self.request, WHITE[self.request.sample]
        dark = b"\0" * len(white)
        patch = PatchInfo(0, 0, width, height, ())
        reply = Reply("stand-in", "00", "cpu", "0", (), (patch,), task=request.task)
        self.channel.send(as_header("result", reply))
        pixels = (white + dark + dark + white) * width * height
        self.channel.send_rows(strips(pixels, 4 * len(white) * width))
        self.channel.send_rows(strips(white * width * height, len(white) * width))


def restore(visit: Visit) -> None:
    """What an engine does when all goes well."""
    visit.take()
    visit.tell("load")
    visit.tell("detect", 1, 1)
    visit.tell("restore", 0, 1)
    visit.answer()


MISSING = ModelInfo("Big-512", False, 512, 284.1, 0, "Be kind.", "A paper", "example.org")
MODELS = ModelList((ModelInfo("Small-256", True, default=True), MISSING, ModelInfo("Own", True)))


class StandIn:
    """An engine in a thread.

    Attributes:
        stopped: set when somebody told it to stop.
        fetches: the models that it was told to download.
        looks: the conversations in which a picture was looked at.
        fault: raised instead of the next download's end.
    """

    def __init__(self, listener: Listener, behave: Behaviour) -> None:
        self.stopped = threading.Event()
        self.fetches: list[Fetch] = []
        self.fault: GpenError | None = None
        self.looks: list[Visit] = []
        self._listener = listener
        self._behave = behave

    def serve(self) -> None:
        """Until the listener is closed."""
        while True:
            try:
                channel = Channel(self._listener.accept())
            except (OSError, EOFError):
                return
            try:
                self._talk(channel)
            except GpenError as error:
                with contextlib.suppress(GpenError):
                    channel.send(error_header(error))
            finally:
                channel.close()

    def _talk(self, channel: Channel) -> None:
        channel.send(as_header("hello", Hello(PROTOCOL, "0", 1)))
        header = channel.receive()
        if header["kind"] == "restore":
            self._behave(Visit(channel, Request.parse(header)))
        elif header["kind"] == "look":
            self.looks.append(Visit(channel, Request.parse(header)))
            self.looks[-1].look()
        elif header["kind"] == "status":
            status = Status("idle", "0", 1, "cpu", ("stand-in",), 10, 0, 1.0, "logs")
            channel.send(as_header("status", status))
        elif header["kind"] == "models":
            channel.send(as_header("models", MODELS))
        elif header["kind"] == "fetch":
            self.fetches.append(Fetch.parse(header))
            channel.send(as_header("download", Download("download", 50_000_000, 284_000_000, 2e6)))
            if self.fault:
                fault, self.fault = self.fault, None
                raise fault
            channel.send(as_header("fetched", Fetched("Big-512.pth", "00", True)))
        elif header["kind"] == "stop":
            channel.send(as_header("stopping"))
            self.stopped.set()


@contextlib.contextmanager
def serving(home: EngineHome, behave: Behaviour = restore) -> Iterator[StandIn]:
    """An engine of that home; gone afterwards."""
    home.make()
    with Listener(home.address, authkey=home.new_key(), backlog=4) as listener:
        engine = StandIn(listener, behave)
        thread = threading.Thread(target=engine.serve, daemon=True)
        thread.start()
        yield engine
