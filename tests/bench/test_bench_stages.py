"""The pictures of the benchmark, and what is told of their restoration."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from gpen_engine.bench.settings import Report, Settings
from gpen_engine.bench.stages import crowd, measure_stages
from gpen_engine.faces import Detector
from gpen_engine.network import Gpen, GpenConfig
from gpen_engine.pixels import Pixels
from gpen_engine.restore.files import STAGES


@pytest.fixture
def model_path(tmp_path: Path) -> Path:
    torch.manual_seed(1)
    path = tmp_path / "tiny.safetensors"
    save_file(Gpen(GpenConfig(64, 64, 1, 0.0625)).state_dict(), path)
    return path


@pytest.mark.parametrize(("megapixels", "faces"), [(0.3, 1), (2, 8), (2, 29)])
def test_all_faces_of_a_crowd_are_found(megapixels: float, faces: int, detector: Detector) -> None:
    picture = crowd(megapixels, faces)
    height, width = picture.shape[:2]
    assert width * height == pytest.approx(megapixels * 1e6, rel=0.01)
    assert len(detector.detect(Pixels(picture))) == faces


def test_each_picture_has_its_row(model_path: Path) -> None:
    pictures = ((0.3, 1), (0.5, 2))
    report = Report()
    settings = Settings(model=str(model_path), pictures=pictures, repeats=2)
    measure_stages(settings, report, lambda _: None)
    assert [(row["megapixels"], row["faces"], row["found"]) for row in report.stages] == [
        (0.3, 1, 1),
        (0.5, 2, 2),
    ]
    for row in report.stages:
        assert list(row["seconds"]) == [*STAGES, "total"]
        for stage in ("read", "detect", "align", "network", "mask", "paste", "write"):
            assert row["seconds"][stage] > 0
        assert 0 < row["all_but_detector_and_network"] < row["total"]["median"]
        assert row["total"]["runs"] == 2
    assert report.left_out == []


def test_a_picture_that_does_not_fit_is_left_out(model_path: Path) -> None:
    report = Report()
    settings = Settings(model=str(model_path), pictures=((10**6, 1),))
    measure_stages(settings, report, lambda _: None)
    assert report.stages == []
    (left,) = report.left_out
    assert left["what"] == "1e+06 megapixels, 1 face"
    assert left["why"].startswith("needs about 12001.0 GB, of which ")
