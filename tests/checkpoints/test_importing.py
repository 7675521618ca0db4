"""Files fetched by hand, recognised by content; removed again; verified."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoint_forms import FLAT, SMALL, network
from safetensors.torch import save_file

from gpen_engine.checkpoints import catalogue, importing
from gpen_engine.checkpoints.catalogue import DEFAULT, Entry, find_model
from gpen_engine.checkpoints.identify import rrdb
from gpen_engine.checkpoints.importing import import_model, recognise
from gpen_engine.checkpoints.records import Records
from gpen_engine.checkpoints.removing import remove_model
from gpen_engine.checkpoints.verify import verify
from gpen_engine.errors import GpenError
from gpen_engine.network import GpenConfig
from gpen_engine.wire import EngineHome

OTHER = FLAT[0]


def known(name: str, network: GpenConfig | str, sha256: str | None = None) -> Entry:
    return Entry(
        name, "restore", network, f"{name}.pth", 1, "Free.", "None", ("https://e.invalid/",),
        sha256=sha256,
    )  # fmt: skip


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two known models of the small network, one of another, one with a published sum."""
    entries = (
        DEFAULT,
        known("Photo-128", SMALL),
        known("Colour-128", SMALL),
        known("Lone-64", OTHER),
        known("Up", "RealESRNet ×4", "0" * 64),
    )
    monkeypatch.setattr(catalogue, "ENTRIES", entries)


def sum_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def saved(path: Path, config: GpenConfig = SMALL) -> Path:
    torch.save(network(config).state_dict(), path)
    return path


def refused(*args: Any, **more: Any) -> GpenError:
    with pytest.raises(GpenError) as caught:
        import_model(*args, **more)
    return caught.value


def test_a_network_that_only_one_model_has(
    names: None, folder: Path, engine_home: EngineHome
) -> None:
    file = saved(folder / "pytorch_model.pt", OTHER)
    found = recognise(file)
    assert (found.name, found.published, found.network) == ("Lone-64", False, OTHER)
    path = import_model(found, "lone-64")
    assert path == engine_home.models / "Lone-64.pth" == find_model("Lone-64")
    assert path.read_bytes() == file.read_bytes()
    assert Records(engine_home.models).sum_of(path) == found.sha256 == sum_of(file)
    assert file.exists()


def test_a_network_that_several_have_is_for_the_user_to_name(
    names: None, folder: Path, engine_home: EngineHome
) -> None:
    found = recognise(saved(folder / "Photo-128.pth"))
    assert found.name is None  # whatever its file is called
    assert [entry.name for entry in found.entries] == ["Photo-128", "Colour-128"]
    assert import_model(found, "colour-128") == engine_home.models / "Colour-128.pth"
    error = refused(found, "Lone-64")
    assert error.code == "bad_option"
    assert "Photo-128, Colour-128" in error.hint


