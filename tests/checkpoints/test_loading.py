"""Random weights in every form: saved, loaded, recognised, and painting the same picture."""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

import pytest
import torch
from checkpoint_forms import FLAT, RESNET, SMALL, WIDENING, image, network, painted, sections
from safetensors.torch import save_file
from torch import Tensor

from gpen_engine.checkpoints import load_model, open_checkpoint
from gpen_engine.errors import GpenError
from gpen_engine.model import GpenModel
from gpen_engine.network import Gpen, GpenConfig
from gpen_engine.training.options import TrainingOptions
from gpen_engine.training.trainer import Trainer


def load(source: object) -> GpenModel:
    return load_model(source, device="cpu", dtype="float32")  # type: ignore[arg-type]


def assert_same(model: GpenModel, config: GpenConfig) -> None:
    assert model.config == config
    assert torch.equal(model(image(config), seed=5), painted(config))


@pytest.mark.parametrize("config", FLAT + WIDENING)
@pytest.mark.parametrize("kind", ["pth", "legacy.pth", "pt", "safetensors"])
def test_flat_files_load_with_their_configuration(
    config: GpenConfig, kind: str, folder: Path
) -> None:
    file = folder / f"weights.{kind}"
    state = network(config).state_dict()
    if kind == "safetensors":
        save_file(state, file)
    else:
        torch.save(state, file, _use_new_zipfile_serialization=not kind.startswith("legacy"))
    model = load(file)
    assert_same(model, config)
    assert model.name == file.stem
    assert model.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.parametrize("config", FLAT + WIDENING + RESNET)
def test_sectioned_files_load_with_their_configuration(config: GpenConfig, folder: Path) -> None:
    args = argparse.Namespace(
        input_resolution=config.in_size, output_resolution=config.out_size, version="GPEN-v2.0-64"
    )
    torch.save({**sections(config), "args": args}, folder / "weights.pth")
    model = load(folder / "weights.pth")
    assert_same(model, config)
    assert model.name == "GPEN-v2.0-64"


@pytest.mark.parametrize("config", [SMALL, RESNET[1]])
def test_sections_as_prefixes_load_from_safetensors(config: GpenConfig, folder: Path) -> None:
    joined = {
        f"{name}.{key}": tensor
        for name, section in sections(config).items()
        for key, tensor in section.items()
    }
    metadata = {"args": f'{{"in_size": {config.in_size}, "version": "GPEN-BFR-v2.0-64"}}'}
    save_file(joined, folder / "weights.safetensors", metadata=metadata)
    model = load(folder / "weights.safetensors")
    assert_same(model, config)
    assert model.name == "GPEN-BFR-v2.0-64"


def test_the_resnet_form_without_args_takes_as_many_pixels_as_it_gives() -> None:
    model = load(sections(RESNET[1]))
    assert (model.config.in_size, model.config.out_size) == (128, 128)


def test_a_training_state_gives_its_average(folder: Path) -> None:
    options = TrainingOptions(size=64, narrow=0.0625)
    trainer = Trainer(folder, options, torch.device("cpu"))
    for parameter in trainer.average.parameters():
        parameter.mul_(0.5)
    trainer.save()
    model = load(folder / "state.pt")
    assert model.config == options.config
    picture = image(options.config)
    with torch.inference_mode():
        assert torch.equal(model(picture), trainer.average(picture))
        trainer.generator.set_precision(torch.float32)
        assert not torch.allclose(model(picture), trainer.generator(picture), atol=1e-2)


def test_a_state_dict_is_copied(state: dict[str, Tensor]) -> None:
    model = load(state)
    for tensor in state.values():
        tensor.zero_()
    assert_same(model, SMALL)
    assert model.sha256 is None
    assert model.name == "GPEN-128"


def test_trained_parameters_load_and_stay_trainable() -> None:
    trained = Gpen(SMALL)
    model = load(dict(trained.named_parameters()) | dict(trained.named_buffers()))
    assert all(p.requires_grad for p in trained.parameters())
    assert not any(p.requires_grad for p in model.network.parameters())


@pytest.mark.parametrize("stored", [torch.float64, torch.float16, torch.bfloat16])
def test_other_precisions_are_computed_in_float32(stored: torch.dtype, folder: Path) -> None:
    state = {key: tensor.to(stored) for key, tensor in network(SMALL).state_dict().items()}
    torch.save(state, folder / "weights.pth")
    model = load(folder / "weights.pth")
    assert {p.dtype for p in model.network.parameters()} == {torch.float32}
    bound = {torch.float64: 0.0, torch.float16: 1e-3, torch.bfloat16: 1e-2}[stored]
    truth = painted(SMALL)
    assert (model(image(SMALL), seed=5) - truth).norm() <= bound * truth.norm()


def test_half_precision_keeps_the_style_in_float32(state: dict[str, Tensor]) -> None:
    model = load_model(state, device="cpu", dtype="bfloat16")
    dtypes = {name: p.dtype for name, p in model.network.named_parameters()}
    assert model.dtype == torch.bfloat16
    assert dtypes["generator.convs.0.conv.weight"] == torch.bfloat16
    assert dtypes["generator.style.1.weight"] == torch.float32
    truth = painted(SMALL)
    assert (model(image(SMALL), seed=5) - truth).norm() <= 1e-2 * truth.norm()


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux which memory is a mapped file")
@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_files_are_mapped_not_copied(suffix: str, state: dict[str, Tensor], folder: Path) -> None:
    file = folder / f"weights.{suffix}"
    if suffix == "pth":
        torch.save(state, file)
    else:
        save_file(state, file)
    tensors = open_checkpoint(file).tensors
    assert {_mapped_file(tensor) for tensor in tensors.values()} == {str(file)}
    if suffix == "pth":  # aligned, so that the network computes on the mapping itself
        assert _mapped_file(load(file).network.generator.conv1.conv.weight) == str(file)


def _mapped_file(tensor: Tensor) -> str:
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, *_, name = line.split(maxsplit=5)
        start, end = (int(value, 16) for value in span.split("-"))
        if start <= tensor.data_ptr() < end:
            return name
    raise AssertionError("a tensor that lies nowhere")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(GpenError, match=r"nothing\.pth") as caught:
        load(tmp_path / "nothing.pth")
    assert caught.value.code == "model_missing"
    assert caught.value.hint
