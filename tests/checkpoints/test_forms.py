"""Configurations read off names and shapes; other networks told apart; sizes that do not exist."""

from __future__ import annotations

import itertools
import logging
from pathlib import Path

import pytest
import torch
from checkpoint_forms import RESNET, SMALL, network
from torch import Tensor

from gpen_engine.checkpoints import load_model
from gpen_engine.checkpoints.arguments import Arguments
from gpen_engine.checkpoints.forms import configure
from gpen_engine.errors import GpenError
from gpen_engine.network import SIZES, Gpen, GpenConfig
from gpen_engine.training.discriminator import Discriminator

Shapes = dict[str, tuple[int, ...]]


def shapes_of(config: GpenConfig) -> Shapes:
    with torch.device("meta"):
        return {key: tuple(t.shape) for key, t in Gpen(config).state_dict().items()}


@pytest.mark.parametrize(
    "config",
    [GpenConfig(n, m, 2, 1) for n in SIZES for m in SIZES if n <= m]
    + [GpenConfig(256, 256, 1, 0.5)],
    ids=lambda c: f"{c.in_size}-{c.out_size}",
)
def test_every_size_is_recognised_by_names_and_shapes(config: GpenConfig) -> None:
    assert configure(shapes_of(config), Arguments()) == config


def test_any_pair_of_widths_gives_them_back() -> None:
    """Widths are whole numbers cut from products of fractions: no rounding may lose one."""
    shapes = shapes_of(GpenConfig(64, 64, 1, 0.0625))
    for width, at_64 in itertools.product((1, 3, 7, 24, 96, 171, 333, 512, 1000), range(1, 700, 3)):
        shapes["generator.input.input"] = (1, width, 4, 4)
        shapes["generator.convs.6.conv.weight"] = (1, at_64, width, 3, 3)
        config = configure(shapes, Arguments())
        assert (config.channels(4), config.channels(64)) == (width, at_64)


def test_tensors_win_over_args(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        config = configure(shapes_of(SMALL), Arguments(in_size=512, out_size=1024))
    assert (config.in_size, config.out_size) == (128, 128)
    assert [record.args for record in caplog.records] == [(512, "in", 128), (1024, "out", 128)]


@pytest.mark.parametrize(
    ("renamed", "to", "sentence"),
    [
        ("ecd5.0.0.kernel", "ecd11.0.0.kernel", "8192 pixels in and 128 out"),
        ("ecd5.0.0.kernel", "ecd6.0.0.kernel", "256 pixels in and 128 out"),
        ("generator.to_rgb1.bias", "generator.convs.9999.bias", "128 pixels in and 2147483648 out"),
        ("generator.to_rgb1.bias", "generator.convs.18.bias", "128 pixels in and 4096 out"),
    ],
)
def test_a_size_that_does_not_exist(
    renamed: str, to: str, sentence: str, state: dict[str, Tensor]
) -> None:
    state[to] = state.pop(renamed)
    assert_bad(state, sentence, "Sizes are 64, 128, 256, 512, 1024, 2048")


def test_a_network_of_32_pixels_does_not_exist() -> None:
    assert_bad(Gpen(GpenConfig(32, 32, 1, 0.0625)).state_dict(), "32 pixels in and 32 out", "64")


def test_a_resnet_form_for_a_size_that_does_not_exist() -> None:
    state = network(RESNET[0]).state_dict()
    sectioned = {"args": {"in_size": 100}, "generator": {}, "mapper": {}, "encoder": {}}
    for key, tensor in state.items():
        section, _, rest = key.partition(".")
        sectioned[section][rest] = tensor
    assert_bad(sectioned, "100 pixels in and 64 out", "64")


def test_the_published_discriminator_is_called_one() -> None:
    state = {
        "convs.0.0.weight": torch.zeros(64, 3, 1, 1),
        "convs.0.1.bias": torch.zeros(64),
        "convs.1.conv1.0.weight": torch.zeros(64, 64, 3, 3),
        "convs.1.skip.0.kernel": torch.zeros(4, 4),
        "final_conv.0.weight": torch.zeros(512, 513, 3, 3),
        "final_linear.0.weight": torch.zeros(512, 8192),
        "final_linear.1.weight": torch.zeros(1, 512),
    }
    assert_bad(state, "is a discriminator", "-D")


def test_our_own_discriminator_is_called_one() -> None:
    assert_bad(Discriminator(width=4).state_dict(), "is a discriminator", "-D")


def test_an_unknown_network() -> None:
    assert_bad(torch.nn.Linear(3, 3).state_dict(), "of another network than GPEN", "Choose")


@pytest.mark.parametrize(
    "key",
    [
        "generator.input.input",
        "generator.convs.6.conv.weight",
        "generator.conv1.activate.bias",
        "generator.conv1.conv.modulation.weight",
    ],
)
def test_telling_tensors(key: str, state: dict[str, Tensor]) -> None:
    whole = state[key]
    state[key] = whole.flatten()[:0]
    assert_bad(state, f"{key} has the shape [0]", "again")
    state[key] = torch.empty(0).expand(*whole.shape[:-1], 0)
    assert_bad(state, f"{key} has the shape", "again")
    del state[key]
    assert_bad(state, f"{key} is missing", "again")


def test_a_face_detector_is_called_one(shared: Path) -> None:
    with pytest.raises(GpenError, match="is a face detector"):
        load_model(shared / "weights" / "detection_mobilenet0.25_Final.pth", device="cpu")


def assert_bad(content: object, sentence: str, hint: str) -> None:
    with pytest.raises(GpenError) as caught:
        load_model(content, device="cpu")  # type: ignore[arg-type]
    assert caught.value.code == "bad_checkpoint"
    assert sentence in caught.value.sentence
    assert hint in caught.value.hint
