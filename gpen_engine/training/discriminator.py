"""The critic that training plays against; never needed to restore."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..network.config import GpenConfig
from ..network.encoder import shrink, stem
from ..network.layers import Bias, EqualConv, EqualLinear


class Discriminator(nn.Module):
    """StyleGAN2's plain discriminator, built from GPEN's own encoder levels.

    Its intermediate features serve the feature-matching loss (Yang et al. 2021, equation 4).
    """

    def __init__(self, config: GpenConfig) -> None:
        super().__init__()
        self.stem = stem(config)
        self.levels = nn.ModuleList(shrink(config, size) for size in config.encoder_sizes[1:])
        width = config.channels(4)
        self.mix = nn.Sequential(EqualConv(width + 1, width, 3), Bias(width))
        self.judge = nn.Sequential(
            EqualLinear(width * 4, width, activated=True), EqualLinear(width, 1)
        )

    def forward(self, image: Tensor) -> tuple[Tensor, list[Tensor]]:
        """image [N, 3, in, in] -> scores [N] float32 (higher is more real), feature maps."""
        x = self.stem(image.contiguous(memory_format=torch.channels_last))
        features = []
        for level in self.levels:
            x = level(x)
            features.append(x)
        x = torch.cat((x.float(), _batch_spread(x.float())), dim=1)
        x = self.mix(x)
        return self.judge(x.flatten(1)).squeeze(1), features


def _batch_spread(x: Tensor) -> Tensor:
    """One more channel with the standard deviation over the batch (Karras et al. 2018, 3)."""
    spread = (x.var(dim=0, unbiased=False) + 1e-8).sqrt().mean()
    return spread.expand(len(x), 1, *x.shape[2:])


def realness_loss(real: Tensor, fake: Tensor) -> Tensor:
    """The logistic loss of the discriminator; scores [N]."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def fooling_loss(fake: Tensor) -> Tensor:
    """The non-saturating loss of the generator (Yang et al. 2021, equation 2); scores [N]."""
    return F.softplus(-fake).mean()


def feature_loss(restored: list[Tensor], truth: list[Tensor]) -> Tensor:
    """Mean distance of the discriminator's features (Yang et al. 2021, equation 4)."""
    terms = [F.l1_loss(a.float(), b.detach().float()) for a, b in zip(restored, truth, strict=True)]
    return torch.stack(terms).mean()


def gradient_penalty(discriminator: Discriminator, real: Tensor) -> Tensor:
    """R1 (Mescheder et al. 2018): the squared gradient of the scores at real images."""
    real = real.detach().float().requires_grad_()
    scores, _ = discriminator(real)
    (gradient,) = torch.autograd.grad(scores.sum(), real, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3)).mean()


def focal_weights(size: int, gain: float = 2.0) -> Tensor:
    """[1, 1, size, size] loss weights, 1 on the skin and up to 1 + gain on eyes and mouth.

    Crops are aligned, so eyes and mouth lie where GPEN's template puts them.
    """
    centres = ((0.395, 0.474), (0.604, 0.473), (0.500, 0.716))
    spread = 0.07
    line = (torch.arange(size) + 0.5) / size
    y, x = torch.meshgrid(line, line, indexing="ij")
    bumps = [torch.exp(-((x - a) ** 2 + (y - b) ** 2) / (2 * spread**2)) for a, b in centres]
    return (1 + gain * torch.stack(bumps).amax(0)).view(1, 1, size, size)


def content_loss(restored: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """Smooth L1 (Yang et al. 2021, equation 3), weighted towards eyes and mouth."""
    loss = F.smooth_l1_loss(restored, truth, reduction="none", beta=0.05)
    return (loss * weights).mean() / weights.mean()
