"""Talking to an engine that runs."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, answer_challenge, deliver_challenge
from types import MappingProxyType
from typing import Any

from ..errors import GpenError
from .channel import Channel, Rows, set_timeouts
from .fields import bad_message
from .home import EngineHome
from .looks import Found, Preview, PreviewInfo
from .messages import (
    PROTOCOL,
    SAMPLES,
    FaceInfo,
    Hello,
    PatchInfo,
    Progress,
    Reply,
    Request,
    Status,
    as_header,
    parse_error,
)
from .models import Download, Fetch, Fetched, ModelList

STEP = 0.05
"""Seconds between two looks at whether the user cancelled."""
GREETING = 10.0
"""Seconds within which an engine has to answer."""
SILENCE = 30.0
"""Seconds without a word after which an engine that works counts as stuck; it says ``alive`` much
more often."""


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
            f"Log out and in again, which ends it. {_repair(home)}".strip(),
        ) from error
    except (OSError, EOFError) as error:
        raise GpenError("gone", "The GPEN engine is not running.") from error
    return Engine(Channel(connection, stalled=SILENCE))


def _repair(home: EngineHome) -> str:
    with contextlib.suppress(GpenError):
        launch = home.launch()
        if launch:
            return f"If that does not help, open a terminal and run: {launch.repair}"
    return ""


class Engine:
    """One conversation: a single restoration, look, download, question or order. Use as a context
    manager.

    All methods raise GpenError: ``gone``, ``protocol``, ``engine_stuck`` when the engine is there
    but says nothing any more, and whatever it says, such as ``no_face``.

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
        return Status.parse(self._ask("status"))

    def stop(self) -> None:
        """Has the engine leave; what it is working on is lost. Returns once it agreed."""
        self._ask("stop", "stopping")

    def models(self) -> ModelList:
        """What can restore faces, here or to be fetched."""
        return ModelList.parse(self._ask("models"))

    def fetch(
        self,
        wanted: Fetch,
        *,
        progress: Callable[[Download], None] = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Fetched:
        """Has the engine download a model; returns once it is there and checked.

        Args:
            wanted: a known one, and that its terms were accepted.
            progress: called in this thread with each step.
            cancelled: asked every ``STEP`` seconds. What has come by then is kept: the next time
                the download goes on there.

        Raises:
            GpenError: ``cancelled``, ``terms``, ``model_missing``, and those of ``obtain``.
        """
        check = self._checking(cancelled, "The download was cancelled.")
        with self._answering():
            self._order("fetch", wanted)
            told = {"download": lambda header: progress(Download.parse(header))}
            return Fetched.parse(self._await("fetched", check, told))

    def restore(
        self,
        request: Request,
        rows: Iterable[Rows],
        selection: Iterable[Rows] = (),
        *,
        progress: Callable[[Progress], None] = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> tuple[Reply, list[PatchRows]]:
        """Sends a picture, waits, and receives its restored faces, or what its task makes.

        Args:
            request: what is to be done.
            rows: strips of whole rows, each a few megabytes; taken only once it is this job's turn.
            selection: the same of the selection, when there is one.
            progress: called in this thread with each step.
            cancelled: asked every ``STEP`` seconds.

        Raises:
            GpenError: ``cancelled``, ``no_face`` and others of the engine's.
        """
        how = _How(self, progress, cancelled)
        with self._answering():
            self._send_picture("restore", request, (rows, selection), how)
            return self._receive_result(request, how)

    def look(
        self,
        request: Request,
        rows: Iterable[Rows],
        selection: Iterable[Rows] = (),
        *,
        progress: Callable[[Progress], None] = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        """Sends a picture that the engine holds until the conversation ends. ``find``, ``mark``,
        ``preview`` and at last ``finish`` may follow, with requests for a picture of the same
        size; what the engine refuses of these, such as a model that is not there, it says, and
        something else may be asked.

        Args:
            request: of the picture; its options are those of ``find``.
            rows, selection, progress, cancelled: see :meth:`restore`.
        """
        with self._answering():
            how = _How(self, progress, cancelled)
            self._send_picture("look", request, (rows, selection), how)
            self._await("held", how.check, how.told)

    def find(self, request: Request, **hooks: Any) -> tuple[FaceInfo, ...]:
        """The faces of the picture that is looked at, from left to right; there may be none.

        Args:
            request: ``threshold``, ``detection_size`` and ``fallback`` count.
            hooks: ``progress`` and ``cancelled`` of :meth:`restore`.
        """
        return Found.parse(self._of_look("find", "found", request, _How(self, **hooks))).faces

    def mark(self, request: Request, **hooks: Any) -> FaceInfo:
        """The face in a square that somebody drew: as the detector sees it, however unsure it is,
        or else an upright one that fills the square.

        Args:
            request: its only face's box counts.
            hooks: as for :meth:`find`.
        """
        (face,) = Found.parse(self._of_look("mark", "found", request, _How(self, **hooks))).faces
        return face

    def preview(self, request: Request, **hooks: Any) -> Preview:
        """How a face would become. The engine keeps what it computed for the other methods.

        Args:
            request: its only face is meant; the options of the network count.
            hooks: as for :meth:`find`.
        """
        how = _How(self, **hooks)
        info = PreviewInfo.parse(self._of_look("preview", "preview", request, how))
        rows = [bytearray(3 * info.columns * info.rows) for _ in range(2)]
        with self._answering():
            for each in rows:
                self._channel.receive_rows(each, 3 * info.columns, how.check)
        return Preview(info, *rows)

    def finish(self, request: Request, **hooks: Any) -> tuple[Reply, list[PatchRows]]:
        """Restores the faces of the picture that is looked at, and ends the conversation.

        Args:
            request: as for :meth:`restore`. Without faces in it, those that were found.
            hooks: as for :meth:`find`.
        """
        how = _How(self, **hooks)
        with self._answering():
            self._order("finish", request)
            return self._receive_result(request, how)

    def _of_look(self, kind: str, answer: str, request: Request, how: _How) -> dict[str, Any]:
        with self._answering():
            self._order(kind, request)
            return self._await(answer, how.check, how.told)

    def _send_picture(
        self, kind: str, request: Request, planes: Iterable[Iterable[Rows]], how: _How
    ) -> None:
        self._order(kind, request)
        self._await("send", how.check, how.told)
        for plane in planes:
            for strip in plane:
                with self._heard():
                    self._channel.send_rows([strip])
                how.check()

    def _receive_result(self, request: Request, how: _How) -> tuple[Reply, list[PatchRows]]:
        reply = Reply.parse(self._await("result", how.check, how.told))
        return reply, [self._receive(patch, request, how.check) for patch in reply.patches]

    def _ask(self, kind: str, answer: str = "") -> dict[str, Any]:
        with self._answering():
            self._order(kind)
            return self._await(answer or kind)

    def _order(self, kind: str, message: Any = None) -> None:
        with self._heard():
            self._channel.send({**as_header(kind, message), "protocol": PROTOCOL})

    def _checking(self, cancelled: Callable[[], bool], sentence: str) -> Callable[[], None]:
        def check() -> None:
            if cancelled():
                self.close()
                raise GpenError("cancelled", sentence)

        return check

    @contextlib.contextmanager
    def _answering(self) -> Iterator[None]:
        """Tells an engine that hangs from one that is gone."""
        try:
            yield
        except GpenError as error:
            if isinstance(error.__cause__, (BlockingIOError, TimeoutError)):
                raise self._stuck() from error
            raise

    def _stuck(self) -> GpenError:
        return GpenError(
            "engine_stuck",
            f"The GPEN engine (process {self.hello.pid}) does not answer any more.",
            "End that process and try again; another engine is started then.",
        )

    @contextlib.contextmanager
    def _heard(self) -> Iterator[None]:
        """Around what is sent: an engine that does not listen has said why before it closed."""
        try:
            yield
        except GpenError:
            while self._channel.arrived(0):
                self._expect("error", "alive")
            raise

    def _receive(self, patch: PatchInfo, request: Request, check: Callable[[], None]) -> PatchRows:
        width, height = request.result_size
        if patch.x + patch.width > width or patch.y + patch.height > height:
            raise bad_message("a patch lies outside of the picture")
        row = patch.width * SAMPLES[request.sample]
        pixels, coverage = bytearray(4 * row * patch.height), bytearray(row * patch.height)
        self._channel.receive_rows(pixels, 4 * row, check)
        self._channel.receive_rows(coverage, row, check)
        return PatchRows(patch, pixels, coverage)

    def _await(
        self,
        kind: str,
        check: Callable[[], None] = lambda: None,
        told: Mapping[str, Callable[[dict[str, Any]], None]] = MappingProxyType({}),
    ) -> dict[str, Any]:
        """The header of this kind; what comes before it goes to the functions of ``told``."""
        silence = 0.0  # counted, since a clock goes on while the machine sleeps
        while True:
            check()
            if not self._channel.arrived(STEP):
                silence += STEP
                if silence >= self._channel.stalled:
                    raise self._stuck()
                continue
            silence = 0.0
            header = self._expect(kind, "alive", *told)
            if header["kind"] == kind:
                return header
            if header["kind"] in told:
                told[header["kind"]](header)

    def _expect(self, *kinds: str) -> dict[str, Any]:
        header = self._channel.receive()
        if header["kind"] == "error":
            raise parse_error(header)
        if header["kind"] not in kinds:
            raise bad_message(f'"{header["kind"]}" came where {" or ".join(kinds)} belongs')
        return header


class _How:
    """How a restoration is waited for.

    Attributes:
        check: raises ``cancelled`` when the user did so, and ends the conversation.
        told: what to do with what comes before the answer.
    """

    def __init__(
        self,
        engine: Engine,
        progress: Callable[[Progress], None] = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self.check = engine._checking(cancelled, "The restoration was cancelled.")
        self.told = {
            "progress": lambda header: progress(Progress.parse(header)),
            "refused": _refused,
        }


def _refused(header: Mapping[str, Any]) -> None:
    raise parse_error(header)


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
