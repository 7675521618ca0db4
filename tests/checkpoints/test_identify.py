"""Which network a file is for, by its content."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from checkpoint_forms import FLAT, RESNET, SMALL, network, sections
from safetensors.torch import save_file
from torch import Tensor

from gpen_engine.checkpoints.identify import network_of, rrdb
from gpen_engine.errors import GpenError
from gpen_engine.faces.facexlib_networks import empty_retinaface


def upscaler(scale: int) -> dict[str, Tensor]:
    return {key: torch.zeros(tensor.shape) for key, tensor in rrdb(scale).items()}


@pytest.mark.parametrize("config", FLAT)
def test_gpen_networks_are_told_by_their_configuration(config: object, folder: Path) -> None:
    save_file(network(config).state_dict(), folder / "anything.pth")  # type: ignore[arg-type]
    assert network_of(folder / "anything.pth") == config


def test_a_resnet_variant_is_one_too(folder: Path) -> None:
    torch.save({**sections(RESNET[0]), "args": {"in_size": 64}}, folder / "a.pth")
    assert network_of(folder / "a.pth") == RESNET[0]


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_upscalers_have_the_published_names_and_shapes(
    scale: int, shared: Path, folder: Path
) -> None:
    reference = json.loads((shared / "parity" / "realesrnet.json").read_text())
    keys = reference["models"][f"x{scale}"]["keys"]
    assert {key: list(tensor.shape) for key, tensor in rrdb(scale).items()} == keys
    torch.save({"params_ema": upscaler(scale)}, folder / "a.pth")
    assert network_of(folder / "a.pth") == f"RealESRNet ×{scale}"


def test_the_small_detector(shared: Path) -> None:
    path = shared / "weights" / "detection_mobilenet0.25_Final.pth"
    assert network_of(path) == "RetinaFace with MobileNet-0.25"


def test_the_large_detector(folder: Path) -> None:
    torch.save(empty_retinaface("resnet50").state_dict(), folder / "a.pth")
    assert network_of(folder / "a.pth") == "RetinaFace with ResNet-50"


def test_parsers(folder: Path) -> None:
    from facexlib import parsing

    torch.save(parsing.BiSeNet(num_class=19).state_dict(), folder / "a.pth")
    assert network_of(folder / "a.pth") == "BiSeNet"
    parser = parsing.ParseNet(in_size=512, out_size=512, parsing_ch=19)
    torch.save(parser.state_dict(), folder / "b.pth")
    assert network_of(folder / "b.pth") == "ParseNet"


@pytest.mark.parametrize("fault", ["missing", "extra", "shape", "nan"])
def test_what_is_not_whole_is_refused(fault: str, folder: Path) -> None:
    state = upscaler(4)
    if fault == "missing":
        del state["conv_hr.bias"]
    elif fault == "extra":
        state["conv_more.bias"] = torch.zeros(1)
    elif fault == "shape":
        state["conv_hr.bias"] = torch.zeros(33)
    else:
        state["conv_hr.bias"][7] = float("nan")
    save_file(state, folder / "a.safetensors")
    with pytest.raises(GpenError) as caught:
        network_of(folder / "a.safetensors")
    assert caught.value.code == "bad_checkpoint"


@pytest.mark.parametrize("fault", ["missing", "nan"])
def test_a_detector_that_is_not_whole_is_refused(fault: str, folder: Path) -> None:
    state = empty_retinaface("mobile0.25").state_dict()
    if fault == "missing":
        del state["body.stage1.0.0.weight"]
    else:
        state["ClassHead.0.conv1x1.weight"].view(-1)[3] = float("inf")
    torch.save(state, folder / "a.pth")
    with pytest.raises(GpenError) as caught:
        network_of(folder / "a.pth")
    assert caught.value.code == "bad_checkpoint"


def test_other_networks_are_refused(folder: Path) -> None:
    wide = {"conv_first.weight": torch.zeros(64, 3, 3, 3), "conv_last.weight": torch.zeros(3)}
    save_file(wide, folder / "a.safetensors")
    with pytest.raises(GpenError, match="upscaler"):
        network_of(folder / "a.safetensors")
    (folder / "b.pth").write_text("<html>")
    with pytest.raises(GpenError, match="not a weights file"):
        network_of(folder / "b.pth")


def test_a_gpen_network_with_a_broken_number(folder: Path) -> None:
    state = {key: tensor.clone() for key, tensor in network(SMALL).state_dict().items()}
    state["final_linear.0.bias"][0] = float("nan")
    torch.save(state, folder / "a.pth")
    with pytest.raises(GpenError, match="not numbers"):
        network_of(folder / "a.pth")
