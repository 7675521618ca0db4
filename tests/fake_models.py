"""Models that do something simple to their crops, in place of a network."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from gpen_engine import GpenModel
from gpen_engine.network import Gpen, GpenConfig


class FakeModel(GpenModel):
    """Applies a function to batches [N, 3, size, size] in -1..1, and remembers their lengths."""

    def __init__(
        self,
        paint: Callable[[Tensor], Tensor],
        size: int = 64,
        device: str = "cpu",
        *,
        out_size: int | None = None,
    ) -> None:
        self.paint = paint
        config = GpenConfig(size, out_size or size, 1, 0.0625)
        self.network = cast(Gpen, SimpleNamespace(config=config))
        self.name, self.sha256 = "fake", None
        self.device = torch.device(device)
        self.dtype = torch.float32
        self.batches: list[int] = []

    def __call__(self, images: Tensor, *, seed: int = 0) -> Tensor:
        self.batches.append(len(images))
        assert images.shape[1:] == (3, self.config.in_size, self.config.in_size)
        return self.paint(images)

    def move(self, device: torch.device | str) -> None:
        self.device = torch.device(device)


def identity(images: Tensor) -> Tensor:
    return images


def fourfold(images: Tensor) -> Tensor:
    """The same at four times the size."""
    return F.interpolate(images, scale_factor=4, mode="bicubic")


def swapped(images: Tensor) -> Tensor:
    """Blue for red."""
    return images.flip(1)


def red(images: Tensor) -> Tensor:
    """Nothing but red."""
    return torch.tensor([1.0, -1, -1]).view(1, 3, 1, 1).expand_as(images)


def reddened(images: Tensor) -> Tensor:
    """Redder by 19 levels of 255, and as much less green and blue."""
    return images + torch.tensor([0.15, -0.15, -0.15]).view(1, 3, 1, 1)
