from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import log
import pytest


@pytest.fixture(autouse=True)
def _without_handlers() -> Iterator[None]:
    yield
    for handler in list(log.LOG.handlers):
        log.LOG.removeHandler(handler)
        handler.close()


def test_the_first_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPEN_ENGINE_HOME", str(tmp_path))
    log.start()
    with pytest.raises(KeyError), log.failures("The plug-in could not be loaded"):
        raise KeyError("gi")
    text = (tmp_path / "logs" / "plug-in.log").read_text()
    assert "INFO Python 3" in text.splitlines()[0]
    assert "ERROR The plug-in could not be loaded" in text
    assert "KeyError: 'gi'" in text
    assert log.path() == str(tmp_path / "logs" / "plug-in.log")


def test_a_folder_that_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GPEN_ENGINE_HOME", str(tmp_path / "file"))
    log.start()
    assert "There is no log file" in capsys.readouterr().err
    assert "terminal" in log.path()


def test_it_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPEN_ENGINE_HOME", str(tmp_path))
    monkeypatch.setattr(log, "MOST", 2000)
    log.start()
    for _ in range(100):
        log.LOG.info("a line of fifty letters, more or less, as usual")
    files = sorted((tmp_path / "logs").iterdir())
    assert [file.name for file in files] == ["plug-in.log", "plug-in.log.1"]
    assert all(file.stat().st_size <= 2000 for file in files)
    assert log.LOG.level == logging.INFO
