"""``--preset`` of ``gpen restore`` and ``gpen batch``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from gpen_engine.network import Gpen, GpenConfig
from gpen_engine.wire import EngineHome


@pytest.fixture
def selfie_model(engine_home: EngineHome) -> Path:
    """Small random weights in the published layout, under the published name."""
    engine_home.models.mkdir(parents=True)
    path = engine_home.models / "GPEN-BFR-2048.pth"
    torch.save(Gpen(GpenConfig(64, 64, 1, 0.0625)).state_dict(), path)
    return path


@pytest.mark.parametrize(
    ("words", "size"),
    [
        (["--preset", "selfie"], 1024),
        (["--preset", "selfie", "--detection-size", 0], 0),
        (["--preset", "selfie", "--detection-size", 640], 640),
    ],
)
def test_selfie(gpen, save, face, selfie_model, tmp_path: Path, words, size: int) -> None:
    source = save(tmp_path / "in.png", face)
    result = gpen("restore", source, "-o", tmp_path / "out.png", "--json", "-", *words)
    assert result.exit_code == 0, result.output
    (told,) = json.loads(result.stdout)
    assert (told["model"], told["options"]["detection_size"]) == ("GPEN-BFR-2048", size)


def test_a_model_that_is_named_comes_first(gpen, save, face, model_file, tmp_path: Path) -> None:
    source = save(tmp_path / "in.png", face)
    words = ["--preset", "selfie", "--model", model_file, "--json", "-"]
    result = gpen("restore", source, "-o", tmp_path / "out.png", *words)
    assert result.exit_code == 0, result.output
    (told,) = json.loads(result.stdout)
    assert (told["model"], told["options"]["detection_size"]) == ("tiny", 1024)


def test_a_batch_has_it_too(gpen, save, face, selfie_model, tmp_path: Path) -> None:
    save(tmp_path / "in" / "a.png", face)
    words = ["-o", tmp_path / "out", "--preset", "selfie", "--json", tmp_path / "report.json"]
    result = gpen("batch", tmp_path / "in", *words)
    assert result.exit_code == 0, result.output
    (told,) = json.loads((tmp_path / "report.json").read_text())
    assert told["report"]["model"] == "GPEN-BFR-2048"


@pytest.mark.parametrize("command", ["restore", "batch"])
@pytest.mark.parametrize(
    ("preset", "sentence"),
    [
        ("portrait", 'There is no preset "portrait".'),
        ("selfie", "The weights of GPEN-BFR-2048 are not installed."),
    ],
)
def test_what_cannot_be(
    gpen, save, face, tmp_path: Path, command: str, preset: str, sentence: str
) -> None:
    source = save(tmp_path / "in" / "a.png", face)
    (tmp_path / "out").mkdir()
    result = gpen(command, source, "-o", tmp_path / "out", "--preset", preset)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {sentence}\n")
