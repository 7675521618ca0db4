"""Weights of an upscaler, without a download."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from gpen_engine.checkpoints.identify import rrdb


def small_esrgan(scale: int) -> dict[str, Tensor]:
    """Random weights of the published layout (RRDBNet) with one block instead of 23, close to the
    identity: the colours of the input, and a little of everything else."""
    torch.manual_seed(scale)
    folds = (4 // scale) ** 2
    weights = {
        key: torch.randn(tensor.shape) * 0.01
        for key, tensor in rrdb(scale).items()
        if not key.startswith("body.") or key.startswith("body.0.")
    }
    for channel in range(3):
        # Pixels that were folded into channels are averaged.
        weights["conv_first.weight"][channel, channel * folds : (channel + 1) * folds, 1, 1] = (
            1 / folds
        )
        for name in ("conv_up1", "conv_up2", "conv_hr", "conv_last"):
            weights[f"{name}.weight"][channel, channel, 1, 1] = 1
    return weights


def saved_upscaler(folder: Path, scale: int) -> Path:
    """A file of them, as GPEN's authors save theirs."""
    path = folder / f"small_x{scale}.pth"
    if not path.exists():
        torch.save({"params_ema": small_esrgan(scale)}, path)
    return path
