"""The plug-in's log, so that a failure that GIMP keeps to itself leaves a trace."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

LOG = logging.getLogger("gpen_restore")
NAME = "plug-in.log"
MOST = 256 << 10
"""Bytes of the file before a new one is begun; one old one is kept."""


def start() -> None:
    """Opens the log. Works with a broken installation and a full disk as well: what cannot be
    written goes to GIMP's own output."""
    LOG.setLevel(logging.INFO)
    LOG.propagate = False
    trouble = None
    try:
        handler = _file_handler()
    except OSError as error:
        handler, trouble = logging.StreamHandler(), error
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(message)s"))
    LOG.addHandler(handler)
    LOG.info("Python %s on %s, %s", sys.version.split()[0], platform.platform(), sys.executable)
    if trouble:
        LOG.warning("There is no log file: %s", trouble)


def path() -> str:
    """Where the log is, in words."""
    for handler in LOG.handlers:
        if isinstance(handler, logging.FileHandler):
            return handler.baseFilename
    return "what GIMP prints in its terminal"


@contextlib.contextmanager
def failures(what: str) -> Iterator[None]:
    """Writes an exception into the log on its way."""
    try:
        yield
    except BaseException:
        LOG.exception(what)
        raise


def _file_handler() -> logging.Handler:
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    return logging.handlers.RotatingFileHandler(
        folder / NAME, maxBytes=MOST, backupCount=1, encoding="utf-8", errors="replace"
    )


def _folder() -> Path:
    try:
        from gpen_engine.wire.home import EngineHome
    except ImportError:  # half an installation: the log lies beside the plug-in
        return Path(__file__).resolve().parent
    return EngineHome.of_user().logs
