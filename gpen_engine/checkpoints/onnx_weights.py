"""Reads the weights out of an ONNX file of GPEN, as other tools ship them.

Such a file is the published network, traced: its operations stand in the order in which they are
computed, and each constant among them is a weight, times the scale that the network multiplies it
by. Names are lost. So the constants are taken in order and must be, one by one and with nothing
left over, what the published network uses; the scale is taken off such that putting it on again
gives the very same bits. Whatever does not fit is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import GpenError
from ..network import SIZES, Gpen, GpenConfig

Floats = NDArray[np.float32]

FOLDABLE = (
    *("Constant", "Identity", "Reshape", "Transpose", "Unsqueeze", "Squeeze", "Slice", "Cast"),
    "Mul",  # by a single number
)
"""Operations on constants alone that are computed here: none makes much out of little."""


@dataclass(frozen=True)
class _Slot:
    """A weight that the network uses."""

    name: str
    shape: tuple[int, ...]
    scale: float


def read_onnx(path: Path) -> dict[str, Tensor]:
    """The state dict of the network in an ONNX file, by GPEN's own keys, float32.

    Raises:
        GpenError: ``not_installed`` without the package onnx; ``bad_checkpoint`` when the file is
            none, or holds anything else than a published GPEN network.
    """
    try:
        import onnx
    except ImportError as error:
        raise GpenError(
            "not_installed",
            "ONNX files are read with the Python package onnx, which is not installed.",
            "Install it beside the engine (pip install onnx), or choose the .pth file.",
        ) from error
    try:
        model = onnx.load(path, load_external_data=False)  # other files are not touched
        uses = list(_uses(model))
        size = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
    except Exception as error:  # protobuf and the evaluator raise nearly anything
        raise _refusal(path, "it is damaged or unusual") from error
    config = _config(uses, size, path)
    with torch.device("meta"):
        expected = Gpen(config).state_dict()
    slots = list(_slots(config, {key: tuple(t.shape) for key, t in expected.items()}))
    filters = [use for use in uses if use.shape == (1, 1, 4, 4)]
    weights = [use for use in uses if use.shape != (1, 1, 4, 4)]
    if len(weights) != len(slots):
        what = f"it has {len(weights)} constants where GPEN has {len(slots)} weights"
        raise _refusal(path, what)
    state = _kernels(expected, filters, path)
    for slot, use in zip(slots, weights, strict=True):
        if _bare(use.shape) != _bare(slot.shape):
            what = f"{slot.name} is {list(use.shape)} instead of {list(slot.shape)}"
            raise _refusal(path, what)
        state[slot.name] = _unscaled(use.reshape(slot.shape), slot, path)
    return state


def _uses(model: Any) -> Iterator[Floats]:
    """The float constants of rank 1 and more, in the order in which operations take them;
    those of linear layers as [out, in]."""
    from onnx import helper, numpy_helper
    from onnx.reference import ReferenceEvaluator

    opsets = {entry.domain: entry.version for entry in model.opset_import}
    if any(tensor.data_location for tensor in model.graph.initializer):
        raise ValueError("numbers in another file, which would be read from anywhere")
    values: dict[str, NDArray[Any]] = {
        tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer
    }
    for node in model.graph.node:
        inputs = {name: values[name] for name in node.input if name in values}
        if len(inputs) == len(node.input) and _is_foldable(node.op_type, inputs):
            output = helper.make_tensor_value_info(node.output[0], 0, None)
            graph = helper.make_graph([node], "", [], [output])
            results: Any = ReferenceEvaluator(graph, opsets=opsets).run(None, inputs)
            values[node.output[0]] = results[0]
            continue
        for place, name in enumerate(node.input):
            value = values.get(name)
            if value is None or value.ndim == 0 or value.dtype.kind != "f":
                continue
            if place == 1 and _takes_transposed(node):
                value = value.T
            yield value


def _takes_transposed(node: Any) -> bool:
    """Whether the weights of a linear layer stand there as [in, out]."""
    as_they_are = any(a.name == "transB" and a.i for a in node.attribute)
    return node.op_type == "MatMul" or (node.op_type == "Gemm" and not as_they_are)


def _is_foldable(operation: str, inputs: dict[str, NDArray[Any]]) -> bool:
    if operation == "Mul" and min(value.size for value in inputs.values()) > 1:
        return False
    return operation in FOLDABLE


def _config(uses: list[Floats], size: list[int], path: Path) -> GpenConfig:
    """The configuration, from the numbers and sides of the constants."""
    modulated = [use.shape for use in uses if use.ndim == 5]
    levels, rest = divmod(len(modulated) - 2, 3)
    side = 4 << levels if levels > 0 and not rest else 0
    if size[:2] != [1, 3] or size[2:] != [side, side] or side not in SIZES:
        raise _refusal(path, "its sizes are not those of a GPEN network for one face")
    width = modulated[0][1]
    at_64 = modulated[11][1]  # behind the first two, three on each level from 8 pixels up
    linear = [use.shape for use in uses if use.ndim == 2]
    return GpenConfig(
        side,
        side,
        channel_multiplier=at_64 / (width / 2),
        narrow=width / 512,
        style_dim=linear[0][0] if linear else 0,
        style_layers=len(linear) - len(modulated) - 1,
        concat=modulated[1][2] == 2 * width,
    )


def _slots(config: GpenConfig, shapes: dict[str, tuple[int, ...]]) -> Iterator[_Slot]:
    """What the published network uses, in the order in which it does."""

    def slot(name: str, rate: float = 1, *, equalised: bool = False) -> _Slot:
        shape = shapes[name]
        inputs = math.prod(shape[-3:] if len(shape) > 2 else shape[1:])
        return _Slot(name, shape, rate / math.sqrt(inputs) if equalised else rate)

    def modulated(name: str) -> Iterator[_Slot]:
        yield slot(f"{name}.modulation.weight", equalised=True)
        yield slot(f"{name}.modulation.bias")
        yield slot(f"{name}.weight", equalised=True)

    def styled(name: str) -> Iterator[_Slot]:
        yield from modulated(f"{name}.conv")
        yield slot(f"{name}.noise.weight")
        yield slot(f"{name}.activate.bias")

    def rgb(name: str) -> Iterator[_Slot]:
        yield from modulated(f"{name}.conv")
        yield slot(f"{name}.bias")

    for k, _ in enumerate(config.encoder_sizes):
        place = 1 if k else 0  # in front of it, the low-pass
        yield slot(f"ecd{k}.0.{place}.weight", equalised=True)
        yield slot(f"ecd{k}.0.{place + 1}.bias")
    yield slot("final_linear.0.weight", equalised=True)
    yield slot("final_linear.0.bias")
    for layer in range(1, config.style_layers + 1):
        yield slot(f"generator.style.{layer}.weight", 0.01, equalised=True)
        yield slot(f"generator.style.{layer}.bias", 0.01)
    yield slot("generator.input.input")
    yield from styled("generator.conv1")
    yield from rgb("generator.to_rgb1")
    for level, _ in enumerate(config.generator_sizes):
        yield from styled(f"generator.convs.{2 * level}")
        yield from styled(f"generator.convs.{2 * level + 1}")
        yield from rgb(f"generator.to_rgbs.{level}")


def _kernels(expected: dict[str, Tensor], filters: list[Floats], path: Path) -> dict[str, Tensor]:
    """The low-pass kernels, which are the same in every GPEN network; those of the file must be."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    kernel = torch.outer(taps, taps) / 64
    named = {}
    for key in expected:
        if key.endswith("kernel"):
            named[key] = kernel * (1 if key.startswith("ecd") else 4)
    known = [kernel.numpy(), 4 * kernel.numpy()]
    if len(filters) != len(named) or not all(
        any(np.allclose(use[0, 0], k, rtol=1e-5, atol=0) for k in known) for use in filters
    ):
        raise _refusal(path, "its low-pass filters are not GPEN's")
    return named


def _unscaled(value: Floats, slot: _Slot, path: Path) -> Tensor:
    """Weights that give these very numbers when they are multiplied by the slot's scale."""
    scale = np.float32(slot.scale)
    if value.dtype != np.float32:
        raise _refusal(path, f"its numbers are not float32 but {value.dtype}")
    weights = (value.astype(np.float64) / np.float64(scale)).astype(np.float32)
    wrong = weights * scale != value
    for towards in (np.inf, -np.inf):  # the quotient was rounded, so a neighbour may be meant
        neighbour = np.nextafter(weights, np.float32(towards))
        fits = wrong & (neighbour * scale == value)
        weights[fits] = neighbour[fits]
        wrong &= ~fits
    if wrong.any():
        raise _refusal(path, f"{slot.name} cannot be taken back to what it was")
    return torch.from_numpy(np.ascontiguousarray(weights))


def _bare(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(side for side in shape if side != 1)


def _refusal(path: Path, what: str) -> GpenError:
    return GpenError(
        "bad_checkpoint",
        f"The ONNX file {path.name} cannot be read exactly: {what}.",
        "Choose the model's .pth file instead.",
    )
