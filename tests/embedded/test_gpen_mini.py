"""The embedded model helps: measured on held-out faces, and on the sample portrait."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpen_engine import load_model
from gpen_engine.checkpoints import find_model
from gpen_engine.quality.run import Settings, measure
from gpen_engine.restore import Restorer
from gpen_engine.training.validation import Score, Validation

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def scores(shared: Path) -> dict[str, Score]:
    """On 34 of the 100 held-out faces, evenly spread over their three sources."""
    model = load_model("GPEN-Mini-256", device="cpu")
    return Validation(shared / "faces" / "val", 256, count=34).measure(model)


def test_it_is_small_and_in_the_published_layout() -> None:
    model = load_model("GPEN-Mini-256", device="cpu")
    assert model.parameters <= 8_000_000
    assert find_model("GPEN-Mini-256").stat().st_size <= 16 * MEGABYTE
    assert (model.config.in_size, model.config.out_size) == (256, 256)
    assert model.config.concat
    assert model.config.style_layers == 8


@pytest.mark.slow
@pytest.mark.parametrize("severity", ["middle", "strong"])
def test_it_is_closer_to_the_truth_than_the_damaged_face(
    scores: dict[str, Score], severity: str
) -> None:
    assert scores[severity].psnr > scores[severity].psnr_before


@pytest.mark.slow
def test_eyes_and_mouth_get_sharper(scores: dict[str, Score]) -> None:
    assert scores["strong"].detail > scores["strong"].detail_before
    assert scores["strong"].sharpness > scores["strong"].sharpness_before
    assert scores["middle"].detail > scores["middle"].detail_before


@pytest.mark.slow
@pytest.mark.parametrize("severity", ["mild", "middle", "strong"])
def test_colours_stay(scores: dict[str, Score], severity: str) -> None:
    assert scores[severity].colour < 1.5


@pytest.mark.slow
def test_blind_damage_becomes_a_face_with_its_features_in_place(shared: Path) -> None:
    """On a quarter of the held-out faces, as ``gpen bench --quality`` measures all of them."""
    folder = shared / "faces" / "val"
    settings = Settings(folder, faces=25, classes=("mixed",), strengths=(1.0,))
    _, report = measure(Restorer(device="cpu"), settings)
    before, after = (report["damages"]["mixed"][what] for what in ("input", "restored 1"))
    assert after["landmarks"] < 0.7 * before["landmarks"]
    assert 0.5 < after["sharpness"] < 1.1
    assert after["psnr"] > before["psnr"] + 0.5
    assert after["colour"] < before["colour"]
