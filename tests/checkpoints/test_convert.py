"""Between all formats, layouts and precisions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoint_forms import FLAT, RESNET, SMALL, WIDENING, image, network, painted, sections
from safetensors import safe_open
from torch import Tensor

from gpen_engine.checkpoints import convert, load_model, open_checkpoint
from gpen_engine.checkpoints.reading import read
from gpen_engine.errors import GpenError
from gpen_engine.network import GpenConfig


def save(config: GpenConfig, layout: str, file: Path) -> Path:
    content: dict[str, Any] = dict(network(config).state_dict())
    if layout == "sectioned":
        content = sections(config) | {"args": {"in_size": config.in_size, "version": "GPEN-v9-64"}}
    torch.save(content, file)
    return file


def assert_same(file: Path, config: GpenConfig, layout: str) -> None:
    assert open_checkpoint(file).layout == layout
    model = load_model(file, device="cpu", dtype="float32")
    assert model.config == config
    assert torch.equal(model(image(config), seed=5), painted(config))


@pytest.mark.parametrize("config", [FLAT[1], WIDENING[0]])
@pytest.mark.parametrize("before", ["flat", "sectioned"])
@pytest.mark.parametrize("after", ["flat", "sectioned"])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_gpen_gives_the_same_bits_in_every_format_and_layout(
    config: GpenConfig, before: str, after: str, suffix: str, folder: Path
) -> None:
    source = save(config, before, folder / "source.pth")
    target, back = folder / f"target{suffix}", folder / "back.pt"
    convert(source, target, layout=after)
    assert_same(target, config, after)
    convert(target, back, layout=before)
    assert_same(back, config, before)
    first, last = open_checkpoint(source).tensors, open_checkpoint(back).tensors
    assert first.keys() == last.keys()
    assert all(torch.equal(first[key], last[key]) for key in first)


def test_the_resnet_form_gives_the_same_bits(folder: Path) -> None:
    config = RESNET[1]
    source = save(config, "sectioned", folder / "source.pth")
    convert(source, folder / "target.safetensors")
    assert_same(folder / "target.safetensors", config, "sectioned")
    convert(folder / "target.safetensors", folder / "back.pt", layout="sectioned")
    assert_same(folder / "back.pt", config, "sectioned")


def test_the_resnet_form_has_no_flat_layout(folder: Path) -> None:
    source = save(RESNET[1], "sectioned", folder / "source.pth")
    with pytest.raises(GpenError, match="flat layout has no form") as caught:
        convert(source, folder / "target.pth", layout="flat")
    assert caught.value.code == "bad_option"
    assert "sectioned" in caught.value.hint
    assert not (folder / "target.pth").exists()


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("dtype", ["float16", torch.bfloat16])
def test_half_precision_halves_the_file(
    suffix: str, dtype: str | torch.dtype, folder: Path
) -> None:
    source = save(SMALL, "flat", folder / "source.pth")
    convert(source, folder / f"full{suffix}")
    convert(source, folder / f"half{suffix}", dtype=dtype)
    sizes = [(folder / f"{name}{suffix}").stat().st_size for name in ("half", "full")]
    assert 0.5 <= sizes[0] / sizes[1] < 0.54  # names and headers keep their length
    model = load_model(folder / f"half{suffix}", device="cpu", dtype="float32")
    truth, bound = painted(SMALL), 1e-3 if dtype == "float16" else 1e-2
    assert (model(image(SMALL), seed=5) - truth).norm() < bound * truth.norm()


def test_low_pass_kernels_survive_half_precision_exactly(folder: Path) -> None:
    source = save(SMALL, "flat", folder / "source.pth")
    convert(source, folder / "half.pth", dtype="float16")
    tensors = open_checkpoint(folder / "half.pth").tensors
    kernels = {key: tensor for key, tensor in tensors.items() if key.endswith("kernel")}
    assert len(kernels) == 15
    for key, kernel in kernels.items():
        assert torch.equal(kernel.float(), network(SMALL).state_dict()[key])


def test_half_precision_and_back_is_stable(folder: Path) -> None:
    source = save(SMALL, "flat", folder / "source.pth")
    convert(source, folder / "half.safetensors", dtype="float16")
    convert(folder / "half.safetensors", folder / "full.pth", dtype="float32")
    half = load_model(folder / "half.safetensors", device="cpu", dtype="float32")
    full = load_model(folder / "full.pth", device="cpu", dtype="float32")
    assert torch.equal(half(image(SMALL)), full(image(SMALL)))


def test_a_training_state_becomes_a_small_file(folder: Path) -> None:
    state = network(SMALL).state_dict()
    torch.save({"g": state, "g_ema": state, "g_optim": {"m": state}}, folder / "state.pt")
    convert(folder / "state.pt", folder / "model.pth")
    assert_same(folder / "model.pth", SMALL, "flat")
    content = read(folder / "model.pth")
    assert isinstance(content, dict)
    assert content.keys() == state.keys()


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_args_are_written_and_the_version_kept(suffix: str, folder: Path) -> None:
    source = save(SMALL, "sectioned", folder / "source.pth")
    convert(source, folder / f"target{suffix}")
    content = read(folder / f"target{suffix}")
    assert isinstance(content, dict)
    assert content["args"] == {"in_size": 128, "out_size": 128, "version": "GPEN-v9-64"}


def test_the_sectioned_layout_in_safetensors(folder: Path) -> None:
    source = save(SMALL, "flat", folder / "source.pth")
    convert(source, folder / "named.safetensors", layout="sectioned")
    with safe_open(folder / "named.safetensors", framework="pt") as file:
        metadata = file.metadata()
        prefixes = {key.partition(".")[0] for key in file.keys()}  # noqa: SIM118
    assert prefixes == {"encoder", "mapper", "generator"}
    assert metadata["layout"] == "sectioned"
    assert json.loads(metadata["args"])["version"] == "named"


def test_a_file_may_be_converted_onto_itself(folder: Path) -> None:
    file = save(SMALL, "flat", folder / "model.pth")
    convert(file, file, layout="sectioned")
    assert_same(file, SMALL, "sectioned")


def test_what_cannot_be_written(folder: Path, state: dict[str, Tensor]) -> None:
    source = save(SMALL, "flat", folder / "source.pth")
    for changes, code in (
        ({"layout": "round"}, "bad_option"),
        ({"dtype": "float8"}, "bad_option"),
        ({"dtype": torch.int8}, "bad_option"),
        ({"target": folder / "target.onnx"}, "bad_option"),
        ({"target": folder / "nowhere" / "target.pth"}, "cannot_write"),
    ):
        options: dict[str, Any] = {"source": source, "target": folder / "target.pth"} | changes
        with pytest.raises(GpenError) as caught:
            convert(**options)
        assert caught.value.code == code
        assert caught.value.hint
    state["generator.style.1.weight"][0, 0] = 1e6
    torch.save(state, source)
    with pytest.raises(GpenError, match=r"generator\.style\.1\.weight are too large for float16"):
        convert(source, folder / "target.pth", dtype="float16")
    assert [file.name for file in folder.iterdir()] == ["source.pth"]
