"""Which network a state dict is for, and the network's configuration, read off names and shapes."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from ..errors import GpenError
from ..network import SIZES, Gpen, GpenConfig, ResnetGpen
from .arguments import Arguments

Shapes = Mapping[str, tuple[int, ...]]
"""The shape of each tensor of a state dict, by the network's own keys."""

Network = Gpen | ResnetGpen

MAX_SIDE = 1 << 16
"""A telling tensor is no longer than this along any axis; beyond, the file is nonsense."""


@dataclass(frozen=True)
class Form:
    """A kind of network that can be loaded."""

    name: str
    marks: tuple[str, ...]
    """A state dict that has any of these keys is of this form."""
    layouts: tuple[str, ...]
    """The layouts that can hold it, see ``containers``."""
    build: Callable[[GpenConfig], Network]


@dataclass(frozen=True)
class Stranger:
    """A network that people mistake for a GPEN one."""

    keys: tuple[str, ...]
    """A state dict that has all of these keys is this network."""
    what: str


STRANGERS = (
    Stranger(
        ("convs.0.0.weight", "final_conv.0.weight", "final_linear.0.weight"),
        "a discriminator, which judges faces in training and cannot restore them",
    ),
    Stranger(
        ("shrink.0.weight", "judge.weight"),
        "a discriminator, which judges faces in training and cannot restore them",
    ),
    Stranger(("toRGB.0.weight", "stylegan_decoder.style_mlp.1.weight"), "a GFPGAN model"),
    Stranger(("position_emb", "quantize.embedding.weight"), "a CodeFormer model"),
    Stranger(("conv_first.weight", "conv_last.weight"), "an upscaler (ESRGAN)"),
    Stranger(("ClassHead.0.conv1x1.weight",), "a face detector (RetinaFace)"),
)


def detect(shapes: Shapes, subject: str) -> Form:
    """The form of a state dict.

    Raises:
        GpenError: ``bad_checkpoint``; it names the network when it is one of ``STRANGERS``.
    """
    for stranger in STRANGERS:
        if all(key in shapes for key in stranger.keys):
            raise GpenError(
                "bad_checkpoint",
                f"{subject} is {stranger.what}.",
                "Choose a GPEN restoration model; those whose name ends in -D are discriminators.",
            )
    for form in FORMS:
        if any(key in shapes for key in form.marks):
            return form
    raise GpenError(
        "bad_checkpoint",
        f"{subject} holds weights, but of another network than GPEN.",
        "Choose a GPEN restoration model.",
    )


def configure(shapes: Shapes, arguments: Arguments) -> GpenConfig:
    """The configuration of either form; what tensors tell goes before what ``arguments`` say.

    Raises:
        GpenError: ``bad_checkpoint`` when a telling tensor is missing or the size does not exist.
    """
    own_encoder = _count(shapes, "ecd") > 0
    out_size = _power((_count(shapes, "generator.convs.") + 1) // 2 + 2)
    # A ResNet takes any size, so only args know it; without them, in = out as everywhere.
    in_size = _power(_count(shapes, "ecd") + 1) if own_encoder else arguments.in_size or out_size
    if in_size not in SIZES or out_size not in SIZES or in_size > out_size:
        raise GpenError(
            "bad_checkpoint",
            f"These weights are for {in_size} pixels in and {out_size} out, which does not exist.",
            f"Sizes are {', '.join(map(str, SIZES))}, and not more in than out.",
        )
    for what, said, told in (
        ("in", arguments.in_size, in_size),
        ("out", arguments.out_size, out_size),
    ):
        if said not in (None, told):
            _log.warning("args say %s pixels %s, the tensors %s: theirs is taken", said, what, told)

    width = _dimensions(shapes, "generator.input.input", 4)[1]
    at_64 = _dimensions(shapes, "generator.convs.6.conv.weight", 5)[1]
    bias = _dimensions(shapes, "generator.conv1.activate.bias", 1)[0]
    style_dim = _dimensions(shapes, "generator.conv1.conv.modulation.weight", 2)[1]
    style_layers = _count(shapes, "generator.style.") - 1  # number 0 is the pixel norm
    config = GpenConfig(
        in_size,
        out_size,
        channel_multiplier=at_64 / (width / 2),
        narrow=width / 512,
        style_dim=style_dim,
        style_layers=max(1, style_layers) if own_encoder else 0,
        concat=own_encoder and bias == 2 * width,
    )
    if config.channels(64) < at_64:  # the quotient was rounded down, and widths are cut to whole
        above = math.nextafter(config.channel_multiplier, math.inf)
        config = replace(config, channel_multiplier=above)
    return config


FORMS = (
    Form(
        name="GPEN",
        marks=("ecd0.0.0.weight", "ecd1.0.1.weight", "ecd2.0.1.weight"),
        layouts=("flat", "sectioned"),
        build=Gpen,
    ),
    Form(
        name="GPEN with a ResNet-50 encoder",
        marks=("encoder.conv1.weight", "encoder.layer1.0.conv1.weight", "encoder.fc.weight"),
        layouts=("sectioned",),
        build=ResnetGpen,
    ),
)


def _count(shapes: Shapes, prefix: str) -> int:
    """One more than the highest number that follows ``prefix``: gaps show as missing tensors."""
    pattern = re.compile(re.escape(prefix) + r"(\d{1,4})\.")
    found = (pattern.match(key) for key in shapes)
    return max((int(match[1]) + 1 for match in found if match), default=0)


def _power(exponent: int) -> int:
    """2**exponent, but no giant when the exponent is nonsense."""
    return 1 << min(exponent, 31)


def _dimensions(shapes: Shapes, key: str, count: int) -> tuple[int, ...]:
    shape = shapes.get(key)
    if shape is None:
        raise GpenError(
            "bad_checkpoint",
            f"These weights are not complete: {key} is missing.",
            "Copy or download the file again.",
        )
    if len(shape) != count or not all(0 < side <= MAX_SIDE for side in shape):
        raise GpenError(
            "bad_checkpoint",
            f"These weights are damaged: {key} has the shape {list(shape)}.",
            "Copy or download the file again.",
        )
    return shape


_log = logging.getLogger(__name__)
