"""How good the network is on faces it has not seen, at three fixed severities."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ..network import Gpen
from .data import list_pictures, read_crop, template_square, to_image, to_tensor
from .degradation import SEVERITIES, degrade

Image = NDArray[np.float32]


def psnr(image: Image, truth: Image) -> float:
    """Peak signal to noise ratio in dB of two images in 0..1."""
    return float(-10 * np.log10(max(float(np.mean((image - truth) ** 2)), 1e-10)))


def detail(image: Image) -> float:
    """Energy of the fine detail: mean square of the image minus its blur (sigma 1.5 of 256 px)."""
    sigma = 1.5 * image.shape[0] / 256
    return float(np.mean((image - cv2.GaussianBlur(image, (0, 0), sigma)) ** 2))


def face_parts(image: Image) -> list[Image]:
    """The eyes' band and the mouth, where GPEN's template puts them."""
    side = image.shape[0]

    def cut(x0: float, y0: float, x1: float, y1: float) -> Image:
        return image[int(y0 * side) : int(y1 * side), int(x0 * side) : int(x1 * side)]

    return [cut(0.30, 0.40, 0.70, 0.55), cut(0.38, 0.65, 0.62, 0.78)]


def colour_shift(image: Image, truth: Image) -> float:
    """Mean distance of the heavily blurred images, in levels of 255."""
    sigma = image.shape[0] / 16
    low = cv2.GaussianBlur(image, (0, 0), sigma) - cv2.GaussianBlur(truth, (0, 0), sigma)
    return float(np.abs(low.mean(axis=(0, 1))).mean() * 255)


class Validation:
    """Fixed degraded copies of held-out crops, and the measures of a network on them."""

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

    @torch.inference_mode()
    def restore(self, network: Gpen, images: list[Image]) -> list[Image]:
        """The network's output for each image, clipped to 0..1."""
        device = next(network.parameters()).device
        batches = [images[i : i + 8] for i in range(0, len(images), 8)]
        out = []
        for batch in batches:
            tensors = torch.stack([to_tensor(image) for image in batch]).to(device)
            out += [to_image(result) for result in network(tensors)]
        return out

    def measure(self, network: Gpen, sheet_folder: Path | None = None) -> dict[str, float]:
        """Per severity: mean PSNR before and after, median detail of eyes and mouth over the
        truth's before and after, and mean colour shift in levels; optionally a picture sheet."""
        row: dict[str, float] = {}
        columns = []
        for name, images in self.damaged.items():
            restored = self.restore(network, images)
            columns.append((images, restored))
            pairs = list(zip(images, restored, self.truths, strict=True))
            row[f"{name}_psnr_before"] = _mean(psnr(a, t) for a, _, t in pairs)
            row[f"{name}_psnr"] = _mean(psnr(b, t) for _, b, t in pairs)
            row[f"{name}_detail_before"] = _detail(images, self.truths)
            row[f"{name}_detail"] = _detail(restored, self.truths)
            row[f"{name}_colour"] = _mean(colour_shift(b, t) for _, b, t in pairs)
        if sheet_folder:
            rows = [
                np.hstack([self.truths[i], *(np.hstack([a[i], b[i]]) for a, b in columns)])
                for i in range(0, len(self.truths), max(1, len(self.truths) // 6))
            ][:6]
            sheet = (np.vstack(rows)[:, :, ::-1] * 255).round().astype(np.uint8)
            cv2.imwrite(str(sheet_folder / "sheet.png"), sheet)
        return row


def _detail(images: list[Image], truths: list[Image]) -> float:
    ratios = [
        sum(map(detail, face_parts(image))) / sum(map(detail, face_parts(truth)))
        for image, truth in zip(images, truths, strict=True)
    ]
    return round(float(np.median(ratios)), 4)


def _mean(values: object) -> float:
    return round(float(np.mean(list(values))), 3)  # type: ignore[call-overload]
