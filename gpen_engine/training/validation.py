"""How good the network is on faces it has not seen, at three fixed severities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..files import replacing
from ..quality.measures import psnr, sharpness, true_detail
from .data import list_pictures, read_crop, template_square, to_image, to_tensor
from .degradation import SEVERITIES, degrade

Image = NDArray[np.float32]


def colour_shift(image: Image, truth: Image) -> float:
    """Distance of the two images' mean colours, in levels of 255 a channel."""
    return float(np.abs((image - truth).mean(axis=(0, 1))).mean() * 255)


@dataclass(frozen=True)
class Score:
    """How restored faces compare with the truth, and with the damaged input."""

    psnr_before: float
    """Mean, in dB, of the bicubically enlarged input."""
    psnr: float
    sharpness_before: float
    """Median; see ``quality.measures``."""
    sharpness: float
    detail_before: float
    """Median; see ``quality.measures``."""
    detail: float
    colour: float
    """Mean distance of the mean colours; see :func:`colour_shift`."""

    @classmethod
    def of(cls, damaged: list[Image], restored: list[Image], truths: list[Image]) -> Score:
        def over(
            measure: Callable[[Image, Image], float], images: list[Image], middle: Any = np.median
        ) -> float:
            values = [measure(i, t) for i, t in zip(images, truths, strict=True)]
            return round(float(middle(values)), 3)

        return cls(
            over(psnr, damaged, np.mean),
            over(psnr, restored, np.mean),
            over(sharpness, damaged),
            over(sharpness, restored),
            over(true_detail, damaged),
            over(true_detail, restored),
            over(colour_shift, restored, np.mean),
        )


class Validation:
    """Fixed degraded copies of held-out crops, to measure networks on.

    Args:
        folder: aligned crops that no training sees.
        size: the network's side in pixels.
        count: how many of them at most, spread evenly.
        seed: of the degradations; the same seed damages every crop the same way.
    """

    def __init__(self, folder: Path, size: int, count: int = 100, seed: int = 1) -> None:
        files = list_pictures([folder])
        files = files[:: max(1, len(files) // count)][:count]
        self.truths = [template_square(read_crop(file), size) for file in files]
        self.damaged = {
            name: [
                degrade(truth, severity, np.random.default_rng([seed, index]))[0]
                for index, truth in enumerate(self.truths)
            ]
            for name, severity in SEVERITIES.items()
        }

    def measure(
        self, restore: Callable[[Tensor], Tensor], sheet: Path | None = None
    ) -> dict[str, Score]:
        """Restores every damaged crop and scores each severity.

        Args:
            restore: a network or model: [N, 3, size, size] in -1..1 to the same.
            sheet: where to write a picture: truth, then before and after of each severity.
        """
        results = {name: self._restored(restore, images) for name, images in self.damaged.items()}
        if sheet:
            step = max(1, len(self.truths) // 6)
            rows = [
                np.hstack(
                    [self.truths[i]]
                    + [
                        image
                        for name in results
                        for image in (self.damaged[name][i], results[name][i])
                    ]
                )
                for i in range(0, len(self.truths), step)
            ][:6]
            with replacing(sheet) as temporary:
                cv2.imwrite(
                    str(temporary), (np.vstack(rows)[:, :, ::-1] * 255).round().astype(np.uint8)
                )
        return {
            name: Score.of(self.damaged[name], restored, self.truths)
            for name, restored in results.items()
        }

    @torch.inference_mode()
    def _restored(self, restore: Callable[[Tensor], Tensor], images: list[Image]) -> list[Image]:
        out: list[Image] = []
        for start in range(0, len(images), 8):
            batch = torch.stack([to_tensor(image) for image in images[start : start + 8]])
            out += [to_image(result) for result in restore(batch)]
        return out
