"""``gpen_engine.files``: a target is the old file or the new one, and nothing else is left."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gpen_engine.files import replacing


def test_takes_the_targets_name_when_the_block_succeeds(tmp_path: Path) -> None:
    target = tmp_path / "photo.png"
    target.write_bytes(b"old")
    with replacing(target) as temporary:
        assert (temporary.parent, temporary.suffix) == (tmp_path, ".png")
        temporary.write_bytes(b"new")
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


def test_leaves_the_old_file_and_nothing_else_when_the_block_fails(tmp_path: Path) -> None:
    target = tmp_path / "photo.png"
    target.write_bytes(b"old")

    def write_half(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"), replacing(target) as temporary:
        write_half(temporary)
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_ctrl_c_right_after_the_temporary_file_was_made(tmp_path: Path, monkeypatch) -> None:
    touch = Path.touch

    def interrupted(path: Path, *args: int, **kwargs: bool) -> None:
        touch(path, *args, **kwargs)
        assert list(tmp_path.iterdir()) == [path]
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "touch", interrupted)
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "photo.png"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
def test_the_file_gets_the_rights_that_any_new_file_gets(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with replacing(tmp_path / "photo.png") as temporary:
            temporary.write_bytes(b"new")
    finally:
        os.umask(before)
    assert (tmp_path / "photo.png").stat().st_mode & 0o777 == 0o640
