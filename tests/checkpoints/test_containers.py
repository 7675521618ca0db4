"""State dicts however they are wrapped, and the two layouts turned into each other."""

from __future__ import annotations

import argparse
from typing import Any

import pytest
import torch
from checkpoint_forms import FLAT, RESNET, SMALL, network, sections
from torch import Tensor

from gpen_engine.checkpoints.arguments import Arguments
from gpen_engine.checkpoints.containers import to_sections, unwrap
from gpen_engine.errors import GpenError
from gpen_engine.network import GpenConfig

Weights = dict[str, Tensor]


def prefixed(state: Weights, prefix: str = "module.") -> Weights:
    return {prefix + key: tensor for key, tensor in state.items()}


def wrap(state: Weights) -> dict[str, dict[str, Any]]:
    other = {key: torch.zeros(1) for key in state}
    return {
        "training": {"g": other, "d": other, "g_ema": state, "g_optim": {}, "d_optim": {}},
        "average beside a tensor": {"g_ema": state, "latent_avg": torch.zeros(512)},
        "average first": {"params": other, "params_ema": state},
        "lightning": {"epoch": 3, "state_dict": state, "hyper_parameters": {"lr": 1.0}},
        "parallel": prefixed(state),
        "parallel twice": prefixed(prefixed(state)),
        "both": {"state_dict": prefixed(state)},
        "options of a script": {"g_ema": state, "args": argparse.Namespace(size=[], path="x")},
        "two deep": {"state_dict": {"params_ema": state}},
        "with a counter": state | {"iteration": 5},
    }


@pytest.mark.parametrize("name", list(wrap({})))
def test_wrapped_state_dicts(name: str, state: Weights) -> None:
    contents = unwrap(wrap(state)[name], "It")
    assert contents.layout == "flat"
    assert contents.arguments == Arguments()
    assert contents.tensors.keys() == state.keys()
    assert all(contents.tensors[key] is tensor for key, tensor in state.items())


def test_a_dict_that_wraps_itself_ends() -> None:
    endless: dict[str, Any] = {}
    endless["g_ema"] = endless
    with pytest.raises(GpenError) as caught:
        unwrap(endless, "It")
    assert caught.value.code == "bad_checkpoint"


@pytest.mark.parametrize("config", [*FLAT, *RESNET])
def test_sections_give_the_keys_of_the_network(config: GpenConfig) -> None:
    contents = unwrap({**sections(config), "args": {"size": config.out_size}}, "It")
    assert contents.layout == "sectioned"
    assert contents.arguments.out_size == config.out_size
    assert contents.tensors.keys() == network(config).state_dict().keys()
    again, parts = to_sections(contents.tensors), sections(config)
    assert {name: part.keys() for name, part in again.items()} == {
        name: part.keys() for name, part in parts.items()
    }
    for name, part in parts.items():
        assert all(again[name][key].data_ptr() == tensor.data_ptr() for key, tensor in part.items())


def test_sections_of_parallel_training() -> None:
    content = {name: prefixed(section) for name, section in sections(SMALL).items()}
    assert unwrap(content, "It").tensors.keys() == network(SMALL).state_dict().keys()


def test_sections_that_kept_the_flat_keys() -> None:
    state = network(SMALL).state_dict()
    style = {key: t for key, t in state.items() if key.startswith("generator.style.")}
    generator = {key: t for key, t in state.items() if key.startswith("generator.")}
    content = {
        "encoder": {key: t for key, t in state.items() if key.startswith("ecd")},
        "mapper": {key: t for key, t in state.items() if key.startswith("final")} | style,
        "generator": {key: t for key, t in generator.items() if key not in style},
    }
    assert unwrap(content, "It").tensors.keys() == state.keys()


def test_the_sections_hold_what_they_are_named_for() -> None:
    parts = to_sections(network(SMALL).state_dict())
    assert {key.partition(".")[0] for key in parts["encoder"]} == {f"ecd{i}" for i in range(6)}
    assert {key.partition(".")[0] for key in parts["mapper"]} == {"final_linear", "style"}
    assert {key.partition(".")[0] for key in parts["generator"]} == {
        *("input", "conv1", "to_rgb1", "convs", "to_rgbs"),
    }
