"""The engine's log."""

from __future__ import annotations

import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

NAME = "engine.log"
SIZE, FILES = 1_000_000, 3
"""Bytes of a file, and how many files are kept."""


def new_log() -> logging.Logger:
    """A logger apart from all others, which writes nowhere yet.

    It tells what the engine does and how long that takes, never what is in a picture.
    """
    return logging.Logger("gpen_engine.server", logging.INFO)


def open_log(log: logging.Logger, folder: Path) -> None:
    """Has it write to a file in this folder."""
    handler = RotatingFileHandler(
        folder / NAME,
        maxBytes=SIZE,
        backupCount=FILES - 1,
        encoding="utf-8",
        errors="backslashreplace",
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)


def close_log(log: logging.Logger) -> None:
    """Writes what is left."""
    for handler in log.handlers[:]:
        handler.close()
        log.removeHandler(handler)


def python() -> str:
    """Which Python this is, for the log's first line."""
    return f"Python {sys.version.split()[0]} on {sys.platform}"
