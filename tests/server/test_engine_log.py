"""The engine's log."""

from __future__ import annotations

import logging
from pathlib import Path

from gpen_engine.server.log import FILES, NAME, SIZE, close_log, new_log, open_log, python


def test_it_rotates(tmp_path: Path) -> None:
    log = new_log()
    open_log(log, tmp_path)
    for _ in range(5 * SIZE // 100_000):
        log.info("x" * 100_000)
    close_log(log)
    assert sorted(path.name for path in tmp_path.iterdir()) == [NAME, f"{NAME}.1", f"{NAME}.2"]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= FILES * SIZE


def test_it_is_apart_from_others_and_takes_any_text(tmp_path: Path, capsys, caplog) -> None:
    log = new_log()
    open_log(log, tmp_path)
    with caplog.at_level(logging.DEBUG):
        log.info("%s café \ud800", python())
    close_log(log)
    text = (tmp_path / NAME).read_text(encoding="utf-8")
    assert text.endswith(f" INFO {python()} café \\ud800\n")
    assert caplog.records == []
    assert capsys.readouterr() == ("", "")
