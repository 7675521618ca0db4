"""Weights from ONNX files that were exported as other tools did it."""

from __future__ import annotations

import hashlib
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from checkpoint_forms import FLAT, SMALL, image, network, painted
from published_form import PublishedForm

from gpen_engine.checkpoints import catalogue, load_model, onnx_weights
from gpen_engine.checkpoints.catalogue import Entry, find_model
from gpen_engine.checkpoints.importing import import_model, recognise
from gpen_engine.checkpoints.onnx_weights import read_onnx
from gpen_engine.errors import GpenError
from gpen_engine.network import GpenConfig

onnx = pytest.importorskip("onnx", reason="reads ONNX files")


def export(module: torch.nn.Module, path: Path, picture: torch.Tensor, *, fold: bool) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the old exporter is the point
        torch.onnx.export(
            module.eval(),
            (picture,),
            path,
            opset_version=11,
            do_constant_folding=fold,
            dynamo=False,
        )
    return path


def exported(config: GpenConfig, path: Path, *, fold: bool = True) -> Path:
    module = PublishedForm(config, network(config).state_dict())
    return export(module, path, image(config), fold=fold)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(SMALL, tmp_path_factory.mktemp("onnx") / "small.onnx")


@pytest.fixture
def changed(small: Path, tmp_path: Path) -> Callable[[Callable[[Any], None]], Path]:
    """The small network's file with something changed in its graph."""

    def change(how: Callable[[Any], None]) -> Path:
        model = onnx.load(small)
        how(model.graph)
        path = tmp_path / "changed.onnx"
        path.write_bytes(model.SerializeToString())
        return path

    return change


def fails(path: Path) -> GpenError:
    with pytest.raises(GpenError) as caught:
        read_onnx(path)
    return caught.value


@pytest.mark.parametrize("config", FLAT)
def test_the_published_form_is_what_our_network_computes(config: GpenConfig) -> None:
    with torch.inference_mode():
        result = PublishedForm(config, network(config).state_dict())(image(config))
    assert (result - painted(config)).norm() <= 2e-6 * painted(config).norm()


@pytest.mark.parametrize("fold", [True, False])
@pytest.mark.parametrize("config", FLAT)
def test_an_exported_network_paints_the_same(config: GpenConfig, fold: bool, folder: Path) -> None:
    state = read_onnx(exported(config, folder / "a.onnx", fold=fold))
    truth = network(config).state_dict()
    assert state.keys() == truth.keys()
    for key, tensor in truth.items():
        # Several weights give the same bits once they are scaled; what has no scale is itself.
        scaled = "style" in key or (key.endswith("weight") and "noise" not in key)
        torch.testing.assert_close(state[key], tensor, rtol=2e-7 if scaled else 0, atol=0)
    with torch.inference_mode():
        ours = PublishedForm(config, state)(image(config))
        theirs = PublishedForm(config, truth)(image(config))
    assert torch.equal(ours, theirs)  # for scaled, the weights are the very same
    model = load_model(state, device="cpu", dtype="float32")
    assert model.config == config
    assert (model(image(config)) - painted(config)).norm() <= 2e-6 * painted(config).norm()


def test_names_of_constants_do_not_matter(changed: Any, small: Path) -> None:
    def rename(graph: Any) -> None:
        names = {tensor.name: str(i) for i, tensor in enumerate(graph.initializer)}
        for tensor in graph.initializer:
            tensor.name = names[tensor.name]
        for node in graph.node:
            node.input[:] = [names.get(name, name) for name in node.input]

    before, after = read_onnx(small), read_onnx(changed(rename))
    assert all(torch.equal(before[key], after[key]) for key in before)


def first_convolution(graph: Any) -> Any:
    inputs = {name for node in graph.node if node.op_type == "Conv" for name in node.input}
    return next(t for t in graph.initializer if t.name in inputs and len(t.dims) == 4)


def put(tensor: Any, value: np.ndarray) -> None:
    tensor.CopyFrom(onnx.numpy_helper.from_array(value, tensor.name))


def without_a_constant(graph: Any) -> None:
    graph.initializer.remove(first_convolution(graph))


