"""Weights and a picture that are the same numbers on every machine, each from a seed of its own.

The recipe is fixed by the fixtures, which were made with it: a key's numbers come from numpy's
default generator, seeded with the salt and the key's CRC-32.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor


def weights(shapes: Mapping[str, Sequence[int]], salt: int) -> dict[str, Tensor]:
    """A state dict, float32, for these keys and shapes."""
    return {key: torch.from_numpy(_numbers(key, shape, salt)) for key, shape in shapes.items()}


def _numbers(key: str, shape: Sequence[int], salt: int) -> np.ndarray:
    if key.endswith("kernel"):
        taps = np.array([1, 3, 3, 1], np.float32)
        return np.outer(taps, taps) / 64 * (1 if key.startswith("ecd") else 4)
    source = np.random.default_rng([salt, zlib.crc32(key.encode())])
    normal = source.standard_normal(tuple(shape), dtype=np.float32)
    mean, deviation = 0.0, 1.0
    if key.endswith("modulation.bias"):
        mean, deviation = 1.0, 0.1
    elif key.endswith("noise.weight"):
        deviation = 0.3
    elif ".style." in key:  # layers whose learning rate is a hundredth keep large weights
        deviation = 100.0 if key.endswith("weight") else 10.0
    elif key.endswith("bias"):
        deviation = 0.1
    return np.float32(mean) + np.float32(deviation) * normal


def picture(size: int, salt: int) -> Tensor:
    """[1, 3, size, size] float32 in -1..1: smooth shades over nine nodes a side, and fine noise."""
    source = np.random.default_rng([salt, size])
    nodes = source.standard_normal((3, 9, 9))
    position = np.linspace(0, 8, size)
    before = np.minimum(position.astype(int), 7)
    share = position - before
    rows = nodes[:, before] * (1 - share)[:, None] + nodes[:, before + 1] * share[:, None]
    shades = rows[:, :, before] * (1 - share) + rows[:, :, before + 1] * share
    shades = shades + 0.05 * source.standard_normal(shades.shape)
    return torch.from_numpy(np.clip(shades / 2, -1, 1).astype(np.float32)[None])
