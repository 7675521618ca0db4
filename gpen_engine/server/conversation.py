"""One client, from its first word to the last row that it gets."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, answer_challenge, deliver_challenge
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import GpenError
from ..wire import PROTOCOL, Download, Fetch, Progress, Request
from ..wire.channel import Channel, set_timeouts, strips
from ..wire.fields import bad_message, text
from ..wire.messages import as_header, error_header
from .picture import has_room, receive, too_large
from .turns import Place
from .worker import stopped

if TYPE_CHECKING:
    from .job import Answer
    from .look import Look, Shown
    from .picture import Received
    from .service import Service

T = TypeVar("T")

STEP = 0.05
"""Seconds between two looks at the queue, the client and whether the engine is to stop."""
BEAT = 5.0
"""Seconds between two signs of life while the engine is at work."""


def converse(service: Service, connection: Connection) -> None:
    """Speaks with one client until either side has had enough, in a thread of its own.

    Whatever goes wrong here ends this conversation only.
    """
    try:
        if _is_friend(service, connection):
            channel = Channel(connection, stalled=service.limits.stalled)
            _Conversation(service, channel).run()
    finally:
        connection.close()


def _is_friend(service: Service, connection: Connection) -> bool:
    """Whether the client knows the key. One that is silent is given up after a while."""
    try:
        set_timeouts(connection, service.limits.greeting)
        deliver_challenge(connection, service.key)
        answer_challenge(connection, service.key)
    except (AuthenticationError, AssertionError, OSError, EOFError, ValueError) as error:
        service.log.info("a client was turned away: %s", type(error).__name__)
        return False
    return True


class _Conversation:
    def __init__(self, service: Service, channel: Channel) -> None:
        self.service = service
        self.channel = channel

    def run(self) -> None:
        try:
            self.channel.send(as_header("hello", self.service.hello))
            while self._answer(self._request()):
                pass
        except GpenError as error:
            self._part(error)
        except Exception as error:
            self.service.log.exception("unexpected")
            self._part(self.service.explained(error))

    def _request(self, seconds: float | None = None) -> dict[str, Any]:
        """What the client wants; raises GpenError ``gone`` when it wants nothing for so long."""
        limits = self.service.limits
        patience = time.monotonic() + (limits.stalled if seconds is None else seconds)
        while not self.channel.arrived(STEP):
            if self.service.stopping.is_set() or time.monotonic() > patience:
                raise GpenError("gone", "The client is silent.")
        return self.channel.receive()

    def _answer(self, header: dict[str, Any]) -> bool:
        """Does what was asked for; whether something more may be asked."""
        kind = text(header, "kind")
        if kind == "status":  # this and the next are the same in every version
            self.channel.send(as_header("status", self.service.status()))
            return True
        if kind == "stop":
            self.channel.send(as_header("stopping"))
            self.service.stop("a client asked for it")
            return False
        if kind not in ("restore", "look", "models", "fetch"):
            raise bad_message(f'"{kind[:40]}" is nothing that the engine does')
        if header.get("protocol") != PROTOCOL:
            raise GpenError(
                "version",
                "The plug-in and the GPEN engine are of different versions.",
                "Run the installer again (python3 install.py), and then gpen serve --stop.",
            )
        self._await_modules()
        if kind == "models":
            self._list_models()
            return True
        if kind == "fetch":
            self._fetch(Fetch.parse(header))
        elif kind == "look":
            self._look(Request.parse(header))
        else:
            self._restore(Request.parse(header))
        return False

    def _await_modules(self) -> None:
        """Waits for what this thread is to import below, see ``Worker.imported``."""
        imported = self.service.worker.imported
        if imported.is_set():
            return
        with self._alive():
            while not imported.is_set():
                self._check(STEP)

    def _list_models(self) -> None:
        with self._alive():
            from . import library

            models = library.all_models()
        self.channel.send(as_header("models", models))

    def _fetch(self, wanted: Fetch) -> None:
        log, watch = self.service.log, _Stopwatch()

        def tell(step: Download) -> None:
            self.channel.send(as_header("download", step))

        def is_over() -> bool:
            return self.service.stopping.is_set() or self.channel.arrived(0)

        try:
            with self._alive():
                from . import library

                fetched = library.fetch(wanted, tell, is_over)
        except GpenError as error:
            log.info("download of %s: %s after %.2f s", wanted.name, error.code, watch.total())
            self._check()  # the reason why it is over, if it is
            raise
        log.info("download: %s in %.2f s", fetched.path, watch.total())
        self.channel.send(as_header("fetched", fetched))

    def _restore(self, request: Request) -> None:
        from . import job

        worker = self.service.worker
        with self._logged("job", request) as (watch, told):
            job.check(worker.models, request)  # nobody shall wait for his turn in vain

            # Nothing is sent in its turn that a client could be slow to take, and the picture is
            # free afterwards.
            def work() -> Answer:
                received = self._receive(request, watch)
                return worker.do(
                    lambda: job.restore(
                        worker.models, request, received, progress=self._tell, cancel=self._check
                    )
                )

            answer = self._in_turn(work, watch)
            told(self._send(answer, watch))

    def _look(self, request: Request) -> None:
        """Holds a picture, but not the turn, for as long as the client likes."""
        from .look import Look

        with self.service.looking():
            with self._logged("look", request) as (watch, told):
                look = Look(self._in_turn(lambda: self._receive(request, watch), watch), request)
                self.channel.send(as_header("held"))
                told("held")
            going_on = True
            while going_on:
                header = self._request(self.service.limits.looking)
                try:
                    going_on = self._do_for(look, header)
                except GpenError as error:
                    if error.code in ("gone", "protocol", "stopped"):
                        raise
                    self.channel.send({**error_header(error), "kind": "refused"})

    def _do_for(self, look: Look, header: dict[str, Any]) -> bool:
        """One thing that somebody who looks at a picture asks for; whether he may go on."""
        kind = text(header, "kind")
        if kind not in ("find", "mark", "preview", "finish"):
            raise bad_message(f'"{kind[:40]}" is nothing that is done with a picture')
        request = Request.parse(header)
        look.check(request)
        worker = self.service.worker
        do: Callable[..., Any] = getattr(look, kind)
        with self._logged(kind, request) as (watch, told):

            def work() -> Any:
                self._check()
                return worker.do(
                    lambda: do(worker.models, request, progress=self._tell, cancel=self._check)
                )

            answer = self._in_turn(work, watch)
            if kind == "finish":
                told(self._send(answer, watch))
            elif kind == "preview":
                self._show(answer)
                told(f"{answer.info.columns} x {answer.info.rows}")
            else:
                self.channel.send(as_header("found", answer))
                told(f"{len(answer.faces)} faces")
        return kind != "finish"

    @contextmanager
    def _logged(
        self, kind: str, request: Request
    ) -> Iterator[tuple[_Stopwatch, Callable[[str], None]]]:
        """Around a job: writes into the log what came of it, and how long each part took."""
        log, watch, came = self.service.log, _Stopwatch(), [""]
        what = (
            f"{kind}: {request.width} x {request.height} {request.sample}"
            f"{' with a selection' if request.selected else ''}, {request.result}"
            f"{'' if request.task == 'restore' else f' of {request.task}'}"
        )
        try:
            yield watch, lambda text: came.__setitem__(0, text)
        except GpenError as error:
            log.info("%s: %s after %.2f s", what, error.code, watch.total())
            raise
        finally:
            if not self.service.turns:
                self.service.worker.tidy()
        stages = ", ".join(f"{stage} {value:.2f}" for stage, value in watch.laps.items())
        log.info("%s, %s; %s", what, came[0], stages)

    def _in_turn(self, work: Callable[[], T], watch: _Stopwatch) -> T:
        """Does something when it is this client's turn."""
        with self._alive(), self.service.turns.line_up() as place:
            self._await(place)
            watch.lap("waiting")
            done = work()
            watch.lap("work")
            return done

    def _receive(self, request: Request, watch: _Stopwatch) -> Received:
        self._check_possible(request)
        watch.lap("check")
        received = receive(self.channel, request, self._check_stopping)
        watch.lap("receive")
        self._check()
        return received

    def _await(self, place: Place) -> None:
        """Waits for this job's turn, and for the engine to be ready."""
        told = 0
        while ahead := place.ahead():
            if ahead != told:
                self._tell(Progress("waiting", ahead, 0))
            told = ahead
            self._check(STEP)
        ready = self.service.worker.ready
        if not ready.is_set():
            self._tell(Progress("load", 0, 0))
        while not ready.is_set():
            self._check(STEP)

    def _check_possible(self, request: Request) -> None:
        """Refuses what can be refused before the picture is sent."""
        from . import job

        worker = self.service.worker
        job.options_of(request)
        if not has_room(request):
            worker.do(worker.models.drop_all)
            if not has_room(request):
                raise too_large(request)

    def _send(self, answer: Answer, watch: _Stopwatch) -> str:
        """Sends what came of it, and says it for the log."""
        received = {name: watch.laps[name] for name in ("receive",) if name in watch.laps}
        reply = replace(answer.reply, seconds={**received, **answer.reply.seconds})
        self.channel.send(as_header("result", reply))
        for planes in answer.planes:
            self.channel.send_rows(planes.rows())
        watch.lap("send")
        watch.laps.update(reply.seconds)
        return f"{reply.model}: {len(reply.faces)} faces, {len(reply.patches)} patches"

    def _show(self, shown: Shown) -> None:
        self.channel.send(as_header("preview", shown.info))
        for image in (shown.before, shown.after):
            self.channel.send_rows(strips(image.data, image[0].nbytes))

    @contextmanager
    def _alive(self) -> Iterator[None]:
        """Gives signs of life for as long as the block lasts, whatever this and the worker's
        thread are busy with."""
        over = threading.Event()

        def beat() -> None:
            with suppress(GpenError):  # it left, which others notice
                while not over.wait(BEAT):
                    self.channel.send(as_header("alive"))

        thread = threading.Thread(target=beat, name="gpen alive", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _tell(self, progress: Progress) -> None:
        self.channel.send(as_header("progress", progress))

    def _check(self, seconds: float = 0) -> bool:
        """Looks after the client while it has nothing to say; never True.

        Args:
            seconds: to wait for that it says something nevertheless or leaves.

        Raises:
            GpenError: ``gone`` or ``protocol`` when it does, ``stopped`` when the engine is to.
        """
        self._check_stopping()
        if self.channel.arrived(seconds):  # reading it could block; if it left, nobody gets this
            raise bad_message("the plug-in spoke while the engine was at work")
        return False

    def _check_stopping(self) -> None:
        if self.service.stopping.is_set():
            raise stopped()

    def _part(self, error: GpenError) -> None:
        """The last word, if somebody hears it."""
        if error.code == "gone":
            return
        try:
            self.channel.send(error_header(error))
        except GpenError:
            self.service.log.info("the client left")


class _Stopwatch:
    """How long each part of a job took, in seconds."""

    def __init__(self) -> None:
        self._started = self._last = time.perf_counter()
        self.laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """Ends a part; the next begins."""
        now = time.perf_counter()
        self.laps[name], self._last = now - self._last, now

    def total(self) -> float:
        return time.perf_counter() - self._started
