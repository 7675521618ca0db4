"""The critic that training plays against; never needed to restore."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Discriminator(nn.Module):
    """A patch discriminator (Isola et al. 2017): judges neighbourhoods of 110 pixels one by one.

    One score for the whole face, as StyleGAN2 has it, learned nothing here: with a few faces a
    batch and a generator that is right but for the fine detail, it needs far more steps than a
    small training has (measured: its loss did not leave 2 log 2 within 700). Patches give a
    hundred labels a face.

    Its intermediate features serve the feature-matching loss (Yang et al. 2021, equation 4).
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        widths = [3, width, 2 * width, 4 * width, 4 * width]
        self.shrink = nn.ModuleList(
            nn.Conv2d(inputs, outputs, 4, stride=2, padding=1)
            for inputs, outputs in pairwise(widths)
        )
        self.mix = nn.Conv2d(widths[-1], widths[-1], 3, padding=1)
        self.judge = nn.Conv2d(widths[-1], 1, 3, padding=1)

    def forward(self, image: Tensor) -> tuple[Tensor, list[Tensor]]:
        """image [N, 3, H, W] in -1..1 -> scores [N, 1, H/16, W/16] float32 (higher is more real),
        and the feature maps of each halving. Its dtype is the convolutions' compute dtype."""
        x = image.contiguous(memory_format=torch.channels_last)
        features = []
        for conv in self.shrink:
            x = _activated(conv, x)
            features.append(x)
        x = _activated(self.mix, x)
        return _convolved(self.judge, x).float(), features


def _convolved(conv: nn.Module, x: Tensor) -> Tensor:
    assert isinstance(conv, nn.Conv2d)
    assert conv.bias is not None
    weight, bias = conv.weight.to(x.dtype), conv.bias.to(x.dtype)
    return F.conv2d(x, weight, bias, stride=conv.stride, padding=conv.padding)


def _activated(conv: nn.Module, x: Tensor) -> Tensor:
    return F.leaky_relu(_convolved(conv, x), 0.2)


def realness_loss(real: Tensor, fake: Tensor) -> Tensor:
    """The discriminator's loss; scores of any shape, the same place of the same face in both.

    Relativistic (Jolicoeur-Martineau 2019): it asks which of the two is real, not whether each is.
    Face, pose and light cancel out, and what is left to tell is what restoring did. Judging each
    alone stayed at 2 log 2 in a short training with much light damage.
    """
    return F.softplus(fake - real).mean()


def fooling_loss(real: Tensor, fake: Tensor) -> Tensor:
    """The generator's loss: the same question with the other answer."""
    return F.softplus(real - fake).mean()


def feature_loss(restored: list[Tensor], truth: list[Tensor]) -> Tensor:
    """Mean distance of the discriminator's features (Yang et al. 2021, equation 4)."""
    terms = [F.l1_loss(a.float(), b.detach().float()) for a, b in zip(restored, truth, strict=True)]
    return torch.stack(terms).mean()


def gradient_penalty(discriminator: Discriminator, real: Tensor) -> Tensor:
    """R1 (Mescheder et al. 2018): the squared gradient of the scores at real images, a patch."""
    real = real.detach().float().requires_grad_()
    scores, _ = discriminator(real)
    (gradient,) = torch.autograd.grad(scores.sum(), real, create_graph=True)
    patches = scores[0].numel()
    penalty: Tensor = gradient.square().sum(dim=(1, 2, 3)).mean() / patches
    return penalty
