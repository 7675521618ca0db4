"""The engine's folder: open to others, full, closed to its owner."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest
from examining import all_well, do, look, the_fault

from gpen_engine.doctor.home import disk, folder
from gpen_engine.wire import EngineHome
from gpen_engine.wire.home import VARIABLE

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")


@pytest.fixture
def small_disk(engine_home: EngineHome) -> Iterator[Path]:
    """A disk of 64 kB in the place of the engine's folder."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(engine_home.folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no disk may be mounted here")
    yield engine_home.folder
    subprocess.run(["umount", str(engine_home.folder)], check=True)


def test_before_the_engine_has_run(engine_home: EngineHome) -> None:
    assert [found.mark for found in look(folder)] == ["ok"]
    engine_home.make()
    engine_home.new_key()
    assert "closed to others" in look(folder)[0].sentence


def test_a_run_folder_that_is_open_to_others(engine_home: EngineHome) -> None:
    engine_home.make()
    engine_home.private.chmod(0o755)
    fault = the_fault(folder)
    assert fault.name == "Folder"
    assert "open to other users" in fault.sentence
    assert fault.cure == f"chmod 700 {engine_home.private}"
    do(fault.cure)
    assert all_well(folder)


@pytest.mark.parametrize("link", [True, False])
def test_a_run_folder_that_is_none(engine_home: EngineHome, tmp_path: Path, link: bool) -> None:
    if link:
        engine_home.private.symlink_to(tmp_path)
    else:
        engine_home.private.touch()
    fault = the_fault(folder)
    assert "is not a folder of yours" in fault.sentence
    do(fault.cure)
    assert all_well(folder)
    assert tmp_path.is_dir()


def test_a_key_that_others_may_read(engine_home: EngineHome) -> None:
    engine_home.make()
    engine_home.new_key()
    (engine_home.private / "key").chmod(0o644)
    fault = the_fault(folder)
    assert fault.sentence == "The engine's key may be read by other users."
    assert fault.cure == f"chmod 600 {engine_home.private / 'key'}"
    do(fault.cure)
    assert all_well(folder)


def test_a_name_too_long_for_a_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / ("long" * 30)))
    fault = the_fault(folder)
    assert "too long" in fault.sentence
    assert VARIABLE in fault.cure


def test_a_folder_that_may_not_be_written(
    engine_home: EngineHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine_home.make()
    may = os.access
    # Root may write everywhere, so a mode cannot plant this for all.
    monkeypatch.setattr(
        os, "access", lambda path, mode: path != engine_home.logs and may(path, mode)
    )
    fault = the_fault(folder)
    assert fault.sentence == f"The folder {engine_home.logs} cannot be written to."
    assert fault.cure == f"chmod u+rwx {engine_home.logs}"


def test_a_full_disk(small_disk: Path) -> None:
    fault = the_fault(disk)
    assert (fault.name, fault.sentence) == ("Disk", "It is full: 0 MB are free.")
    assert fault.cure == f"Make room on the disk of {small_disk}."


@pytest.mark.parametrize(("free", "mark"), [(5e6, "fault"), (5e8, "warning"), (5e9, "ok")])
def test_how_much_is_free(monkeypatch: pytest.MonkeyPatch, free: float, mark: str) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1e12, 0, free))
    assert [found.mark for found in look(disk)] == [mark]
