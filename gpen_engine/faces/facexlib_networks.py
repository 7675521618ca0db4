"""facexlib's networks, without facexlib's habits: the only module that imports it.

facexlib would download its weights unchecked and needs a torchvision that matches torch. Here the
networks are built empty, their weights are read by our own safe reader, and torchvision is helped
to import beside a torch build it was not made for (its CUDA wheel beside a CPU torch).
"""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from ..checkpoints.reading import read
from ..errors import GpenError

Weights = dict[str, Tensor]


@functools.cache
def _import_facexlib() -> Any:
    """Imports facexlib once, and says what is wrong when torchvision is."""
    _ready_torchvision()
    import facexlib.detection.retinaface
    import facexlib.parsing

    return facexlib


@functools.cache
def _ready_torchvision() -> object:
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


def load(path: Path, build: Callable[[Weights], nn.Module], what: str, takes: str) -> nn.Module:
    """Reads a weights file safely and builds the network that it is for.

    Args:
        path: ``.pth`` or ``.safetensors``.
        build: :func:`retinaface` or :func:`face_parser`.
        what, takes: for the message when the file holds something else.

    Raises:
        GpenError: ``bad_checkpoint``, ``checkpoint_unsafe`` or ``model_missing``.
    """
    content = read(path)
    tensors = content.items() if isinstance(content, dict) else ()
    weights = {k.removeprefix("module."): v for k, v in tensors if isinstance(v, Tensor)}
    try:
        return build(weights)
    except RuntimeError as error:  # what load_state_dict raises for other names and shapes
        raise GpenError("bad_checkpoint", f"{path.name} does not hold {what}.", takes) from error


def retinaface(weights: Weights) -> nn.Module:
    """RetinaFace with the given weights: MobileNet-0.25 or ResNet-50, told by their names.

    Returns:
        A network in evaluation mode on the CPU. Takes [N, 3, H, W] BGR in 0..255 minus
        (104, 117, 123); gives offsets [N, A, 4], probabilities [N, A, 2] and landmark offsets
        [N, A, 10] for A anchors; its ``cfg`` says where the anchors lie.

    Raises:
        RuntimeError: from ``load_state_dict`` when the weights are not RetinaFace's.
    """
    name = "mobile0.25" if "body.stage1.0.0.weight" in weights else "resnet50"
    return _filled(empty_retinaface(name), weights)


def empty_retinaface(name: str) -> nn.Module:
    """RetinaFace with random weights; ``name`` is mobile0.25 or resnet50."""
    module = _import_facexlib().detection.retinaface
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
    parsing = _import_facexlib().parsing
    if any(key.startswith("cp.") for key in weights):
        return _filled(parsing.BiSeNet(num_class=19), weights)
    return _filled(parsing.ParseNet(in_size=512, out_size=512, parsing_ch=19), weights)


def _filled(network: nn.Module, weights: Weights) -> nn.Module:
    network.load_state_dict({key: value.float() for key, value in weights.items()})
    return network.eval().requires_grad_(False)


def decode(
    offsets: Tensor, landmark_offsets: Tensor, anchors: Tensor, variance: list[float]
) -> tuple[Tensor, Tensor]:
    """Offsets [A, 4], [A, 10] and anchors [A, 4] to boxes [A, 4] (x0, y0, x1, y1) and landmarks
    [A, 10], all in units of the image's sides."""
    utils = _import_facexlib().detection.retinaface_utils
    boxes = utils.decode(offsets, anchors, variance)
    landmarks = utils.decode_landm(landmark_offsets, anchors, variance)
    return boxes, landmarks
