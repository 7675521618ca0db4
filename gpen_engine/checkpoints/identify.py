"""Finds out which network a weights file is for, by what is in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from ..network import GpenConfig
from .checking import check_shapes, check_values
from .containers import unwrap
from .loading import open_checkpoint
from .reading import read

RRDB_WIDTH, RRDB_BLOCKS = 32, 23
"""Channels and blocks of the upscalers that GPEN's authors trained; others have 64 channels."""
UPSCALERS = {f"RealESRNet ×{scale}": scale for scale in (1, 2, 4)}


def network_of(path: Path) -> GpenConfig | str:
    """The network that a file holds all weights of, with nothing but finite numbers.

    Returns:
        The configuration of a GPEN network; for the networks around it their name, as the
        catalogue has it.

    Raises:
        GpenError: ``checkpoint_unsafe`` or ``bad_checkpoint``, also for any other network.
    """
    what = f"The file {path.name}"
    tensors = unwrap(read(path), what).tensors
    name = _neighbour(tensors)
    if name is None:
        return open_checkpoint(path).config
    if name in UPSCALERS:
        check_shapes(tensors, rrdb(UPSCALERS[name]), what)
    else:
        from ..faces.facexlib_networks import face_parser, load
        from ..faces.retinaface import retinaface

        build = retinaface if name.startswith("RetinaFace") else face_parser
        load(path, build, f"all weights of {name}", "Copy or download the file again.")
    check_values(tensors, what)
    return name


def _neighbour(tensors: Mapping[str, Tensor]) -> str | None:
    """The name of the network that works beside GPEN, by telling tensors; None for GPEN's own."""
    if "ClassHead.0.conv1x1.weight" in tensors:
        small = "body.stage1.0.0.weight" in tensors
        return f"RetinaFace with {'MobileNet-0.25' if small else 'ResNet-50'}"
    if "out_mask_conv.conv2d.weight" in tensors:
        return "ParseNet"
    if "conv_out32.conv_out.weight" in tensors:
        return "BiSeNet"
    first = tensors.get("conv_first.weight")
    if first is None or first.ndim != 4 or first.shape[0] != RRDB_WIDTH:
        return None
    # The smaller the scale, the more pixels of the input are folded into its channels.
    return next((n for n, scale in UPSCALERS.items() if first.shape[1] == _folded(scale)), None)


def rrdb(scale: int) -> dict[str, Tensor]:
    """Names and shapes of Real-ESRGAN's network (RRDBNet), on the meta device, for ×1, ×2 or ×4."""
    width = RRDB_WIDTH
    convs = {"conv_first": (width, _folded(scale))}
    for block in range(RRDB_BLOCKS):
        for dense in (1, 2, 3):
            convs |= {
                f"body.{block}.rdb{dense}.conv{i}": (width, i * width) for i in (1, 2, 3, 4, 5)
            }
    convs |= dict.fromkeys(("conv_body", "conv_up1", "conv_up2", "conv_hr"), (width, width))
    convs["conv_last"] = (3, width)
    tensors = {}
    for name, (outputs, inputs) in convs.items():
        tensors[f"{name}.weight"] = torch.empty(outputs, inputs, 3, 3, device="meta")
        tensors[f"{name}.bias"] = torch.empty(outputs, device="meta")
    return tensors


def _folded(scale: int) -> int:
    """Channels of the input, blocks of whose pixels are folded into them."""
    return 3 * (4 // scale) ** 2
