"""One answer of a web server, received in the background so that waiting for it can be stopped."""

from __future__ import annotations

import http.client
import queue
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import Message
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from ..errors import GpenError
from ..version import version

CHUNK = 1 << 18
"""Bytes read at once, at most."""
STEP = 0.1
"""Seconds between two looks at whether the user cancelled."""
PASSING = (408, 425, 429, 500, 502, 503, 504)
"""HTTP statuses of faults that may be gone in a moment."""
LOCAL = ("localhost", "127.0.0.1", "::1")
"""Hosts that need no encryption: this machine."""


class FaultError(Exception):
    """A server could not be used.

    Attributes:
        reason: continues a sentence that begins with the host's name.
        passing: the same request may work a moment later.
        wait: seconds that the server asks us to wait.
    """

    def __init__(self, reason: str, *, passing: bool, wait: float = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.passing = passing
        self.wait = wait


@dataclass(frozen=True)
class Reply:
    """What the head of an answer says."""

    satisfied: bool
    """False: there is nothing at the place in the file that was asked for (status 416)."""
    start: int
    """Where in the file the first byte of the body belongs."""
    total: int | None
    """Bytes in the whole file."""
    validator: str
    """Tells one version of the file from another; empty when the server has none to offer."""


class Connection:
    """Asks for a file, from ``start`` on, and receives it.

    Args:
        url: https, or http on this machine.
        start: bytes that are there already.
        validator: of the version that those are from; another version is sent whole.
        cancel: asked while waiting.
        patience: seconds without a byte after which the server counts as lost.

    Raises:
        FaultError: when the server cannot be used; iterating raises it too.
        GpenError: ``cancelled``.
    """

    def __init__(
        self,
        url: str,
        start: int = 0,
        validator: str = "",
        *,
        cancel: Callable[[], bool] = lambda: False,
        patience: float = 30,
    ) -> None:
        self._cancel = cancel
        self._items: queue.Queue[Reply | bytes | Exception | None] = queue.Queue(8)
        self._stop = threading.Event()
        arguments = (url, start, validator, patience)
        # A daemon: one that waits for a dead server must keep nobody from leaving.
        threading.Thread(target=self._work, args=arguments, daemon=True).start()
        reply = self._next()
        assert isinstance(reply, Reply), "it comes before the body"
        self.reply = reply

    def __iter__(self) -> Iterator[bytes]:
        while isinstance(chunk := self._next(), bytes):
            yield chunk

    def close(self) -> None:
        self._stop.set()

    def _next(self) -> Reply | bytes | None:
        while True:
            if self._cancel():
                self.close()
                raise cancelled()
            try:
                item = self._items.get(timeout=STEP)
            except queue.Empty:
                continue
            if isinstance(item, Exception):
                raise item
            return item

    def _work(self, url: str, start: int, validator: str, patience: float) -> None:
        try:
            for item in _receive(url, start, validator, patience):
                if not self._put(item):
                    return
            self._put(None)
        except Exception as error:  # goes on in the thread that waits
            self._put(error)

    def _put(self, item: Reply | bytes | Exception | None) -> bool:
        while not self._stop.is_set():
            try:
                self._items.put(item, timeout=STEP)
            except queue.Full:
                continue
            return True
        return False


def cancelled() -> GpenError:
    return GpenError("cancelled", "The download was cancelled.", "It goes on there the next time.")


def check_url(url: str) -> None:
    """Raises FaultError unless nobody on the way can read or change what the address gives."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOCAL):
        raise FaultError("points to an address that is not encrypted", passing=False)


class _Redirects(HTTPRedirectHandler):
    """Follows redirects, but only to where a download may begin."""

    def redirect_request(
        self, req: Request, fp: object, code: int, msg: str, headers: Message, newurl: str
    ) -> Request | None:
        check_url(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def _receive(url: str, start: int, validator: str, patience: float) -> Iterator[Reply | bytes]:
    """The reply, then the body in pieces; everything that goes wrong is a FaultError."""
    check_url(url)
    # A compressed body would have other offsets.
    headers = {"User-Agent": f"gpen-engine/{version()}", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
        if validator:
            headers["If-Range"] = validator
    try:
        opener = build_opener(_Redirects)  # knows the proxies of the environment
        with opener.open(Request(url, headers=headers), timeout=patience) as response:
            yield _reply(response.status, response.headers)
            while chunk := response.read1(CHUNK):
                yield chunk
    except HTTPError as error:
        with error:
            if error.code == 416:
                yield _reply(416, error.headers)
                return
            raise _refusal(error) from error
    except (OSError, http.client.HTTPException) as error:
        raise _fault(error) from error


def _reply(status: int, headers: Message) -> Reply:
    if headers.get_content_type() == "text/html" and status != 416:
        raise FaultError("sent a web page instead of the file", passing=False)
    # A weak ETag may be the same for files of other bytes.
    tag = headers.get("ETag", "")
    validator = tag if tag and not tag.startswith("W/") else headers.get("Last-Modified", "")
    if status == 200:
        length = headers.get("Content-Length", "")
        return Reply(True, 0, int(length) if length.isdecimal() else None, validator)
    text = headers.get("Content-Range", "")
    part = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", text.strip())
    if status not in (206, 416) or not part or (status == 206 and not part[1]):
        if status == 416:
            return Reply(False, 0, None, "")
        raise FaultError(f"gave an answer that makes no sense ({status})", passing=False)
    total = None if part[2] == "*" else int(part[2])
    return Reply(status == 206, int(part[1] or 0), total, validator)


def _refusal(error: HTTPError) -> FaultError:
    wait = error.headers.get("Retry-After", "")
    words = {403: "does not allow the download", 404: "has no such file"}
    words |= {407: "is behind a proxy that wants a password", 410: "has the file no longer"}
    return FaultError(
        f"{words.get(error.code, 'refused')} (HTTP {error.code})",
        passing=error.code in PASSING,
        wait=min(int(wait), 60) if wait.isdecimal() else 0,
    )


def _fault(error: OSError | http.client.HTTPException) -> FaultError:
    reason = error.reason if isinstance(error, URLError) else error
    match reason:
        case FaultError():
            return reason
        case ssl.SSLCertVerificationError():
            why = "cannot prove who it is (certificate): check the date of this computer"
            return FaultError(f"{why} and what stands between it and the network", passing=False)
        case TimeoutError():
            return FaultError("does not answer", passing=True)
        case socket.gaierror():
            return FaultError("was not found: is there a network?", passing=True)
        case ConnectionRefusedError():
            return FaultError("refused the connection", passing=True)
        case OSError() | http.client.HTTPException():
            return FaultError("broke off", passing=True)
        case _:  # urllib's own words, such as for a proxy that is none
            return FaultError(f"cannot be reached ({reason})", passing=True)
