"""What is remembered about files."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from gpen_engine.checkpoints import records as module
from gpen_engine.checkpoints.records import Records, sha256_of
from gpen_engine.errors import GpenError


def test_sums_are_kept_and_forgotten(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    records = Records(folder)
    a, b = folder / "a.pth", folder / "b.pth"
    assert records.sum_of(a) is None
    records.keep_sum(a, "12", "https://example.com/a")
    records.keep_sum(b, "34", "hand")
    assert Records(folder).sum_of(a) == "12"
    kept = json.loads((folder / "sums.json").read_text())
    assert kept["a.pth"]["source"] == "https://example.com/a"
    records.forget_sum(a)
    records.forget_sum(a)
    assert (records.sum_of(a), records.sum_of(b)) == (None, "34")


def test_terms_are_accepted_by_their_very_words(tmp_path: Path) -> None:
    records = Records(tmp_path)
    records.accept("Be kind – always.")
    assert Records(tmp_path).accepted("Be kind – always.")
    assert not records.accepted("Be kind.")


@pytest.mark.parametrize("text", ["", "{", "[]", "\ufffe", "5"])
def test_damaged_records_are_said_and_left_alone(tmp_path: Path, text: str) -> None:
    (tmp_path / "sums.json").write_text(text, encoding="utf-8")
    records = Records(tmp_path)
    for act in (records.sum_of, lambda file: records.keep_sum(file, "12", "")):
        with pytest.raises(GpenError) as caught:
            act(tmp_path / "a.pth")
        assert caught.value.code == "bad_records"
        assert str(tmp_path / "sums.json") in caught.value.sentence
    assert (tmp_path / "sums.json").read_text(encoding="utf-8") == text


def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = Records(tmp_path)
    records.accept("one")

    def full(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module, "replacing", full)
    with pytest.raises(GpenError) as caught:
        records.accept("two")
    assert caught.value.code == "disk_full"
    assert Records(tmp_path).accepted("one")


def test_sums_of_files(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256_of(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()
    with pytest.raises(GpenError) as caught:
        sha256_of(tmp_path / "gone")
    assert caught.value.code == "cannot_read"
