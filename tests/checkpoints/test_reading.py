"""Files that are cut off, of another kind, or out to run code."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from gpen_engine.checkpoints import load_model
from gpen_engine.checkpoints.reading import read
from gpen_engine.errors import GpenError

Weights = dict[str, Tensor]


def refusal(file: Path) -> GpenError:
    with pytest.raises(GpenError) as caught:
        load_model(file, device="cpu")
    assert file.name in caught.value.sentence
    assert caught.value.hint
    return caught.value


def save(state: Weights, file: Path) -> Path:
    if file.suffix == ".safetensors":
        save_file(state, file)
    else:
        torch.save(state, file, _use_new_zipfile_serialization="legacy" not in file.name)
    return file


@pytest.mark.parametrize("name", ["a.pth", "legacy.pth", "a.safetensors"])
@pytest.mark.parametrize("kept", [0.0001, 0.1, 0.5, 0.999])
def test_truncated_files(name: str, kept: float, state: Weights, tmp_path: Path) -> None:
    file = save(state, tmp_path / name)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * kept)])
    error = refusal(file)
    assert error.code == "bad_checkpoint"
    if name == "legacy.pth" and kept < 0.001:  # cut inside the pickle, where all damage looks alike
        assert error.sentence.endswith("is not a weights file, or it is damaged.")
    else:
        assert error.sentence == f"The file {name} is incomplete: its end is missing."
        assert "again" in error.hint


def test_the_name_does_not_matter_but_the_content(state: Weights, tmp_path: Path) -> None:
    save(state, tmp_path / "a.safetensors").rename(tmp_path / "a.pth")
    content = read(tmp_path / "a.pth")
    assert isinstance(content, dict)
    assert content.keys() == state.keys()


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_files_of_another_kind(tmp_path: Path) -> None:
    (tmp_path / "text.pth").write_text("cat\ndog\nthese are not the weights you are looking for\n")
    (tmp_path / "page.safetensors").write_text("<!doctype html><title>404 Not Found</title>")
    Image.new("RGB", (32, 32)).save(tmp_path / "picture.png")
    Image.new("RGB", (32, 32)).save(tmp_path / "picture.jpg")
    (tmp_path / "noise.pt").write_bytes(b"\x80" + bytes(range(256)))
    (tmp_path / "json.safetensors").write_bytes(b"\x0a" + bytes(7) + b'{"a": true' + bytes(20))
    with zipfile.ZipFile(tmp_path / "archive.pth", "w") as archive:
        archive.writestr("readme.txt", "hello")
    for file in tmp_path.iterdir():
        error = refusal(file)
        assert error.code == "bad_checkpoint"
        assert "is not a weights file, or it is damaged" in error.sentence


def test_an_empty_file_and_a_folder(tmp_path: Path) -> None:
    (tmp_path / "empty.pth").touch()
    assert "is empty" in refusal(tmp_path / "empty.pth").sentence
    (tmp_path / "folder.pth").mkdir()
    assert "is a folder" in refusal(tmp_path / "folder.pth").sentence


@pytest.mark.parametrize("content", [[1, 2], {"epoch": 3}, {"state_dict": {}}, torch.zeros(3)])
def test_files_without_named_weights(content: object, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "a.pth")
    error = refusal(tmp_path / "a.pth")
    assert (error.code, error.sentence) == (
        "bad_checkpoint",
        "The file a.pth holds no weights by name.",
    )


@pytest.mark.filterwarnings("ignore")
def test_a_program_saved_by_torch_is_not_run(tmp_path: Path) -> None:
    scripted = torch.jit.trace(torch.nn.Linear(2, 2), torch.zeros(1, 2))
    torch.jit.save(scripted, str(tmp_path / "script.pt"))
    assert refusal(tmp_path / "script.pt").code == "checkpoint_unsafe"


class Attack:
    """Unpickling it makes a folder."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.proof),)


def attacks(proof: Path) -> dict[str, bytes]:
    """The same attack in every format that once ran it."""
    content = {"g_ema": {"ecd0.0.0.weight": torch.zeros(1)}, "args": Attack(proof)}
    files = {}
    for name, new in (("zip.pth", True), ("legacy.pth", False)):
        buffer = io.BytesIO()
        torch.save(content, buffer, _use_new_zipfile_serialization=new)
        files[name] = buffer.getvalue()
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        files[f"plain{protocol}.pth"] = pickle.dumps({"args": Attack(proof)}, protocol)
    files["opcode.pth"] = f"(S'{proof}'\nios\nmkdir\n.".encode()
    return files


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("name", list(attacks(Path("proof"))))
def test_code_in_a_pickle_is_not_run(name: str, tmp_path: Path) -> None:
    proof = tmp_path / "it-ran"
    file = tmp_path / name
    file.write_bytes(attacks(proof)[name])
    error = refusal(file)
    assert not proof.exists()
    assert error.code == "checkpoint_unsafe"
    assert "Nothing of it was run" in error.sentence
    assert f'"{os.mkdir.__module__}.mkdir"' in error.sentence or '"os.mkdir"' in error.sentence


def test_the_attack_works_where_it_is_not_refused(tmp_path: Path) -> None:
    """Without this the test above could pass because the attack is none."""
    for name, data in attacks(tmp_path / "it-ran").items():
        if name.startswith(("plain", "opcode")):
            pickle.loads(data)  # noqa: S301
            (tmp_path / "it-ran").rmdir()


def test_functions_of_torch_itself_are_refused_too(tmp_path: Path) -> None:
    class Sly:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return torch.load, ("other.pth",)

    torch.save({"a": Sly()}, tmp_path / "sly.pth")
    assert refusal(tmp_path / "sly.pth").code == "checkpoint_unsafe"
