"""Weights files that are damaged, unknown, half there."""

from __future__ import annotations

from pathlib import Path

import pytest
from examining import all_well, do, look, the_fault

from gpen_engine.checkpoints import catalogue
from gpen_engine.checkpoints.records import Records, sha256_of
from gpen_engine.doctor import models as module
from gpen_engine.doctor.models import models
from gpen_engine.lock import Lock
from gpen_engine.wire import EngineHome

PUBLISHED = "RetinaFace-MobileNet"


@pytest.fixture
def own(engine_home: EngineHome) -> Path:
    """A file of the user's that was checked when it came; what it holds does not matter here."""
    path = engine_home.models / "mine.safetensors"
    path.parent.mkdir()
    path.write_bytes(b"weights")
    Records(path.parent).keep_sum(path, sha256_of(path), "here")
    return path


def test_files_that_are_whole(own: Path) -> None:
    assert [(found.mark, found.sentence) for found in look(models)] == [
        ("ok", "GPEN-Mini-256 and mine are whole.")
    ]


def test_an_own_file_that_is_damaged(own: Path) -> None:
    own.write_bytes(b"weighty")
    fault = the_fault(models)
    assert fault.name == "Models"
    assert fault.sentence == "The file of mine is damaged: it is not what it was."
    copy, _, remove = fault.cure.partition(", or: ")
    assert copy == "Copy mine.safetensors again from where you have it"
    assert remove.endswith("gpen models remove mine --yes")
    do(remove)
    assert all_well(models)


def test_a_published_file_that_is_damaged(engine_home: EngineHome) -> None:
    engine_home.models.mkdir()
    (engine_home.models / f"{PUBLISHED}.pth").write_bytes(b"half of it")
    fault = the_fault(models)
    assert fault.sentence == f"The file of {PUBLISHED} is damaged: it is not what it was."
    remove, get = fault.cure.split(" && ")
    assert get.endswith(f"gpen models get {PUBLISHED}")
    do(remove)
    assert all_well(models)


def test_a_file_that_nobody_checked(engine_home: EngineHome) -> None:
    engine_home.models.mkdir()
    (engine_home.models / "mine.pth").write_bytes(b"weights")
    note = the_fault(models, "note")
    assert note.sentence == "mine was put there by hand and was never checked."
    assert note.cure.endswith("gpen models verify mine")
    assert not (engine_home.models / "sums.json").exists()  # a doctor changes nothing


def test_damaged_records(own: Path) -> None:
    own.with_name("sums.json").write_text("{")
    fault = the_fault(models)
    assert fault.cure == f"rm {own.with_name('sums.json')}"
    do(fault.cure)
    assert all_well(models)


def test_the_embedded_model_is_gone_or_damaged(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, repair: str
) -> None:
    monkeypatch.setattr(catalogue.resources, "files", lambda _: tmp_path)
    fault = the_fault(models)
    assert (fault.sentence, fault.cure) == ("GPEN-Mini-256 is missing.", repair)
    file = tmp_path / "embedded" / "gpen-mini-256.safetensors"
    file.parent.mkdir()
    file.write_bytes(b"half of it")
    fault = the_fault(models)
    assert "GPEN-Mini-256 is damaged" in fault.sentence
    assert fault.cure == repair


def test_a_download_that_was_cut_short(engine_home: EngineHome) -> None:
    engine_home.models.mkdir()
    part = engine_home.models / "GPEN-BFR-512.pth.part"
    part.write_bytes(bytes(2_000_000))
    finding = the_fault(models, "warning")
    assert finding.sentence == ("The download of GPEN-BFR-512 was cut short; 2 of 284 MB are here.")
    assert finding.cure.endswith("gpen models get GPEN-BFR-512")
    going_on = Lock(part.with_name("GPEN-BFR-512.pth.lock"))
    assert going_on.take()
    assert all_well(models)
    going_on.release()
    do(finding.cure.replace(" get ", " remove "))
    assert all_well(models)


def test_there_are_too_many_to_read_them_all(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ENOUGH", -1)
    note = the_fault(models, "note")
    assert note.sentence == "There was no time to check GPEN-Mini-256 and mine."
    assert note.cure.endswith("gpen models verify")


@pytest.mark.parametrize(
    ("names", "words"),
    [("a", "a"), ("abc", "a, b and c"), ("abcdef", "a, b, c and 3 others")],
)
def test_lists_of_names(names: str, words: str) -> None:
    assert module._names([*names]) == words
