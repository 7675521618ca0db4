"""Small networks with random weights, in every form that is loaded."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from gpen_engine.network import Gpen, GpenConfig, ResnetGpen

FLAT = (
    GpenConfig(64, 64, 1, 0.125),
    GpenConfig(128, 128, 2, 0.0625, style_dim=64, style_layers=4),
    GpenConfig(64, 64, 0.5, 0.25, style_dim=32, style_layers=1, concat=False),
)
WIDENING = (
    GpenConfig(64, 128, 1, 0.125, style_dim=64),
    GpenConfig(64, 256, 2, 0.0625, style_dim=48, style_layers=3),
)
RESNET = (
    GpenConfig(64, 64, 1, 0.125, concat=False, style_layers=0),
    GpenConfig(64, 128, 2, 0.0625, concat=False, style_layers=0),
)
SMALL = FLAT[1]
"""The one with the fewest numbers, for tests of a single fault."""


@functools.cache
def network(config: GpenConfig) -> Gpen | ResnetGpen:
    """The same random weights each time; not to be changed."""
    torch.manual_seed(7)
    build = Gpen if config.style_layers else ResnetGpen
    built = build(config).eval().requires_grad_(False)
    for parameter in built.parameters():
        parameter += 0.1 * torch.randn_like(parameter)  # also where training starts from zero
    return built


def image(config: GpenConfig) -> Tensor:
    """One [1, 3, in, in] that fits the configuration.

    Not a batch: products with a single vector are what shows misaligned weights in the last bits.
    """
    source = torch.Generator().manual_seed(3)
    return torch.rand(1, 3, config.in_size, config.in_size, generator=source) * 2 - 1


@functools.cache
def painted(config: GpenConfig) -> Tensor:
    """What the network itself makes of it."""
    with torch.inference_mode():
        return network(config)(image(config), seed=5)


def sections(config: GpenConfig) -> dict[str, dict[str, Tensor]]:
    """The sectioned layout, written out by hand."""
    state = network(config).state_dict()
    if not config.style_layers:
        names = ("encoder", "mapper", "generator")
        return {
            name: {
                key.removeprefix(f"{name}."): tensor
                for key, tensor in state.items()
                if key.startswith(f"{name}.")
            }
            for name in names
        }
    encoder = {key: tensor for key, tensor in state.items() if key.startswith("ecd")}
    mapper = {
        key.removeprefix("generator."): tensor
        for key, tensor in state.items()
        if key.startswith(("final_linear", "generator.style"))
    }
    generator = {
        key.removeprefix("generator."): tensor
        for key, tensor in state.items()
        if key.startswith("generator.") and not key.startswith("generator.style")
    }
    return {"encoder": encoder, "mapper": mapper, "generator": generator}