def with_another_constant(graph: Any) -> None:
    graph.initializer.append(onnx.numpy_helper.from_array(np.ones(3, np.float32), "extra"))
    output = graph.output[0].name
    graph.node.append(onnx.helper.make_node("Mul", [output, "extra"], ["more"]))


def of_another_shape(graph: Any) -> None:
    tensor = first_convolution(graph)
    put(tensor, np.repeat(onnx.numpy_helper.to_array(tensor), 2, axis=0))


def in_half_precision(graph: Any) -> None:
    tensor = first_convolution(graph)
    put(tensor, onnx.numpy_helper.to_array(tensor).astype(np.float16))


def with_another_filter(graph: Any) -> None:
    tensor = next(t for t in graph.initializer if list(t.dims) == [4, 4])
    put(tensor, onnx.numpy_helper.to_array(tensor) * np.float32(1.1))


def for_two_faces(graph: Any) -> None:
    graph.input[0].type.tensor_type.shape.dim[0].dim_value = 2


def for_smaller_faces(graph: Any) -> None:
    for side in graph.input[0].type.tensor_type.shape.dim[2:]:
        side.dim_value = 64


def with_numbers_elsewhere(graph: Any) -> None:
    tensor = first_convolution(graph)
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="hostname")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (without_a_constant, "constants where GPEN has"),
        (with_another_constant, "constants where GPEN has"),
        (of_another_shape, "ecd0.0.0.weight is [32, 3, 1, 1] instead of [16, 3, 1, 1]"),
        (in_half_precision, "not float32 but float16"),
        (with_another_filter, "low-pass filters are not GPEN's"),
        (for_two_faces, "not those of a GPEN network for one face"),
        (for_smaller_faces, "not those of a GPEN network for one face"),
        (with_numbers_elsewhere, "damaged or unusual"),
    ],
)
def test_what_does_not_fit_exactly_is_refused(
    changed: Any, spoil: Callable[[Any], None], sentence: str
) -> None:
    error = fails(changed(spoil))
    assert error.code == "bad_checkpoint"
    assert sentence in error.sentence
    assert ".pth" in error.hint


def test_numbers_that_no_weights_give_are_refused() -> None:
    scale = np.float32(1.3)
    weights = np.linspace(1, 1.5, 4096, dtype=np.float32)
    slot = onnx_weights._Slot("x", weights.shape, 1.3)
    back = onnx_weights._unscaled(weights * scale, slot, Path("a.onnx")).numpy()
    assert (back * scale == weights * scale).all()
    # There are more numbers than products, so some of them are none.
    every = (np.float32(1.4).view(np.int32) + np.arange(4096, dtype=np.int32)).view(np.float32)
    with pytest.raises(GpenError, match="cannot be taken back"):
        onnx_weights._unscaled(every, slot, Path("a.onnx"))


def test_other_networks_and_no_networks(tmp_path: Path) -> None:
    picture = torch.zeros(1, 3, 8, 8)
    other = export(torch.nn.Conv2d(3, 4, 3), tmp_path / "a.onnx", picture, fold=True)
    assert fails(other).code == "bad_checkpoint"
    (tmp_path / "b.onnx").write_bytes(b"<html>")
    assert fails(tmp_path / "b.onnx").code == "bad_checkpoint"


def test_without_the_package_the_way_is_shown(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    error = fails(small)
    assert error.code == "not_installed"
    assert "pip install onnx" in error.hint


def test_importing_writes_a_file_of_our_own(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sum_ = hashlib.sha256(small.read_bytes()).hexdigest()
    entries = tuple(
        Entry(name, "restore", SMALL, f"{name}.pth", 1, "", "", ("x",), onnx_sha256=known)
        for name, known in (("Photo-128", None), ("Colour-128", sum_))
    )
    monkeypatch.setattr(catalogue, "ENTRIES", entries)
    found = recognise(small)
    assert (found.name, found.published) == ("Colour-128", True)
    path = import_model(found, "Colour-128")
    assert path.name == "Colour-128.safetensors"
    model = load_model(find_model("colour-128"), device="cpu", dtype="float32")
    assert (model.name, model.config) == ("Colour-128", SMALL)
    assert (model(image(SMALL)) - painted(SMALL)).norm() <= 2e-6 * painted(SMALL).norm()
