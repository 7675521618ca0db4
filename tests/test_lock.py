"""One engine for each user."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gpen_engine.lock import Lock

HOLD = (
    "import sys, time; from pathlib import Path; from gpen_engine.lock import Lock\n"
    "lock = Lock(Path(sys.argv[1])); print(lock.take(), flush=True); time.sleep(60)"
)


def test_one_at_a_time(tmp_path: Path) -> None:
    first, second = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    assert not first.is_ours()
    assert first.take()
    assert not second.take()
    assert second.holder() == str(os.getpid())
    assert (first.is_ours(), second.is_ours()) == (True, False)
    second.release()  # it has nothing to release
    assert first.is_ours()
    first.release()
    assert not first.path.exists()
    assert second.take()
    second.release()


def test_one_whose_process_was_killed_is_free(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    root = Path(__file__).parents[1]
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True, cwd=root
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "True\n"
        lock = Lock(path)
        assert not lock.take()
        assert lock.holder() == str(process.pid)
        process.kill()
        process.wait()
        assert lock.take()
    assert lock.holder() == str(os.getpid())
    lock.release()


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be removed there")
def test_a_removed_file_is_another_lock(tmp_path: Path) -> None:
    old, new = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    assert old.take()
    old.path.unlink()
    assert not old.is_ours()
    assert new.take()
    old.release()  # does not remove what is not its own
    assert new.is_ours()
    new.release()


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be removed there")
def test_a_file_removed_while_it_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between opening and locking, the last holder removes the file."""
    from gpen_engine import lock as module

    path, calls, lock_it = tmp_path / "lock", [], module._lock

    def remove_first(handle: int) -> bool:
        if not calls:
            path.unlink()
        calls.append(handle)
        return lock_it(handle)

    monkeypatch.setattr(module, "_lock", remove_first)
    lock = Lock(path)
    assert lock.take()
    assert len(calls) == 2
    assert lock.is_ours()
    lock.release()


def test_a_file_that_says_nothing(tmp_path: Path) -> None:
    assert Lock(tmp_path / "none").holder() == "unknown"
    (tmp_path / "empty").touch()
    assert Lock(tmp_path / "empty").holder() == "unknown"
