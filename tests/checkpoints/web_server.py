"""A web server on this machine that behaves as badly as it is told to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PIECE = 1 << 15
"""Bytes that a slow server sends at once."""

Behaviour = Callable[["Handler", bytes], None]


class Handler(BaseHTTPRequestHandler):
    """Answers one request: as the script of the path says, else as a good server does."""

    protocol_version = "HTTP/1.1"
    server: Web

    def do_GET(self) -> None:
        self.close_connection = True
        path = self.path.removeprefix(f"http://{self.headers['Host']}")  # as sent to a proxy
        self.server.asked.append((self.path, dict(self.headers)))
        script = self.server.scripts.get(path, [])
        behaviour = script.pop(0) if script else good
        behaviour(self, self.server.files.get(path, b""))

    def head(self, status: int, headers: dict[str, object]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@dataclass
class Web(ThreadingHTTPServer):
    """Serves ``files``; ``scripts`` says what the next requests for a path get."""

    files: dict[str, bytes] = field(default_factory=dict)
    scripts: dict[str, list[Behaviour]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    """Set when the test ends; what is slow stops then."""

    def __post_init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.daemon_threads = True

    def __enter__(self) -> Web:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """Without a word: clients may leave early."""

    def put(self, path: str, content: bytes, *script: Behaviour) -> str:
        """Adds a file; returns its address."""
        self.files[path], self.scripts[path] = content, list(script)
        return f"http://127.0.0.1:{self.server_port}{path}"

    def ranges(self) -> list[str | None]:
        """What range each request asked for."""
        return [headers.get("Range") for _, headers in self.asked]


def tag(content: bytes) -> str:
    return f'"{hash(content):x}"'


def _send(
    handler: Handler,
    content: bytes,
    *,
    stop: int | None = None,
    etag: str | None = None,
    rate: float = 0,
) -> None:
    """As the standard has it; at most ``stop`` bytes of the body, then the line goes dead.

    ``rate`` is in bytes a second; 0 is as fast as it goes.
    """
    etag = tag(content) if etag is None else etag
    headers: dict[str, object] = {"ETag": etag} if etag else {}
    wanted = handler.headers.get("Range")
    if wanted and handler.headers.get("If-Range", etag) == etag:
        start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if start >= len(content):
            handler.head(416, {"Content-Range": f"bytes */{len(content)}", "Content-Length": 0})
            return
        headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        status, body = 206, content[start:]
    else:
        status, body = 200, content
    handler.head(status, headers | {"Content-Length": len(body)})
    piece = PIECE if rate else len(content) + 1
    for start in range(0, len(body[:stop]), piece):
        if handler.server.over.wait(rate and piece / rate):
            return
        handler.wfile.write(body[:stop][start : start + piece])


def good(handler: Handler, content: bytes) -> None:
    _send(handler, content)


def breaks(after: int) -> Behaviour:
    """Hangs up in the middle."""
    return lambda handler, content: _send(handler, content, stop=after)


def trickles(rate: float) -> Behaviour:
    """Sends so many bytes a second."""
    return lambda handler, content: _send(handler, content, rate=rate)


def unversioned(after: int | None = None) -> Behaviour:
    """Has nothing that tells one version from another."""
    return lambda handler, content: _send(handler, content, stop=after, etag="")


def ignores_range(handler: Handler, content: bytes) -> None:
    handler.head(200, {"Content-Length": len(content)})
    handler.wfile.write(content)


def claims(length: int) -> Behaviour:
    """Lies about the length, whatever is asked for."""

    def behave(handler: Handler, content: bytes) -> None:
        handler.head(200, {"Content-Length": length, "ETag": tag(content)})
        handler.wfile.write(content)

    return behave


def unmeasured(handler: Handler, content: bytes) -> None:
    """Sends everything, and never says how much it is."""
    handler.head(200, {})
    handler.wfile.write(content)


def chunked(handler: Handler, content: bytes) -> None:
    handler.head(200, {"Transfer-Encoding": "chunked"})
    for i in range(0, len(content), 1000):
        piece = content[i : i + 1000]
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
    handler.wfile.write(b"0\r\n\r\n")


def sends(other: bytes, **headers: object) -> Behaviour:
    """Has other bytes under this address."""

    def behave(handler: Handler, _: bytes) -> None:
        handler.head(200, _names(headers) | {"Content-Length": len(other)})
        handler.wfile.write(other)

    return behave


def status(code: int, **headers: object) -> Behaviour:
    return lambda handler, _: handler.head(code, _names(headers) | {"Content-Length": 0})


def _names(headers: dict[str, object]) -> dict[str, object]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def hangs_up(handler: Handler, _: bytes) -> None:
    """Says nothing at all."""


def drips(handler: Handler, content: bytes) -> None:
    """A byte now and then."""
    handler.head(200, {"Content-Length": len(content), "ETag": tag(content)})
    for byte in content:
        if handler.server.over.is_set():
            return
        handler.wfile.write(bytes([byte]))
        time.sleep(0.02)


def stalls(handler: Handler, _: bytes) -> None:
    """Takes the request and then does nothing."""
    handler.server.over.wait(20)
