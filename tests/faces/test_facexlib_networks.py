"""facexlib's networks built, filled with weights, and imported beside a foreign torchvision."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from gpen_engine import GpenError
from gpen_engine.faces import Detector, facexlib_networks
from gpen_engine.faces.facexlib_networks import empty_retinaface
from gpen_engine.pixels import Pixels

EMBEDDED = Path(facexlib_networks.__file__).parents[1] / "embedded" / "detector.safetensors"
IMPORT_FACEXLIB = """
import sys
from gpen_engine import Restorer
Restorer()
print({"facexlib", "torchvision", "torch._dynamo", "sympy"} & set(sys.modules))
from gpen_engine.faces.facexlib_networks import import_facexlib
print(import_facexlib().parsing.BiSeNet.__name__)
"""
IMPORT_EACH_TORCHVISION = """
import sys
from gpen_engine.faces.facexlib_networks import ready_torchvision
for folder in sys.argv[1:]:
    sys.path.insert(0, folder)
    print("sound" if ready_torchvision() is None else "helped")
    ready_torchvision.cache_clear()
    del sys.modules["torchvision"]
"""
NEEDS_SCHEMA = """
import torch
torch.library.register_fake("torchvision::nms")(lambda dets, scores, iou_threshold: None)
"""
"""What a torchvision without its compiled operators stumbles over when it is imported."""


def weights() -> dict[str, Tensor]:
    return load_file(EMBEDDED)


def refused(tmp_path: Path, content: dict[str, Tensor]) -> GpenError:
    file = tmp_path / "detector.safetensors"
    save_file(content, file)
    with pytest.raises(GpenError) as error:
        Detector(file)
    return error.value


def test_missing_weights_are_refused(tmp_path: Path) -> None:
    content = weights()
    del content["fpn.merge1.0.weight"]
    error = refused(tmp_path, content)
    assert error.code == "bad_checkpoint"
    assert "detector.safetensors" in error.sentence
    assert "RetinaFace" in error.hint


def test_misshapen_weights_are_refused(tmp_path: Path) -> None:
    content = weights()
    content["fpn.merge1.0.weight"] = content["fpn.merge1.0.weight"][:5].clone()
    assert refused(tmp_path, content).code == "bad_checkpoint"


def test_weights_of_something_else_are_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, {"conv.weight": torch.zeros(3)}).code == "bad_checkpoint"


def test_a_file_that_is_no_dictionary_is_refused(tmp_path: Path) -> None:
    torch.save([torch.zeros(3)], tmp_path / "list.pth")
    with pytest.raises(GpenError) as error:
        Detector(tmp_path / "list.pth")
    assert error.value.code == "bad_checkpoint"


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(GpenError) as error:
        Detector(tmp_path / "nowhere.pth")
    assert error.value.code == "model_missing"


def test_weights_of_a_parallel_training_are_the_same(tmp_path: Path) -> None:
    prefixed = {f"module.{key}": value for key, value in weights().items()}
    torch.save(prefixed, tmp_path / "parallel.pth")
    ours, theirs = Detector().network, Detector(tmp_path / "parallel.pth").network
    for (name, a), (_, b) in zip(
        ours.state_dict().items(), theirs.state_dict().items(), strict=True
    ):
        assert torch.equal(a, b), name


def test_the_resnet_50_form(tmp_path: Path) -> None:
    torch.manual_seed(3)
    torch.save(empty_retinaface("resnet50").state_dict(), tmp_path / "resnet.pth")
    detector = Detector(tmp_path / "resnet.pth")
    image = np.random.default_rng(0).random((96, 128, 3), np.float32)
    ((boxes, landmarks, scores),) = detector._run([image], -1)
    anchors = 2 * sum((96 // step) * (128 // step) for step in (8, 16, 32))
    assert boxes.shape == (anchors, 4)
    assert landmarks.shape == (anchors, 5, 2)
    assert np.isfinite(boxes).all()
    assert scores.min() >= 0
    assert scores.max() <= 1
    assert all(face.score > 0.99 for face in detector.detect(Pixels(image), threshold=0.99))


def python(code: str, *arguments: Path) -> list[str]:
    """The lines that a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=Path(facexlib_networks.__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_facexlib_is_imported_late_beside_whatever_torchvision_is_installed() -> None:
    assert python(IMPORT_FACEXLIB) == ["set()", "BiSeNet"]


def test_torchvision_is_helped_only_where_it_needs_it(tmp_path: Path) -> None:
    for name, code in (("whole", ""), ("foreign", NEEDS_SCHEMA)):
        package = tmp_path / name / "torchvision"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(code, encoding="utf-8")
    folders = tmp_path / "whole", tmp_path / "foreign"
    assert python(IMPORT_EACH_TORCHVISION, *folders) == ["sound", "helped"]
