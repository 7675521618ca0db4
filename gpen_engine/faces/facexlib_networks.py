"""facexlib's face parsers, without facexlib's habits: the only module that imports it.

It takes as long to import as PyTorch itself, so the detector has a network of its own. It would
download its weights unchecked and needs a torchvision that matches torch. Here the networks are
built empty, their weights are read by our own safe reader, and torchvision is helped to import
beside a torch build it was not made for (its CUDA wheel beside a CPU torch).
"""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

from ..checkpoints.reading import read
from ..errors import GpenError

Weights = dict[str, Tensor]
T = TypeVar("T", bound=nn.Module)


@functools.cache
def import_facexlib() -> Any:
    """Imports facexlib once, and says what is wrong when torchvision is."""
    ready_torchvision()
    import facexlib.detection.retinaface
    import facexlib.parsing

    return facexlib


@functools.cache
def ready_torchvision() -> object:
    """Imports torchvision; a build without matching operators gets their schemas declared first.

    A torchvision wheel whose compiled operators do not load still registers Python code for
    ``torchvision::nms`` and fails because nobody declared it. Nothing here calls those operators
    (overlaps are merged in ``merging``), so the declaration alone is enough.

    Returns:
        The torch library that must stay alive, or None when torchvision is sound.
    """
    try:
        import torchvision
    except (RuntimeError, OSError):
        for name in [m for m in sys.modules if m.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        library: Any = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import torchvision  # noqa: F401

        return library
    return None


def load(path: Path, build: Callable[[Weights], T], what: str, takes: str) -> T:
    """Reads a weights file safely and builds the network that it is for.

    Args:
        path: ``.pth`` or ``.safetensors``.
        build: :func:`face_parser`, or RetinaFace's.
        what, takes: for the message when the file holds something else.

    Raises:
        GpenError: ``bad_checkpoint``, ``checkpoint_unsafe`` or ``model_missing``.
    """
    content = read(path)
    tensors = content.items() if isinstance(content, dict) else ()
    weights = {k.removeprefix("module."): v for k, v in tensors if isinstance(v, Tensor)}
    try:
        return build(weights)
    except (RuntimeError, KeyError) as error:  # other names and shapes
        raise GpenError("bad_checkpoint", f"{path.name} does not hold {what}.", takes) from error


def empty_retinaface(name: str) -> nn.Module:
    """facexlib's RetinaFace with random weights; ``name`` is mobile0.25 or resnet50."""
    module = import_facexlib().detection.retinaface
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks torchvision for an empty ResNet the old way
        return cast(nn.Module, module.RetinaFace(network_name=name, device=torch.device("cpu")))


def face_parser(weights: Weights) -> nn.Module:
    """ParseNet or BiSeNet with the given weights, told by their names.

    Returns:
        A network in evaluation mode that takes [N, 3, 512, 512] RGB in -1..1 (ParseNet) or
        ImageNet-normalised (BiSeNet) and gives a tuple whose first item is the logits
        [N, 19, 512, 512].
    """
    parsing = import_facexlib().parsing
    if any(key.startswith("cp.") for key in weights):
        return _filled(parsing.BiSeNet(num_class=19), weights)
    return _filled(parsing.ParseNet(in_size=512, out_size=512, parsing_ch=19), weights)


def _filled(network: nn.Module, weights: Weights) -> nn.Module:
    network.load_state_dict({key: value.float() for key, value in weights.items()})
    return network.eval().requires_grad_(False)
