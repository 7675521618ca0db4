"""Coverage: how much of the restored face each pixel takes, 0..1."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ..pixels import FloatImage
from .facexlib_networks import face_parser, load
from .geometry import TEMPLATES

Mask = NDArray[np.float32]

FRAME = 0.05
"""Width of the crop's margin that is never shown, in units of its side (26 of 512 in the published
code), and of the fade beside it."""
_PARSING_SIDE = 512
_KEPT_PARSENET = [c for c in range(19) if c not in (0, 14, 18)]  # not background, hat, cloth
_KEPT_BISENET = [c for c in range(19) if c not in (0, 16, 18)]  # not background, cloth, hat
_IMAGENET_MEAN, _IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@lru_cache(maxsize=8)
def face_shape(size: int, template: str = "gpen") -> Mask:
    """A smooth face-shaped coverage for a crop of this side, (size, size), not to be written to.

    An egg around the template's eyes and mouth, from the hairline to the chin and ear to ear, that
    fades out over a tenth of the crop.
    """
    points = TEMPLATES[template] * size
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    length = float(mouth[1] - eyes[1])
    centre = eyes + (mouth - eyes) * 0.38
    y, x = np.mgrid[:size, :size].astype(np.float32)
    u = (x - centre[0]) / (1.16 * length)
    v = (y - centre[1]) / length
    v = np.where(v > 0, v / 1.42, v / 1.36)
    radius = np.sqrt(u**2 + v**2)
    # Radius 1 is the outline; half of the fade lies on either side of it.
    shape = _smoothstep((1.18 - radius) / 0.36) * frame(size)
    shape.flags.writeable = False  # the next caller gets the same
    return shape


def frame(size: int) -> Mask:
    """0 at the crop's border, 1 further in: no straight edge of a crop must ever show."""
    line = (np.arange(size, dtype=np.float32) + 0.5) / size
    inset = np.minimum(line, 1 - line)
    ramp = _smoothstep((inset - FRAME / 2) / FRAME)
    return np.minimum.outer(ramp, ramp)


class Parser:
    """A face parsing network (ParseNet or BiSeNet) that finds hair, skin and neck in a crop.

    Args:
        weights: facexlib's ``parsing_parsenet.pth`` or ``parsing_bisenet.pth``.

    Raises:
        GpenError: ``bad_checkpoint`` when the file holds something else.
    """

    def __init__(self, weights: Path, device: str | torch.device = "cpu") -> None:
        self.network = load(
            weights,
            face_parser,
            "the weights of a face parser",
            "It takes ParseNet or BiSeNet, as facexlib names them.",
        ).to(device)
        self.device = torch.device(device)
        self.is_bisenet = type(self.network).__name__ == "BiSeNet"

    @torch.inference_mode()
    def __call__(self, crop: FloatImage) -> Mask:
        """Coverage of one restored crop, (size, size, 3) RGB in 0..1 -> (size, size)."""
        size = crop.shape[0]
        image = cv2.resize(crop, (_PARSING_SIDE, _PARSING_SIDE), interpolation=cv2.INTER_AREA)
        tensor = torch.from_numpy(image.transpose(2, 0, 1)[None].astype(np.float32))
        logits = self.network(self._normalised(tensor).to(self.device))[0]
        kept = _KEPT_BISENET if self.is_bisenet else _KEPT_PARSENET
        face = torch.isin(logits.argmax(dim=1), torch.tensor(kept, device=self.device))
        mask = cv2.GaussianBlur(face[0].float().cpu().numpy(), (0, 0), _PARSING_SIDE / 64)
        # Blurring widened the mask by half of the fade; pull it back in, so that no background
        # of the crop comes along.
        mask = _smoothstep((mask - 0.3) / 0.6)
        return np.asarray(cv2.resize(mask, (size, size)), np.float32) * frame(size)

    def _normalised(self, image: Tensor) -> Tensor:
        if not self.is_bisenet:
            return image * 2 - 1
        mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (_IMAGENET_MEAN, _IMAGENET_STD))
        return F.interpolate((image - mean) / std, size=_PARSING_SIDE)


def _smoothstep(t: NDArray[np.floating]) -> Mask:
    t = np.clip(t, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
