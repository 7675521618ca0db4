"""What keeps the critic from learning the few faces by heart (Karras et al. 2020, StyleGAN2-ADA).

The discriminator never sees a picture as it is, but flipped, turned, shifted, scaled and recoloured
at random; each of these happens with one probability, which rises while it knows the faces it was
trained on better than faces it was not, and falls again when it does not.

All take images [N, 3, H, W] float32 in -1..1; augmented ones may leave that range.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

TARGET = 0.3
"""Wanted overfitting: 0 when the discriminator tells unseen faces as well as seen ones, 1 when it
cannot tell them at all (the paper's r_v, equation 1, with the margin between real and restored)."""
FULL_AFTER = 20_000
"""Faces in which the probability can go from 0 to 1: the paper's 500 000, to a small training's
measure."""
MOST = 0.8
"""The highest probability; near 1 the generator could take what is done for what faces look like
(section 3.2)."""
MEMORY = 0.9
"""What is kept of the mean margins at each measurement."""


class Augmentation:
    """Random changes, the same for a face's two versions, and how probable they are."""

    def __init__(self, probability: float = 0.0) -> None:
        self.probability = probability
        self._seen: float | None = None
        self._unseen: float | None = None

    def __call__(self, restored: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
        """Both changed in the same way, face by face; gradients pass through."""
        if not self.probability:
            return restored, truth
        count = truth.shape[0]
        places, colours = self._places(count), self._colours(count)
        grid = F.affine_grid(places, [count, *truth.shape[1:]], align_corners=False)
        grid, colours = grid.to(truth), colours.to(truth)
        return _changed(restored, grid, colours), _changed(truth, grid, colours)

    def measured(self, seen: float, unseen: float, faces: int) -> None:
        """Moves the probability one step, up or down.

        Args:
            seen: mean margin between real and restored faces that the discriminator is trained on.
            unseen: the same for faces that it is not trained on.
            faces: how many it was trained on since the last measurement.
        """
        self._seen = _averaged(self._seen, seen)
        self._unseen = _averaged(self._unseen, unseen)
        step = faces / FULL_AFTER
        step = step if self.overfitting > TARGET else -step
        self.probability = min(max(self.probability + step, 0.0), MOST)

    @property
    def overfitting(self) -> float:
        """0 is none, 1 complete; see ``TARGET``. 0 while the discriminator can tell nothing."""
        if self._seen is None or self._unseen is None or self._seen <= 0:
            return 0.0
        return 1 - self._unseen / self._seen

    def _maybe(self, values: Tensor, otherwise: float) -> Tensor:
        """[..., N]: the values of those faces to which it happens."""
        return torch.where(torch.rand(values.shape[-1]) < self.probability, values, otherwise)

    def _places(self, count: int) -> Tensor:
        """[count, 2, 3]: where each output place comes from, in coordinates of -1..1."""
        turn = self._maybe(torch.randint(4, (count,)) * (math.pi / 2), 0.0)
        turn = turn + self._maybe((torch.rand(count) * 2 - 1) * math.pi, 0.0)
        scale = self._maybe(torch.exp2(torch.randn(count) * 0.2), 1.0)
        mirrored = self._maybe(torch.rand(count), 1.0) < 0.5
        shift = self._maybe(torch.rand(2, count) * 0.5 - 0.25, 0.0)
        across = torch.where(mirrored, -scale, scale)
        x = torch.stack([turn.cos() * across, -turn.sin() * scale, shift[0]], dim=1)
        y = torch.stack([turn.sin() * across, turn.cos() * scale, shift[1]], dim=1)
        return torch.stack([x, y], dim=1)

    def _colours(self, count: int) -> Tensor:
        """[count, 3, 4]: a matrix for RGB, and what is added."""
        eye = torch.eye(3).expand(count, 3, 3)
        grey = torch.full((3, 3), 1 / 3).expand(count, 3, 3)
        light = self._maybe(torch.randn(count) * 0.2, 0.0)
        contrast = self._maybe(torch.exp2(torch.randn(count) * 0.5), 1.0)
        vivid = self._maybe(torch.exp2(torch.randn(count)), 1.0)
        hue = self._maybe((torch.rand(count) * 2 - 1) * math.pi, 0.0)
        axis = torch.tensor([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
        cos, sin = _each(hue.cos()), _each(hue.sin())
        turned = cos * eye + sin * axis + (1 - cos) * grey  # Rodrigues' formula about the greys
        saturated = grey + _each(vivid) * (eye - grey)
        matrix = _each(contrast) * (saturated @ turned)
        return torch.cat([matrix, _each(light).expand(-1, 3, 1)], dim=2)


def _changed(image: Tensor, grid: Tensor, colours: Tensor) -> Tensor:
    moved = F.grid_sample(image, grid, "bicubic", "reflection", align_corners=False)
    return torch.baddbmm(colours[:, :, 3:], colours[:, :, :3], moved.flatten(2)).view_as(moved)


def _each(values: Tensor) -> Tensor:
    return values.view(-1, 1, 1)


def _averaged(mean: float | None, value: float) -> float:
    return value if mean is None else MEMORY * mean + (1 - MEMORY) * value
