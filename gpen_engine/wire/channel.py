"""Headers and rows over a connection, with limits on everything."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection
from typing import Any, Union

from ..errors import GpenError
from .fields import bad_message

MOST_HEADER = 1 << 23
"""Bytes of a JSON header; a face takes less than a thousand."""
STRIP = 1 << 22
"""Bytes of rows that are sent at once."""
MOST_STRIP = 1 << 24
"""Bytes of one frame of rows; one row of the widest picture is smaller."""
STALLED = 60.0
"""Seconds after which a peer that neither reads nor writes is given up."""

Rows = Union[bytes, bytearray, memoryview]


class Channel:
    """One side of a conversation.

    Attributes:
        connection: an authenticated connection.

    All methods raise GpenError: ``gone`` when the other side closed or stalls, ``protocol`` when
    it sent something that is not understood. After either the channel is of no more use. Several
    threads may send headers.
    """

    def __init__(self, connection: Connection, *, stalled: float = STALLED) -> None:
        self.connection = connection
        self.stalled = stalled
        self._sending = threading.Lock()
        set_timeouts(connection, stalled)

    def send(self, header: dict[str, Any]) -> None:
        with self._sending, _lost():
            self.connection.send_bytes(json.dumps(header).encode())

    def receive(self) -> dict[str, Any]:
        """The next header, which has at least a ``kind``."""
        try:
            header = json.loads(self._frame(MOST_HEADER))
        except (ValueError, RecursionError) as error:
            raise bad_message("a message is not JSON") from error
        if not isinstance(header, dict) or not isinstance(header.get("kind"), str):
            raise bad_message("a message has no kind")
        return header

    def arrived(self, seconds: float) -> bool:
        """Waits until the other side has sent something or closed; False when the time is up."""
        with _lost():
            return self.connection.poll(seconds)

    def send_rows(self, strips: Iterable[Rows]) -> None:
        """Sends strips of whole rows, each at most ``MOST_STRIP`` bytes."""
        for strip in strips:
            with _lost():
                self.connection.send_bytes(memoryview(strip).cast("B"))

    def receive_rows(
        self,
        into: bytearray | memoryview,
        row_bytes: int,
        between: Callable[[], None] = lambda: None,
    ) -> None:
        """Fills a buffer of bytes with whole rows, in as many frames as the sender likes.

        Args:
            into: as long as the rows together; one dimension of bytes.
            row_bytes: of one row.
            between: called after each strip; may raise to stop.
        """
        rest = memoryview(into)
        while len(rest):
            length = self._frame_into(rest)
            if not length or length % row_bytes:
                raise _wrong_rows()
            rest = rest[length:]
            between()

    def close(self) -> None:
        self.connection.close()

    def _frame_into(self, view: memoryview) -> int:
        """Reads one frame of rows into the front of a buffer; returns its length."""
        if not hasattr(os, "readv"):
            frame = self._frame(MOST_STRIP)
            if len(frame) > len(view):
                raise _wrong_rows()
            view[: len(frame)] = frame
            return len(frame)
        # As recv_bytes does it, but without its three copies, which take longer than the rest.
        length = int(struct.unpack("!i", self._exactly(bytearray(4)))[0])
        if length == -1:
            length = int(struct.unpack("!Q", self._exactly(bytearray(8)))[0])
        if not 0 <= length <= min(MOST_STRIP, len(view)):
            raise _wrong_rows()
        self._exactly(view[:length])
        return length

    def _exactly(self, into: bytearray | memoryview) -> bytearray | memoryview:
        """Fills a buffer with what comes."""
        with _lost():
            rest = memoryview(into)
            while len(rest):
                length = os.readv(self.connection.fileno(), [rest])
                if not length:
                    raise EOFError
                rest = rest[length:]
        return into

    def _frame(self, most: int) -> bytes:
        with _lost():
            if os.name != "posix" and not self.connection.poll(self.stalled):
                raise TimeoutError
            try:
                return self.connection.recv_bytes(most)
            except OSError as error:
                if str(error) == "bad message length":  # as multiprocessing puts it
                    raise bad_message("a message is too long") from error
                raise


def _wrong_rows() -> GpenError:
    return bad_message("the rows of a picture do not have the length that was agreed")


def rows_per_strip(row_bytes: int) -> int:
    """How many rows to send at once."""
    return max(1, STRIP // row_bytes)


def strips(rows: Rows, row_bytes: int) -> Iterator[memoryview]:
    """Cuts rows that lie in memory into strips to be sent."""
    view = memoryview(rows).cast("B")
    step = rows_per_strip(row_bytes) * row_bytes
    for start in range(0, len(view), step):
        yield view[start : start + step]


def set_timeouts(connection: Connection, seconds: float) -> None:
    """Ends reads and writes that make no progress for so long; for a named pipe of Windows a
    channel can do that only until a message begins."""
    if os.name != "posix":
        return
    limit = struct.pack("@ll", int(seconds), int(seconds % 1 * 1e6))
    with socket.socket(fileno=os.dup(connection.fileno())) as same:
        same.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        same.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


@contextlib.contextmanager
def _lost() -> Iterator[None]:
    try:
        yield
    except GpenError:
        raise
    except (EOFError, OSError, ValueError) as error:  # ValueError: closed on this side
        raise GpenError(
            "gone",
            "The connection between GIMP and the GPEN engine was lost.",
            "Try again; if that does not help, look into the engine's log.",
        ) from error
