"""Which fast ways a graphics card goes: each is tried on the card itself against the plain way.

None is needed. What fails here, or computes something else, is left out, and ``gpen doctor`` says
why.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

from .graphs import Graphs, first_line
from .network import Gpen, GpenConfig, fused

TRIAL = GpenConfig(256, 256, 1, 0.125, style_dim=64, style_layers=2)
"""Its maps have 64 down to 8 channels, so that the kernels are made in all the forms that the
released models want, and yet there is little to compute."""
FURTHEST = {torch.float32: 1e-4, torch.float16: 1e-2, torch.bfloat16: 3e-2}
"""Relative distance of two results that are both rounded to this precision on their way."""


@cache
def why_not_fused(device: torch.device, dtype: torch.dtype) -> str:
    """Has networks of this precision use ``network.fused`` on this card, if that works there.

    Args:
        device: one that computes; a card must be the current one.
        dtype: as in ``Gpen.set_precision``.

    Returns:
        Empty if they use it, else why they do not.
    """
    if device.type != "cuda":
        return "they are made for NVIDIA's and AMD's cards"
    if find_spec("triton") is None:
        return "this PyTorch comes without Triton"
    card = torch.device("cuda", torch.cuda.current_device())
    try:
        network, images = _trial(card)
        network.set_precision(dtype)
        plain = _run(network, images)
        fused.trust(card, network.encoder_dtype, network.generator_dtype)
        distance = float((_run(network, images) - plain).norm() / plain.norm())
        why = "" if distance <= FURTHEST[dtype] else "their results are wrong here"
    except Exception as error:  # of the driver, a compiler, the kernels: whatever it is
        why = first_line(error)
    if why:
        fused.distrust(card)
    return why


@cache
def why_not_recorded(device: torch.device, dtype: torch.dtype) -> str:
    """Whether the card replays a recorded network with the result that it gives unrecorded.

    Args:
        device: one that computes; a card must be the current one.
        dtype: as in ``Gpen.set_precision``.

    Returns:
        Empty if it does, else why it does not.
    """
    if device.type != "cuda":
        return "they are made for NVIDIA's and AMD's cards"
    try:
        network, images = _trial(torch.device("cuda", torch.cuda.current_device()))
        network.set_precision(dtype)
        with torch.inference_mode():
            graphs = Graphs(network)
            plain, *replayed = (graphs(images).clone() for _ in range(3))
        # Some of cuDNN's algorithms never sum in the same order twice.
        bound = FURTHEST[dtype] * plain.norm()
        right = all((result - plain).norm() <= bound for result in replayed)
    except Exception as error:  # as above
        return first_line(error)
    return graphs.why_not or ("" if right else "their results are wrong here")


@contextmanager
def full_precision() -> Iterator[None]:
    """Within, convolutions of float32 numbers are not rounded to TF32, as PyTorch does when nobody
    forbids it. Matrix products it leaves alone unless the process asked for that."""
    convolutions: Any = torch.backends.cudnn.conv  # type: ignore[attr-defined]
    before = convolutions.fp32_precision
    convolutions.fp32_precision = "ieee"
    try:
        yield
    finally:
        convolutions.fp32_precision = before


def room(shape: Sequence[int], device: torch.device) -> Tensor:
    """Float32 numbers on the processor, to go to this device or to come from it: where a card can
    read and write them by itself, if the system has such memory left."""
    if device.type == "cuda":
        with suppress(RuntimeError):
            return torch.empty(tuple(shape), pin_memory=True)
    return torch.empty(tuple(shape))


def _trial(device: torch.device) -> tuple[Gpen, Tensor]:
    """A network with random weights, the same every time, and two images for it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = Gpen(TRIAL).eval()
        for parameter in network.parameters():
            if parameter.dim() == 1:  # biases and gains begin as zeros or ones
                torch.nn.init.normal_(parameter)
        images = torch.rand(2, 3, TRIAL.in_size, TRIAL.in_size) * 2 - 1
    return network.to(device).freeze(), images.to(device)


def _run(network: Gpen, images: Tensor) -> Tensor:
    with torch.inference_mode():
        restored: Tensor = network(images)
        return restored
