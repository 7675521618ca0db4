"""A download in words, and what is here already."""

from __future__ import annotations

from pathlib import Path

import downloads
import pytest
from background import Step
from engine_stand_in import MISSING
from models_here import is_here, names_here

from gpen_engine.wire import Download, EngineHome, ModelInfo


@pytest.mark.parametrize(
    ("download", "text", "done"),
    [
        (Download("download", 0, 0, 0.0), "0.0 MB", None),
        (Download("download", 71 * 10**6, 284 * 10**6, 0.0), "71 of 284 MB", 0.25),
        (
            Download("download", 5_200_000, 15_500_000, 1_234_000.0),
            "5.2 of 16 MB, 1.2 MB/s, less than a minute left",
            5.2 / 15.5,
        ),
        (
            Download("download", 10**6, 284 * 10**6, 1e6),
            "1.0 of 284 MB, 1.0 MB/s, 5 minutes left",
            1 / 284,
        ),
        (Download("download", 2 * 10**6, 10**6, 1.0), "2.0 of 1.0 MB, 0.0 MB/s", 1.0),
        (
            Download("follow", 142 * 10**6, 284 * 10**6, 0.0),
            "142 of 284 MB, another program downloads it already",
            0.5,
        ),
        (Download("check", 0, 0, 0.0), "Checking the file…", None),
    ],
)
def test_how_far_it_is(download: Download, text: str, done: float | None) -> None:
    step = downloads.step(download)
    assert step.text.startswith(text)
    assert step.done == (None if done is None else pytest.approx(done))
    assert isinstance(step, Step)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "less than a minute"),
        (59, "less than a minute"),
        (61, "1 minute"),
        (150, "2 minutes"),
        (59 * 60, "59 minutes"),
        (60 * 60, "1 h 0 min"),
        (100 * 60, "1 h 40 min"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert downloads.duration(seconds) == words


def test_how_models_are_listed() -> None:
    assert downloads.label(MISSING) == "Big-512 (not here yet, 284 MB)"
    assert downloads.label(ModelInfo("Own", True, megabytes=284.0)) == "Own"


def test_what_is_told_of_a_model() -> None:
    facts = downloads.facts(MISSING)
    assert facts["Size"] == "284 MB"
    assert facts["Terms"] == "Be kind."
    begun = ModelInfo(**{**vars(MISSING), "begun": 31_200_000})
    assert downloads.facts(begun)["Size"] == "284 MB, of which 31 MB are here already"


def test_what_is_here(home: EngineHome, tmp_path: Path) -> None:
    assert names_here(home) == []
    assert not is_here("Big-512", home)
    home.models.mkdir()
    for name in ("b.pth", "A.safetensors", "A.pt", "b.pth.part", "sums.json", ".c.pth"):
        (home.models / name).touch()
    assert names_here(home) == ["A", "b"]
    assert is_here("", home)  # the default
    assert is_here("B", home)
    assert not is_here("c", home)
    own = tmp_path / "weights.pth"
    assert not is_here(str(own), home)
    own.touch()
    assert is_here(str(own), home)
