"""Talking to an engine that runs."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, answer_challenge, deliver_challenge
from typing import Any

from ..errors import GpenError
from .channel import Channel, Rows, set_timeouts
from .fields import bad_message
from .home import EngineHome
from .messages import (
    PROTOCOL,
    SAMPLES,
    Hello,
    PatchInfo,
    Progress,
    Reply,
    Request,
    Status,
    as_header,
    parse_error,
)

STEP = 0.05
"""Seconds between two looks at whether the user cancelled."""
GREETING = 10.0
"""Seconds within which an engine has to answer."""


@dataclass(frozen=True)
class PatchRows:
    """The pixels of a patch."""

    info: PatchInfo
    pixels: bytearray
    """RGBA rows in the sample type of the request."""
    coverage: bytearray
    """One sample a pixel, linear, white is full coverage."""


def connect(home: EngineHome) -> Engine:
    """A conversation with the engine that runs.

    Raises:
        GpenError: ``gone`` when none answers; ``bad_home``; ``engine_refused`` when it has
            another key.
    """
    address, key = home.address, home.key()
    try:
        connection = Client(address)
        set_timeouts(connection, GREETING)  # one that hangs is as good as none
        answer_challenge(connection, key)
        deliver_challenge(connection, key)
    except (AuthenticationError, AssertionError) as error:  # Python 3.11 asserts
        raise GpenError(
            "engine_refused",
            "The GPEN engine did not accept the plug-in's key.",
            "Stop the engine (gpen serve --stop) and try again.",
        ) from error
    except (OSError, EOFError) as error:
        raise GpenError("gone", "The GPEN engine is not running.") from error
    return Engine(Channel(connection))


class Engine:
    """One conversation: a single restoration, question or order. Use as a context manager.

    Attributes:
        hello: what the engine said of itself.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.hello = Hello.parse(self._expect("hello"))

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the conversation; a restoration that goes on is cancelled."""
        self._channel.close()

    def status(self) -> Status:
        self._channel.send({**as_header("status"), "protocol": PROTOCOL})
        return Status.parse(self._expect("status"))

    def stop(self) -> None:
        """Has the engine leave; what it is working on is lost. Returns once it agreed."""
        self._channel.send({**as_header("stop"), "protocol": PROTOCOL})
        self._expect("stopping")

    def restore(
        self,
        request: Request,
        rows: Iterable[Rows],
        selection: Iterable[Rows] = (),
        *,
        progress: Callable[[Progress], None] = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> tuple[Reply, list[PatchRows]]:
        """Sends a picture, waits, and receives its restored faces.

        Args:
            request: what is to be done.
            rows: strips of whole rows, each a few megabytes; taken only once it is this job's turn.
            selection: the same of the selection, when there is one.
            progress: called in this thread with each step.
            cancelled: asked every ``STEP`` seconds.

        Raises:
            GpenError: ``cancelled``, ``gone``, ``protocol``, and whatever the engine says, such as
                ``no_face``.
        """

        def check() -> None:
            if cancelled():
                self.close()
                raise GpenError("cancelled", "The restoration was cancelled.")

        channel = self._channel
        with self._heard():
            channel.send({**as_header("restore", request), "protocol": PROTOCOL})
        self._await("send", progress, check)
        for planes in (rows, selection):
            for strip in planes:
                with self._heard():
                    channel.send_rows([strip])
                check()
        reply = Reply.parse(self._await("result", progress, check))
        return reply, [self._receive(patch, request, check) for patch in reply.patches]

    @contextlib.contextmanager
    def _heard(self) -> Iterator[None]:
        """Around what is sent: an engine that does not listen has said why before it closed."""
        try:
            yield
        except GpenError:
            if self._channel.arrived(0):
                self._expect("error")
            raise

    def _receive(self, patch: PatchInfo, request: Request, check: Callable[[], None]) -> PatchRows:
        if patch.x + patch.width > request.width or patch.y + patch.height > request.height:
            raise bad_message("a patch lies outside of the picture")
        row = patch.width * SAMPLES[request.sample]
        pixels, coverage = bytearray(4 * row * patch.height), bytearray(row * patch.height)
        self._channel.receive_rows(pixels, 4 * row, check)
        self._channel.receive_rows(coverage, row, check)
        return PatchRows(patch, pixels, coverage)

    def _await(
        self, kind: str, progress: Callable[[Progress], None], check: Callable[[], None]
    ) -> dict[str, Any]:
        """The header of this kind; progress that comes before it is passed on."""
        while True:
            check()
            if not self._channel.arrived(STEP):
                continue
            header = self._expect(kind, "progress")
            if header["kind"] == kind:
                return header
            progress(Progress.parse(header))

    def _expect(self, *kinds: str) -> dict[str, Any]:
        header = self._channel.receive()
        if header["kind"] == "error":
            raise parse_error(header)
        if header["kind"] not in kinds:
            raise bad_message(f'"{header["kind"]}" came where {" or ".join(kinds)} belongs')
        return header


def wait_until_gone(home: EngineHome, patience: float = 10.0) -> bool:
    """Waits for an engine that was told to stop; False when it is still there."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            connect(home).close()
        except GpenError:
            return True
        time.sleep(STEP)
    return False
