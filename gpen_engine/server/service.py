"""Listening, and the engine's lifetime."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection

from ..errors import GpenError
from ..lock import Lock
from ..version import version
from ..wire import PROTOCOL, EngineHome, Hello, Status, connect
from ..wire.launch import is_listened_to
from .conversation import converse
from .listening import Door, InheritedDoor, OwnDoor
from .log import close_log, new_log, open_log, python
from .models import Models
from .turns import Turns
from .worker import Worker


@dataclass(frozen=True)
class Limits:
    """How patient the engine is, in seconds."""

    idle: float = 900.0
    """Without any client, until it leaves."""
    greeting: float = 10.0
    """For a client to prove that it knows the key."""
    stalled: float = 60.0
    """For a client that neither reads nor writes where it should."""
    looking: float = 1800.0
    """For a client that looks at a picture, which is held meanwhile, and asks for nothing."""
    looks: int = 4
    """Not seconds: how many may look at a picture at once."""
    parting: float = 5.0
    """For jobs to end when it is told to stop."""
    predecessor: float = 15.0
    """For another engine that holds the lock to answer or to be gone."""


class Service:
    """The engine of one user.

    Args:
        home: where it lives.
        limits: how patient it is.
        models: what it keeps warm.
        door: where the system listens for it; it makes a socket of its own when there is none.

    Attributes:
        hello: its first words to each client.
        key: what clients prove to know.
        log: what it did.
        turns: the queue of jobs.
        worker: who does them.
        stopping: set once it is about to leave.
    """

    def __init__(
        self,
        home: EngineHome,
        limits: Limits | None = None,
        models: Models | None = None,
        door: InheritedDoor | None = None,
    ) -> None:
        self.home = home
        self._inherited = door
        self.limits = limits or Limits()
        self.hello = Hello(PROTOCOL, version(), os.getpid())
        self.key = b""
        self.log = new_log()
        self.turns = Turns()
        self.stopping = threading.Event()
        self._models = models or Models()
        self.worker = Worker(self._models, self.log)
        self._started = time.monotonic()
        self._orders: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._gate = threading.Condition()
        self._clients = self._looks = 0
        self._quiet_since = self._started
        self._closed = False

    def run(self, listening: Callable[[], None] = lambda: None) -> bool:
        """Serves until it is told to stop or nobody has come for long.

        Args:
            listening: called once clients may come.

        Returns:
            False when another engine runs already, which is left alone.

        Raises:
            GpenError: ``bad_home``; ``engine_stuck`` when another one runs but does not answer.
        """
        self.home.make()
        lock = Lock(self.home.lock)
        if not self._claim(lock):
            return False
        try:
            open_log(self.log, self.home.logs)
            # Clients of a door that was there before have read the key that was.
            self.key = self.home.kept_key() if self._inherited else self.home.new_key()
            door = self._inherited or OwnDoor(self.home.address)
            threading.Thread(target=self._accept, args=(door,), daemon=True).start()
            self.log.info("engine %s, %s, process %d", self.hello.engine, python(), os.getpid())
            listening()
            self.worker.start()
            why = self._until_over()
            self._close(door, lock)
            self.log.info("ended after %.0f s: %s", time.monotonic() - self._started, why)
        finally:
            self.worker.close()
            lock.release()
            close_log(self.log)
        return True

    def stop(self, why: str) -> None:
        """Has the engine leave; from any thread or signal handler."""
        self._orders.put(why)

    def status(self) -> Status:
        import psutil

        jobs = len(self.turns)
        state = "working" if jobs else "idle"
        if not self.worker.ready.is_set():
            state = "starting"
        return Status(
            state=state,
            engine=self.hello.engine,
            pid=self.hello.pid,
            device=self._models.device() if state != "starting" else "",
            models=self._models.names(),
            memory=psutil.Process().memory_info().rss,
            waiting=max(0, jobs - 1),
            uptime=time.monotonic() - self._started,
            log=str(self.home.logs),
        )

    @contextlib.contextmanager
    def looking(self) -> Iterator[None]:
        """Around the time in which a client has a picture held.

        Raises:
            GpenError: ``busy`` when enough others do.
        """
        with self._gate:
            if self._looks >= self.limits.looks:
                raise GpenError(
                    "busy",
                    f"{self._looks} pictures are being looked at already.",
                    "Close a window with one of them, then try again.",
                )
            self._looks += 1
        try:
            yield
        finally:
            with self._gate:
                self._looks -= 1

    def explained(self, error: Exception) -> GpenError:
        """An error that nobody foresaw, as one for users; its details are in the log."""
        if isinstance(error, ImportError):
            launch = None
            with contextlib.suppress(GpenError):
                launch = self.home.launch()
            return GpenError(
                "engine_broken",
                f"The GPEN engine is not completely installed ({error}).",
                f"To repair it, open a terminal and run: {launch.repair}" if launch else "",
            )
        text = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
        return GpenError(
            "unexpected",
            f"Something unexpected went wrong: {text}.",
            f"The details are in the log in {self.home.logs}.",
        )

    def _claim(self, lock: Lock) -> bool:
        """Takes the lock. One that just leaves is waited for; False when another one answers, or
        the system is about to start another one."""
        end = time.monotonic() + self.limits.predecessor
        while not lock.take():
            if not self._inherited:  # else nobody else can be asked: we have the socket
                try:
                    connect(self.home).close()
                    return False
                except GpenError as error:
                    if error.code == "bad_home":
                        raise
            if time.monotonic() > end:
                raise GpenError(
                    "engine_stuck",
                    f"Another GPEN engine (process {lock.holder()}) runs but does not answer;"
                    " end that process and try again.",
                )
            time.sleep(0.05)
        if not self._inherited and self.home.autostart.exists() and is_listened_to(self.home):
            lock.release()
            return False
        return True

    def _accept(self, door: Door) -> None:
        while True:
            try:
                connection = door.accept()
            except (OSError, EOFError) as error:  # too many open files, or one that left at once
                if self._closed:
                    return
                self.log.warning("a client could not be let in: %s", error)
                time.sleep(0.1)
                continue
            with self._gate:
                if self._closed:
                    connection.close()
                    return
                self._clients += 1
            try:
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()
            except RuntimeError as error:  # no more threads
                self.log.warning("a client could not be let in: %s", error)
                connection.close()
                self._one_left()

    def _serve(self, connection: Connection) -> None:
        try:
            converse(self, connection)
        except Exception:  # whatever one client brings about, the engine serves the others
            self.log.exception("unexpected")
        finally:
            self._one_left()

    def _one_left(self) -> None:
        with self._gate:
            self._clients -= 1
            self._quiet_since = time.monotonic()
            self._gate.notify_all()

    def _until_over(self) -> str:
        """Waits for the end; says why it came. Nobody is let in any more when this returns."""
        while True:
            with self._gate:
                left = self._quiet_since + self.limits.idle - time.monotonic()
                if self._clients:
                    left = self.limits.idle
                elif left <= 0:
                    self._closed = True
                    return "nobody came"
            try:
                # Windows does not wake a waiting thread for Ctrl-C.
                why = self._orders.get(timeout=min(left, 1) if os.name == "nt" else left)
            except queue.Empty:
                continue
            with self._gate:
                self._closed = True
            return why

    def _close(self, door: Door, lock: Lock) -> None:
        """Lets nobody in any more, and waits a while for those who are still here."""
        self.stopping.set()
        if self._inherited or lock.is_ours():  # else the socket may be another engine's
            door.close()
        self.worker.close()
        with self._gate:
            if not self._gate.wait_for(lambda: not self._clients, self.limits.parting):
                self.log.warning("%d clients were left behind", self._clients)
