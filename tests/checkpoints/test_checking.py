"""Tensors that do not fit, and numbers that are none."""

from __future__ import annotations

import pytest
import torch
from checkpoint_forms import RESNET, SMALL, network, sections
from torch import Tensor

from gpen_engine.checkpoints import load_model
from gpen_engine.errors import GpenError
from gpen_engine.network import Gpen


def fault(content: object) -> str:
    """The sentence of the error that loading gives."""
    with pytest.raises(GpenError) as caught:
        load_model(content, device="cpu")  # type: ignore[arg-type]
    assert caught.value.code == "bad_checkpoint"
    assert caught.value.hint
    return caught.value.sentence


def test_missing_tensors_are_named_up_to_three(state: dict[str, Tensor]) -> None:
    for key in [key for key in state if key.startswith("generator.convs.3.")]:
        del state[key]
    names = "generator.convs.3.conv.weight, generator.convs.3.conv.modulation.weight, "
    assert fault(state) == (
        "The state dict does not fit the network. 5 tensors are missing: "
        f"{names}generator.convs.3.conv.modulation.bias and 2 more."
    )


@pytest.mark.parametrize(
    "gone", ["ecd0.0.0.weight", "final_linear.0.bias", "generator.to_rgb1.bias"]
)
def test_one_missing_tensor(gone: str, state: dict[str, Tensor]) -> None:
    del state[gone]
    assert fault(state).endswith(f"1 tensor is missing: {gone}.")


def test_no_style_layers(state: dict[str, Tensor]) -> None:
    kept = {key: tensor for key, tensor in state.items() if ".style." not in key}
    assert "generator.style.1.weight" in fault(kept)


def test_a_missing_section() -> None:
    content = sections(RESNET[1])
    del content["mapper"]
    assert "6 tensors are missing: mapper.norm.weight, mapper.norm.bias" in fault(content)


def test_extra_tensors(state: dict[str, Tensor]) -> None:
    state["generator.noises.noise_0"] = torch.zeros(1, 1, 4, 4)
    sentence = "1 tensor is not known: generator.noises.noise_0."
    assert fault(state).endswith(sentence)


def test_misshapen_tensors_and_missing_ones_together(state: dict[str, Tensor]) -> None:
    state["generator.to_rgb1.bias"] = torch.zeros(3)
    del state["ecd0.0.1.bias"]
    assert fault(state).endswith(
        "1 tensor is missing: ecd0.0.1.bias; "
        "1 tensor is of another shape: generator.to_rgb1.bias [3] instead of [1, 3, 1, 1]."
    )


def test_a_generator_that_concatenates_has_no_resnet_form() -> None:
    content = sections(RESNET[1])
    bias = content["generator"]["conv1.activate.bias"]
    content["generator"] |= {"conv1.activate.bias": torch.cat((bias, bias))}
    assert "generator.conv1.activate.bias [64] instead of [32]" in fault(content)


@pytest.mark.parametrize(
    "hollow",
    [
        torch.zeros(1).expand(64, 64),
        torch.zeros(64, 64, dtype=torch.int32),
        torch.zeros(64, 64, dtype=torch.complex64),
        torch.zeros(64, 64, device="meta"),
        torch.zeros(64, 64).to_sparse(),
    ],
    ids=["one number repeated", "integers", "complex", "no numbers", "sparse"],
)
def test_tensors_that_are_not_plain_numbers(hollow: Tensor, state: dict[str, Tensor]) -> None:
    state["generator.style.1.weight"] = hollow
    assert fault(state).endswith("1 tensor is not plain numbers: generator.style.1.weight.")


def test_nothing_is_allocated_for_shapes_that_do_not_fit() -> None:
    """65536 channels would fill terabytes; comparing shapes is enough to refuse them."""
    state = dict(network(SMALL).state_dict())
    state["generator.input.input"] = torch.zeros(1).expand(1, 65536, 4, 4)
    assert "are of another shape" in fault(state)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_none(value: float, state: dict[str, Tensor]) -> None:
    state["ecd1.0.1.weight"].view(-1)[-1] = value
    assert fault(state) == "The state dict holds values that are not numbers, in ecd1.0.1.weight."


@pytest.mark.parametrize(
    "kernel",
    [
        torch.zeros(4, 4),
        torch.eye(4),
        torch.outer(torch.tensor([3.0, 1, 3, 1]), torch.tensor([3.0, 1, 3, 1])),
        torch.outer(torch.tensor([1.0, 3, 3, 1]), torch.tensor([1.0, 2, 2, 1])),
        -torch.ones(4, 4),
    ],
    ids=["zeros", "not separable", "not symmetric", "two directions", "negative"],
)
def test_kernels_that_the_network_cannot_apply(kernel: Tensor, state: dict[str, Tensor]) -> None:
    state["ecd2.0.0.kernel"] = kernel
    assert fault(state).endswith("not of the kind [1, 3, 3, 1]: ecd2.0.0.kernel.")


def test_another_separable_kernel_is_applied_as_it_is(state: dict[str, Tensor]) -> None:
    state["generator.to_rgbs.0.upsample.kernel"].mul_(1.5)
    model = load_model(state, device="cpu", dtype="float32")
    picture = torch.zeros(1, 3, 128, 128)
    altered = Gpen(SMALL).eval()
    altered.load_state_dict(state)
    with torch.inference_mode():
        assert torch.equal(model(picture), altered(picture))
        assert not torch.equal(model(picture), network(SMALL)(picture))
