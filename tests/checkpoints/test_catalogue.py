"""Models by name."""

from __future__ import annotations

import hashlib
import json
import math
import re
from pathlib import Path

import pytest

from gpen_engine.checkpoints import catalogue
from gpen_engine.checkpoints.catalogue import (
    DEFAULT,
    ENTRIES,
    SUFFIXES,
    display_name,
    find_model,
    known,
    own_models,
)
from gpen_engine.checkpoints.transfer import check_url
from gpen_engine.errors import GpenError
from gpen_engine.network import GpenConfig
from gpen_engine.wire import EngineHome


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


def test_the_users_own_models_have_the_name_of_their_file(engine_home: EngineHome) -> None:
    assert own_models() == []  # no such folder
    engine_home.models.mkdir()
    for name in ("GPEN-BFR-512.pth", "b.PT", "a.pt", "a.safetensors", "notes.txt", ".a-x.pth"):
        (engine_home.models / name).touch()
    (engine_home.models / "folder.pth").mkdir()
    own = [path.name for path in own_models()]
    assert own == ["a.safetensors", "a.pt", "b.PT", "GPEN-BFR-512.pth"]
    assert find_model("gpen-bfr-512") == engine_home.models / "GPEN-BFR-512.pth"
    assert find_model("A") == engine_home.models / "a.safetensors"
    assert find_model("B").name == "b.PT"
    with pytest.raises(GpenError) as caught:
        find_model("notes")
    assert "Installed models: GPEN-Mini-256, a, b, GPEN-BFR-512. " in caught.value.hint
    assert str(engine_home.models) in caught.value.hint


def test_a_file_goes_before_the_users_model_and_that_before_a_folder(
    engine_home: EngineHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    engine_home.models.mkdir()
    own = engine_home.models / "mine.pth"
    own.touch()
    Path("mine").mkdir()
    assert find_model("mine") == own
    Path("mine").rmdir()
    Path("mine").touch()
    assert find_model("mine") == Path("mine")
    Path("other").mkdir()
    assert find_model("other") == Path("other")


TASKS = {"restore", "colorize", "inpaint", "seg2face", "detect", "parse", "upscale"}


def test_every_entry_is_complete() -> None:
    assert ENTRIES[0] is DEFAULT
    assert len({e.name.lower() for e in ENTRIES}) == len(ENTRIES)
    assert {e.task for e in ENTRIES} == TASKS
    for entry in ENTRIES:
        assert entry.terms.endswith(".")
        assert entry.citation
        assert Path(entry.file).stem.lower() == entry.name.lower()
        assert Path(entry.file).suffix in SUFFIXES
        assert entry.sha256 is None or re.fullmatch("[0-9a-f]{64}", entry.sha256)
        assert entry.bytes is None or round(entry.bytes / 1e6, 1) == entry.megabytes
        assert (entry.bytes is None) == (entry.sha256 is None)
        for url in entry.urls:
            check_url(url)
        assert len(entry.urls) <= 1 or entry.sha256  # no stranger's copy without a sum


def test_the_published_networks_are_those_of_the_reference_data(shared: Path) -> None:
    reference = json.loads((shared / "parity" / "models.json").read_text())["models"]
    for side in (256, 512, 1024, 2048):
        model = reference[f"bfr-{side}"]
        entry = known(f"gpen-bfr-{side}")
        assert entry is not None
        assert entry.network == GpenConfig(
            model["in_size"], model["out_size"], model["channel_multiplier"], model["narrow"]
        )
        weights = 4 * sum(math.prod(shape) for shape in model["keys"].values())
        assert 0 < entry.megabytes - weights / 1e6 < 0.2
        assert (entry.in_size, entry.out_size) == (side, side)


def test_sums_of_the_files_that_are_here(shared: Path) -> None:
    detector = known("retinaface-mobilenet")
    assert detector is not None
    file = shared / "weights" / "detection_mobilenet0.25_Final.pth"
    for path, entry in ((file, detector), (DEFAULT.path, DEFAULT)):
        assert path is not None
        assert path.stat().st_size == entry.bytes
        assert hashlib.sha256(path.read_bytes()).hexdigest() == entry.sha256


def test_a_known_model_lies_in_the_users_folder_or_can_be_got(engine_home: EngineHome) -> None:
    entry = known("gpen-BFR-1024")
    assert entry is not None
    assert entry.path is None
    with pytest.raises(GpenError) as caught:
        find_model("gpen-bfr-1024")
    assert caught.value.code == "model_missing"
    assert caught.value.hint == (
        "Get them with: gpen models get GPEN-BFR-1024; or choose the model in GIMP's dialog, which"
        " downloads it."
    )
    engine_home.models.mkdir()
    file = engine_home.models / "gpen-bfr-1024.safetensors"
    file.touch()
    assert entry.path == file == find_model("GPEN-BFR-1024")
    assert display_name(file) == "GPEN-BFR-1024"


def test_sizes_of_the_networks_around_gpen() -> None:
    sizes = {e.task: (e.in_size, e.out_size) for e in ENTRIES if e.task in ("detect", "parse")}
    assert sizes == {"detect": (None, None), "parse": (512, 512)}
