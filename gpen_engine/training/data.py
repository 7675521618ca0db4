"""Aligned crops from a folder as endless random training pairs."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from ..errors import GpenError
from .degradation import MIX, Degradation, degrade, draw

Image = NDArray[np.float32]
PICTURES = (".jpg", ".jpeg", ".png", ".webp")
MARGIN = 1 / 16
"""Crops bigger than the network's input carry this much around the template square on each side
(288 for 256), so that shifts and turns find real pixels."""


def list_pictures(folders: list[Path]) -> list[Path]:
    """Every picture directly inside the folders, sorted; raises GpenError when there is none."""
    files = [f for d in folders for f in sorted(d.glob("*")) if f.suffix.lower() in PICTURES]
    if not files:
        names = ", ".join(str(d) for d in folders)
        raise GpenError("no_pictures", f"No pictures were found in {names}.")
    return files


def read_crop(path: Path) -> Image:
    """Decodes an aligned crop to float32 RGB in 0..1, (side, side, 3)."""
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise GpenError("bad_image", f"{path.name} cannot be read as a picture.")
    if bgr.shape[0] != bgr.shape[1]:
        raise GpenError("bad_image", f"{path.name} is not square, as an aligned face is.")
    return bgr[:, :, ::-1].astype(np.float32) / np.float32(255)


def template_side(side: int) -> float:
    """Side of the template square in a crop of this side: less its margin where it has one, which
    is known by what would remain, a power of two (288, 576, 1152 ...)."""
    inner = side / (1 + 2 * MARGIN)
    return inner if inner.is_integer() and int(inner).bit_count() == 1 else side


def template_square(crop: Image, size: int) -> Image:
    """The exact template square of a crop with margin, scaled to ``size`` pixels."""
    return _window(crop, size, template_side(crop.shape[0]), 0.0, (0.0, 0.0), False)


def random_square(crop: Image, size: int, rng: np.random.Generator) -> Image:
    """The template square with a small random shift, turn, scale, flip and exposure.

    Small, because the network will always see faces aligned by the same template.
    """
    side = crop.shape[0]
    image = _window(
        crop,
        size,
        template_side(side) * rng.uniform(0.92, 1.05),
        rng.normal(0, 3),
        (rng.normal(0, 0.012) * side, rng.normal(0, 0.012) * side),
        rng.random() < 0.5,
    )
    gain = rng.uniform(0.85, 1.12) * (1 + rng.normal(0, 0.03, 3))
    return np.clip(image * gain.astype(np.float32), 0, 1) ** np.float32(rng.uniform(0.85, 1.2))


def _window(
    crop: Image, size: int, inner: float, turn: float, shift: tuple[float, float], flip: bool
) -> Image:
    """A square of ``inner`` pixels about the crop's middle: turned (degrees), shifted, resized."""
    half = (crop.shape[0] - 1) / 2
    scale = size / inner
    matrix = cv2.getRotationMatrix2D((half + shift[0], half + shift[1]), turn, scale)
    matrix[:, 2] += (size - 1) / 2 - half - np.array(shift)
    if flip:
        matrix[0] *= -1
        matrix[0, 2] += size - 1
    method = cv2.INTER_AREA if scale < 0.6 else cv2.INTER_CUBIC
    if scale < 0.6:
        # warpAffine does not average; shrink first so that nothing aliases.
        crop = cv2.resize(crop, None, fx=scale, fy=scale, interpolation=method).astype(np.float32)
        return _window(crop, size, inner * scale, turn, (shift[0] * scale, shift[1] * scale), flip)
    out = cv2.warpAffine(
        crop, matrix, (size, size), flags=method, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.clip(out, 0, 1).astype(np.float32)


class Pairs(IterableDataset[tuple[Tensor, Tensor]]):
    """Endless (damaged, truth) pairs, each [3, size, size] float32 RGB in -1..1."""

    def __init__(
        self,
        files: list[Path],
        size: int,
        seed: int,
        mix: Sequence[tuple[float, Degradation]] = MIX,
    ) -> None:
        self.files = files
        self.size = size
        self.seed = seed
        self.mix = mix

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        worker = get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        while True:
            for index in rng.permutation(len(self.files)):
                crop = random_square(read_crop(self.files[index]), self.size, rng)
                damaged, truth = degrade(crop, draw(self.mix, rng), rng)
                yield to_tensor(damaged), to_tensor(truth)


def to_tensor(image: Image) -> Tensor:
    """(H, W, 3) in 0..1 -> [3, H, W] in -1..1."""
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))) * 2 - 1


def to_image(tensor: Tensor) -> Image:
    """[3, H, W] in -1..1 -> (H, W, 3) clipped to 0..1."""
    image: Image = ((tensor.detach().float() + 1) / 2).clamp(0, 1).permute(1, 2, 0).cpu().numpy()
    return image


def batches(dataset: Pairs, batch: int, workers: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches for ever; ``workers`` processes prepare them beside the training."""
    return iter(
        DataLoader(
            dataset,
            batch_size=batch,
            num_workers=workers,
            worker_init_fn=_one_thread,
            persistent_workers=workers > 0,
        )
    )


def _one_thread(_: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the main process decides
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
