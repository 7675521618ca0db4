"""How far a restored face is from the truth: pixels, frequencies and the strength of fine detail.

All take images [N, 3, size, size] float32 in -1..1 and give a scalar.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..faces import Detector
from ..faces.retinaface import MEAN


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


def frequency_loss(restored: Tensor, truth: Tensor) -> Tensor:
    """Mean distance of the two spectra (Cho et al. 2021, MIMO-UNet, equation 6).

    Pixel losses hear the low frequencies above all, because images are strongest there; here every
    frequency has one voice.
    """
    spectrum = torch.fft.rfft2(restored - truth, norm="ortho")
    distance: Tensor = spectrum.abs().mean()
    return distance


def detail_loss(restored: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """Distance of the local contrast of fine detail, weighted towards eyes and mouth.

    Where the input has lost the detail, pixel losses are best served by none at all, and faces come
    out soft. This asks for as much detail as the truth has, wherever exactly it lies; that it looks
    like a face's is the discriminator's part.
    """
    loss = (_contrast(restored) - _contrast(truth)).abs()
    return (loss * weights).mean() / weights.mean()


def _contrast(image: Tensor) -> Tensor:
    """[N, 1, H, W]: root mean square, in a window of 9 pixels, of the luma's fine detail."""
    luma = image.mean(dim=1, keepdim=True)
    around = F.avg_pool2d(luma, 5, stride=1, padding=2, count_include_pad=False)
    energy = F.avg_pool2d((luma - around).square(), 9, stride=1, padding=4, count_include_pad=False)
    return (energy + 1e-4).sqrt()


class FaceFeatures(nn.Module):
    """Distance in what the engine's own face detector sees, in place of a network trained on
    photographs (Johnson et al. 2016) or on identities, which would have to be fetched.

    Its features tell where eyes, nose and mouth are. Landmark errors measured with the same
    detector are therefore no independent proof for a network that was trained by this.
    """

    def __init__(self) -> None:
        super().__init__()
        self.body = Detector().network.body
        self.mean: Tensor
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)

    def forward(self, restored: Tensor, truth: Tensor) -> Tensor:
        """Mean over the levels of the features' distance, over their size in the truth."""
        with torch.no_grad():
            wanted = self.body((truth + 1) / 2 - self.mean)
        found = self.body((restored + 1) / 2 - self.mean)
        terms = [(a - b).abs().mean() / b.abs().mean() for a, b in zip(found, wanted, strict=True)]
        return torch.stack(terms).mean()
