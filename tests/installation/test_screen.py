"""Commands, their log, and what the user sees of them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from gpen_engine.installation.screen import Screen, run_logged


def test_a_command_is_logged_and_its_status_returned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "import sys; print('Collecting x'); print('é', file=sys.stderr); sys.exit(3)"
    log = tmp_path / "log"
    status, output = run_logged([sys.executable, "-uc", code], log, Screen(False))
    assert (status, output) == (3, "Collecting x\né\n")
    assert log.read_text(encoding="utf-8").endswith("\nCollecting x\né\n")
    assert capsys.readouterr().out == ""
    run_logged([sys.executable, "-c", "print('all')"], log, Screen(verbose=True))
    assert capsys.readouterr().out == "      all\n"


def test_a_command_that_hangs_is_stopped(tmp_path: Path) -> None:
    code = "import time; print('well', flush=True); time.sleep(60)"
    command = [sys.executable, "-c", code]
    status, output = run_logged(command, tmp_path / "log", Screen(False), patience=2)
    assert (status != 0, output) == (True, "well\n")


def test_what_leads_python_astray_is_kept_from_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/astray")
    monkeypatch.setenv("PIP_PROXY", "mine")
    code = "import os; print([os.environ.get(n) for n in ('PYTHONPATH', 'PIP_PROXY', 'NEW')])"
    command = [sys.executable, "-c", code]
    _, output = run_logged(command, tmp_path / "log", Screen(False), {"NEW": "1"})
    assert output == "[None, 'mine', '1']\n"


@pytest.mark.skipif(os.name == "nt", reason="asks for a process by number as POSIX does")
def test_a_stopped_installer_stops_its_command(tmp_path: Path) -> None:
    pids: list[int] = []

    class Interrupted(Screen):
        def output(self, line: str) -> None:
            pids.append(int(line))
            raise KeyboardInterrupt

    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    with pytest.raises(KeyboardInterrupt):
        run_logged([sys.executable, "-c", code], tmp_path / "log", Interrupted(False))
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)
