"""The whole network: its keys, its batches, its seeds and its precisions."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from gpen_engine.network import SIZES, Gpen, GpenConfig, ResnetGpen

SAME = GpenConfig(64, 64, 1, 0.125, style_dim=64)
WIDENING = GpenConfig(64, 256, 1, 0.125, style_dim=64)
ADDING = GpenConfig(64, 64, 1, 0.125, style_dim=64, concat=False)


@pytest.fixture
def build() -> Callable[[GpenConfig], Gpen]:
    def build(config: GpenConfig) -> Gpen:
        torch.manual_seed(4)
        network = Gpen(config).eval().requires_grad_(False)
        for name, parameter in network.named_parameters():
            if name.endswith("noise.weight"):
                parameter.fill_(0.5)
        return network

    return build


def faces(count: int, size: int = 64) -> Tensor:
    source = torch.Generator().manual_seed(5)
    return torch.rand(count, 3, size, size, generator=source) * 2 - 1


@pytest.mark.parametrize(("in_size", "out_size"), [(a, b) for a in SIZES for b in SIZES if a <= b])
def test_every_size_has_a_network(in_size: int, out_size: int) -> None:
    with torch.device("meta"):
        network = Gpen(GpenConfig(in_size, out_size, 0.5, 0.25))
        assert network(torch.empty(2, 3, in_size, in_size)).shape == (2, 3, out_size, out_size)


@pytest.mark.parametrize(
    ("config", "count"),
    [
        (GpenConfig(256, 256, 1, 0.5), 18_879_010),
        (GpenConfig(512, 512, 2, 1), 71_005_223),
        (GpenConfig(1024, 1024, 2, 1), 71_210_540),
        (GpenConfig(2048, 2048, 2, 1), 71_294_769),
    ],
    ids=lambda value: str(getattr(value, "in_size", "")),
)
def test_the_released_models_have_their_parameter_counts(config: GpenConfig, count: int) -> None:
    with torch.device("meta"):
        assert sum(p.numel() for p in Gpen(config).parameters()) == count


@pytest.mark.parametrize("config", [SAME, WIDENING, ADDING])
def test_a_batch_equals_single_faces(config: GpenConfig, build: Callable[..., Gpen]) -> None:
    """To rounding, not to the bit: the products choose other orders of summation by size."""
    network, images = build(config), faces(3)
    with torch.inference_mode():
        together = network(images, seed=9)
        apart = torch.cat([network(image[None], seed=9) for image in images])
        assert (together - apart).norm() < 1e-5 * apart.norm()
        network.set_precision(torch.bfloat16)
        together = network(images, seed=9)
        apart = torch.cat([network(image[None], seed=9) for image in images])
        assert (together - apart).norm() < 5e-3 * apart.norm()


@pytest.mark.parametrize("config", [SAME, WIDENING, ADDING])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_same_input_and_seed_give_the_same_bits(
    config: GpenConfig, dtype: torch.dtype, build: Callable[..., Gpen]
) -> None:
    network, images = build(config).set_precision(dtype), faces(2)
    with torch.inference_mode():
        first = network(images, seed=1)
        torch.manual_seed(99)  # the global source of randomness has no part in it
        assert torch.equal(network(images, seed=1), first)
        assert torch.equal(network(images, seed=2), first) == (config != WIDENING)


def test_running_leaves_the_global_randomness_alone(build: Callable[..., Gpen]) -> None:
    network = build(WIDENING)
    before = torch.get_rng_state()
    with torch.inference_mode():
        network(faces(1), seed=3)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.is_grad_enabled()


def test_memory_format_and_dtype_of_the_input_do_not_matter(build: Callable[..., Gpen]) -> None:
    network, images = build(SAME), faces(2).bfloat16()
    with torch.inference_mode():
        expected = network(images.float())
        assert torch.equal(network(images), expected)
        assert torch.equal(network(images.to(memory_format=torch.channels_last)), expected)
    assert expected.dtype == torch.float32


def test_precision_is_of_the_convolutions_only(build: Callable[..., Gpen]) -> None:
    network = build(SAME).set_precision(torch.float16)
    dtypes = {name: parameter.dtype for name, parameter in network.named_parameters()}
    half = {name for name, dtype in dtypes.items() if dtype == torch.float16}
    assert half == {
        *(f"ecd{k}.0.1.weight" for k in range(1, 5)),
        "generator.conv1.conv.weight",
        *(f"generator.convs.{i}.conv.weight" for i in range(8)),
    }
    assert set(dtypes.values()) == {torch.float16, torch.float32}


def test_one_interface_for_both_networks() -> None:
    plain = GpenConfig(64, 64, 1, 0.125, style_layers=0, concat=False)
    with torch.device("meta"):
        for network in (Gpen(SAME), ResnetGpen(plain)):
            half = network.set_precision(torch.bfloat16)
            assert half is network
            assert half(torch.empty(1, 3, 64, 64), seed=1).shape == (1, 3, 64, 64)
