"""The engine, for which GPEN-BFR-512 lies on a slow server on this machine: the small embedded
model under that name, with the terms of the real one.

What range each request asked for is written to the file ``asked.txt`` in the engine's home.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "checkpoints"))
from web_server import Behaviour, Handler, Web, status, trickles

from gpen_engine.checkpoints import catalogue
from gpen_engine.cli import main
from gpen_engine.wire import EngineHome

RATE = 3e6
"""Bytes a second."""


def noted(behave: Behaviour) -> Behaviour:
    def asked(handler: Handler, content: bytes) -> None:
        with (EngineHome.of_user().folder / "asked.txt").open("a") as file:
            file.write(f"{handler.headers.get('Range')}\n")
        behave(handler, content)

    return asked


def lend(server: Web) -> None:
    """Changes the catalogue."""
    small, real = catalogue.DEFAULT, catalogue.known("GPEN-BFR-512")
    assert small.path
    assert real
    slow = trickles(RATE)
    script = [noted(behave) for behave in (slow, status(404), slow)]
    changes = {
        "network": small.network,
        "file": "GPEN-BFR-512.safetensors",
        "urls": (server.put("/GPEN-BFR-512.safetensors", small.path.read_bytes(), *script),),
    }
    changes |= {name: getattr(small, name) for name in ("megabytes", "bytes", "sha256")}
    lent = dataclasses.replace(real, **changes)
    entries = (lent if entry is real else entry for entry in catalogue.ENTRIES)
    catalogue.ENTRIES = tuple(entries)


if __name__ == "__main__":
    with Web() as web:
        lend(web)
        sys.argv[1:] = ["serve"]
        main()