def test_a_published_sum_decides(
    names: None, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = saved(folder / "x.pth")
    entries = (*catalogue.ENTRIES, known("Exact-128", SMALL, sum_of(file)))
    monkeypatch.setattr(catalogue, "ENTRIES", entries)
    found = recognise(file)
    assert (found.name, found.published) == ("Exact-128", True)


def test_another_file_than_the_published_needs_a_word(names: None, folder: Path) -> None:
    state = {key: torch.zeros(tensor.shape) for key, tensor in rrdb(4).items()}
    save_file(state, folder / "x.safetensors")
    found = recognise(folder / "x.safetensors")
    assert (found.name, [e.name for e in found.entries]) == (None, ["Up"])
    assert import_model(found, "up").name == "Up.safetensors"
    assert "network" in refused(found, "mine").sentence


def test_own_models_get_a_name_of_their_own(
    names: None, folder: Path, engine_home: EngineHome
) -> None:
    found = recognise(saved(folder / "x.pth", FLAT[2]))
    assert (found.name, found.entries) == (None, ())
    assert import_model(found, "my model.pth") == engine_home.models / "my model.pth"
    assert find_model("My Model").exists()
    for name in ("", ".pth", "../x", "a/b", "a\\b", ".hidden", "a:b", "a\nb", "gpen-mini-256"):
        assert refused(found, name).code == "bad_option"


def test_the_suffix_follows_the_content(names: None, folder: Path) -> None:
    save_file(network(OTHER).state_dict(), folder / "liar.pth")
    assert import_model(recognise(folder / "liar.pth"), "Lone-64").suffix == ".safetensors"


def test_a_model_that_is_there_is_replaced_by_force_only(
    names: None, folder: Path, engine_home: EngineHome
) -> None:
    first = import_model(recognise(saved(folder / "a.pth", OTHER)), "Lone-64")
    assert import_model(recognise(folder / "a.pth"), "Lone-64") == first  # the same: no question
    save_file(network(OTHER).state_dict(), folder / "b.safetensors")
    second = recognise(folder / "b.safetensors")
    assert refused(second, "Lone-64").code == "output_exists"
    assert first.read_bytes() == (folder / "a.pth").read_bytes()
    path = import_model(second, "Lone-64", replace=True)
    assert {p.name for p in engine_home.models.iterdir()} == {"Lone-64.safetensors", "sums.json"}
    assert Records(engine_home.models).sum_of(path) == second.sha256
    assert Records(engine_home.models).sum_of(first) is None


def test_a_copy_that_fails_leaves_the_old_file(
    names: None, folder: Path, engine_home: EngineHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine_home.models.mkdir()
    old = engine_home.models / "Lone-64.pth"
    old.write_bytes(b"dear")
    found = recognise(saved(folder / "a.pth", OTHER))

    def full(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes()[:1000])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as context:
        context.setattr(shutil, "copyfile", full)
        assert refused(found, "Lone-64", replace=True).code == "disk_full"
    (folder / "a.pth").write_bytes(b"changed meanwhile")
    assert refused(found, "Lone-64", replace=True).code == "cannot_read"
    assert old.read_bytes() == b"dear"
    assert [path.name for path in engine_home.models.iterdir()] == ["Lone-64.pth"]


def test_what_is_no_weights_file(tmp_path: Path) -> None:
    (tmp_path / "a.pth").write_text("no")
    for path in (tmp_path / "a.pth", tmp_path / "gone.pth", tmp_path):
        with pytest.raises(GpenError):
            recognise(path)


def test_removing(names: None, engine_home: EngineHome) -> None:
    engine_home.models.mkdir()
    for name in ("lone-64.pt", "Lone-64.pth", "Up.pth.part", "Up.pth.part.json", "mine.pth"):
        (engine_home.models / name).touch()
    Records(engine_home.models).keep_sum(engine_home.models / "Lone-64.pth", "12", "")
    assert {path.name for path in remove_model("LONE-64")} == {"lone-64.pt", "Lone-64.pth"}
    assert Records(engine_home.models).sum_of(engine_home.models / "Lone-64.pth") is None
    assert [path.name for path in remove_model("up")] == ["Up.pth.part"]
    for name, code in (("lone-64", "model_missing"), ("mine", "bad_option"), (DEFAULT.name,) * 2):
        with pytest.raises(GpenError) as caught:
            remove_model(name)
        assert caught.value.code == (code if code != name else "bad_option")
    assert (engine_home.models / "mine.pth").exists()
    assert remove_model("mine", own_too=True) == [engine_home.models / "mine.pth"]
    assert [path.name for path in engine_home.models.iterdir()] == ["sums.json"]


def test_removing_what_the_system_keeps(
    names: None, engine_home: EngineHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine_home.models.mkdir()
    (engine_home.models / "Lone-64.pth").touch()

    def refuse(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(GpenError) as caught:
        remove_model("Lone-64")
    assert caught.value.code == "cannot_write"


def test_verifying_what_came_here(names: None, folder: Path, engine_home: EngineHome) -> None:
    path = import_model(recognise(saved(folder / "a.pth", OTHER)), "Lone-64")
    verdict = verify(path)
    assert (verdict.name, verdict.sound, verdict.sha256) == ("Lone-64", True, sum_of(path))
    assert verdict.sentence == "It is as it was when it came here."
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    verdict = verify(path)
    assert not verdict.sound
    assert verdict.sentence.startswith("It changed since it came here")


def test_verifying_what_was_put_there(names: None, engine_home: EngineHome) -> None:
    engine_home.models.mkdir()
    path = saved(engine_home.models / "Lone-64.pth", OTHER)
    assert "complete" in verify(path).sentence
    assert verify(path).sentence == "It is as it was when it came here."
    wrong = verify(saved(engine_home.models / "Colour-128.pth", OTHER))
    assert (wrong.sound, wrong.sentence) == (False, "It holds another network than Colour-128.")
    mine = verify(saved(engine_home.models / "mine.pth", FLAT[2]))
    assert (mine.name, mine.sound) == ("mine", True)
    (engine_home.models / "up.pth").write_bytes(b"other")
    assert "not the published file" in verify(engine_home.models / "up.pth").sentence
    (engine_home.models / "broken.pth").write_bytes(b"no weights")
    assert not verify(engine_home.models / "broken.pth").sound
    gone = verify(engine_home.models / "gone.pth")
    assert (gone.sound, gone.sha256) == (False, None)


def test_verifying_a_published_file(
    names: None, engine_home: EngineHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine_home.models.mkdir()
    path = saved(engine_home.models / "Lone-64.pth", OTHER)
    entry = dataclasses.replace(known("Lone-64", OTHER), sha256=sum_of(path))
    monkeypatch.setattr(catalogue, "ENTRIES", (entry,))
    assert verify(path).sentence == "It is the published file."
    monkeypatch.undo()
    assert DEFAULT.path is not None
    assert verify(DEFAULT.path).sentence == "It is the published file."


def test_importing_knows_the_real_catalogue(shared: Path, engine_home: EngineHome) -> None:
    found = recognise(shared / "weights" / "detection_mobilenet0.25_Final.pth")
    assert (found.name, found.published) == ("RetinaFace-MobileNet", True)
    assert importing.import_model(found, "RetinaFace-MobileNet").exists()
