"""Models by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpen_engine.checkpoints import catalogue
from gpen_engine.checkpoints.catalogue import display_name, find_model
from gpen_engine.errors import GpenError


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands in for the installed package; empty at first."""
    (tmp_path / "embedded").mkdir()
    monkeypatch.setattr(catalogue.resources, "files", lambda _: tmp_path)
    return tmp_path


def test_the_embedded_model_is_found_in_any_case(package: Path) -> None:
    file = package / "embedded" / "gpen-mini-256.safetensors"
    file.touch()
    assert find_model("GPEN-Mini-256") == find_model("gpen-mini-256") == file
    assert display_name(file) == "GPEN-Mini-256"


def test_a_path_is_given_back(tmp_path: Path) -> None:
    file = tmp_path / "GPEN-BFR-512.pth"
    file.touch()
    assert find_model(file) == find_model(str(file)) == file
    assert display_name(file) == "GPEN-BFR-512"


def test_an_unknown_name_hints_at_the_known_ones(package: Path) -> None:
    (package / "embedded" / "gpen-mini-256.safetensors").touch()
    with pytest.raises(GpenError) as caught:
        find_model("GPEN-Maxi")
    assert caught.value.code == "model_missing"
    assert caught.value.sentence == 'There is no model and no file "GPEN-Maxi".'
    assert caught.value.hint.startswith("Installed models: GPEN-Mini-256.")


def test_a_known_model_without_its_weights(package: Path) -> None:
    with pytest.raises(GpenError, match="GPEN-Mini-256 are not installed") as caught:
        find_model("gpen-mini-256")
    assert caught.value.code == "model_missing"
    with pytest.raises(GpenError, match="Installed models: none"):
        find_model("other")
