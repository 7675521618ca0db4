"""Downloads with full disks and broken networks."""

from __future__ import annotations

import errno
import http.client
import itertools
import os
import shutil
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
import web_server as web
from downloading import CONTENT, fails, get, left
from web_server import Web

from gpen_engine.checkpoints.part import Part
from gpen_engine.checkpoints.transfer import _fault


def test_a_full_disk_is_seen_before(
    server: Web, part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(part.path.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=99_000))
    error = fails(part, server.put("/model", CONTENT))
    assert error.code == "disk_full"
    assert "0 MB more are needed" in error.sentence
    assert left(part) == set()


class _Full:
    """A file on a disk that has room for so many bytes more."""

    def __init__(self, file: Any, room: int) -> None:
        self._file, self._room = file, room

    def write(self, chunk: bytes) -> int:
        self._room -= len(chunk)
        if self._room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return int(self._file.write(chunk))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def test_a_disk_that_fills_up_keeps_what_it_has(
    server: Web, part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.put("/model", CONTENT, web.breaks(60_000))
    real = Path.open
    opened = itertools.count()

    def limited(path: Path, *args: Any, **kwargs: Any) -> Any:
        file = real(path, *args, **kwargs)
        return _Full(file, 10_000) if path == part.path and next(opened) == 1 else file

    with monkeypatch.context() as context:
        context.setattr(Path, "open", limited)
        error = fails(part, url)
    assert error.code == "disk_full"
    assert error.sentence == f"There is no room left in {part.path.parent}."
    assert part.length >= 60_000
    assert part.path.read_bytes() == CONTENT[: part.length]
    get(part, url)
    assert part.path.read_bytes() == CONTENT


def _refuses(name: str, number: int, folder: Path) -> Callable[..., Any]:
    """A method of Path that fails in one folder."""
    real = getattr(Path, name)

    def refuse(self: Path, *args: Any, **kwargs: Any) -> Any:
        if self.parent != folder:
            return real(self, *args, **kwargs)
        raise OSError(number, os.strerror(number), str(self))

    return refuse


@pytest.mark.parametrize("name", ["open", "write_text", "unlink", "stat"])
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EROFS, "cannot_write"),
        (errno.EACCES, "cannot_write"),
        (errno.EIO, "cannot_write"),
        (errno.EDQUOT, "disk_full"),
    ],
)
def test_what_the_disk_refuses_is_a_sentence(
    server: Web, part: Part, monkeypatch: pytest.MonkeyPatch, name: str, number: int, code: str
) -> None:
    url = server.put("/model", CONTENT)
    if name == "stat":
        part.path.write_bytes(b"x")
    with monkeypatch.context() as context:
        context.setattr(Path, name, _refuses(name, number, part.path.parent))
        error = fails(part, url)
    assert error.code == code
    assert str(part.path.parent) in error.sentence


def test_a_folder_that_is_gone(server: Web, tmp_path: Path) -> None:
    url = server.put("/model", CONTENT)
    part = Part(tmp_path / "gone" / "model.part")
    assert fails(part, url).code == "cannot_write"


@pytest.mark.parametrize(
    ("error", "reason", "passing"),
    [
        (ssl.SSLCertVerificationError("self-signed"), "cannot prove who it is", False),
        (ssl.SSLError("handshake"), "broke off", True),
        (socket.gaierror(-2, "unknown"), "is there a network?", True),
        (TimeoutError(), "does not answer", True),
        (ConnectionResetError(), "broke off", True),
        (http.client.IncompleteRead(b""), "broke off", True),
        ("no host given", "no host given", True),
    ],
)
def test_faults_of_the_network_in_words(error: Any, reason: str, passing: bool) -> None:
    faults = [_fault(URLError(error))]
    faults += [] if isinstance(error, str) else [_fault(error)]
    for fault in faults:
        assert reason in fault.reason
        assert fault.passing is passing
