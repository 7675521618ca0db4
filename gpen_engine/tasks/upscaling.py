"""Networks that enlarge whole pictures: any that spandrel knows, tile by tile."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..checkpoints.catalogue import display_name
from ..checkpoints.containers import unwrap
from ..checkpoints.reading import read
from ..device import choose_device
from ..errors import GpenError
from ..faces.facexlib_networks import ready_torchvision
from ..faces.geometry import inside
from ..pixels import Box, FloatImage, Pixels
from ..restore.batching import is_out_of_memory
from ..restore.layering import in_channels
from ..restore.task import check_task

TILE = 192
"""Side in pixels of what is enlarged at once, beside its margins: GPEN's upscalers (RRDBNet of 32
channels) then take 0.3 GB at ×4, others of their kind twice as much."""
MARGIN = 32
"""Pixels around a tile that the network sees too, so that tiles meet without a seam."""
LEAST = 48
"""Tiles are not quartered below this side when memory runs short."""
SMALLEST = 16
"""Networks fold or shrink what they get; smaller pictures are continued to this side."""


class Upscaler:
    """A network that enlarges pictures.

    Args:
        weights: a file of any architecture that spandrel knows and that takes and gives RGB, such
            as those of ESRGAN's family.
        device: see ``choose_device``.

    Attributes:
        name: what to call it.
        scale: how many times larger its output is.
        network: takes and gives [1, 3, H, W] RGB, nominally 0..1, in float32.
        sha256: hexadecimal sum of the file.

    Raises:
        GpenError: ``wrong_task``, ``bad_checkpoint``, ``checkpoint_unsafe``, ``model_missing``.
    """

    def __init__(self, weights: Path, device: str | torch.device = "auto") -> None:
        check_task(weights.stem, "upscale")
        self.name = display_name(weights)
        self.device = choose_device(device)
        self._run = _described(weights).to(self.device)
        self.network: torch.nn.Module = self._run.model.eval().requires_grad_(False)
        self.scale = int(self._run.scale)
        self._lock = threading.Lock()
        with weights.open("rb") as file:
            self.sha256 = hashlib.file_digest(file, "sha256").hexdigest()

    def _turn(self) -> AbstractContextManager[object]:
        """On a graphics card, pictures that are enlarged at the same time take their tiles in
        turn: one fills it already, and several would want the memory of all."""
        return nullcontext() if self.device.type == "cpu" else self._lock

    def __call__(self, image: FloatImage) -> FloatImage:
        """(h, w, 3) float32 RGB in 0..1 at ``scale`` times its size, clipped to 0..1."""
        height, width = image.shape[:2]
        more = [(0, max(0, SMALLEST - side)) for side in (height, width)]
        padded = np.pad(image, [*more, (0, 0)], mode="edge")
        tensor = torch.from_numpy(np.ascontiguousarray(padded.transpose(2, 0, 1)))[None]
        with self._turn(), torch.inference_mode():
            large: Tensor = self._run(tensor.to(self.device)).float().cpu()
        if not large.isfinite().all():
            raise GpenError(
                "bad_checkpoint",
                f"{self.name} gives values that are not numbers.",
                "Its file may be damaged. Get another copy.",
            )
        result: FloatImage = large[0].permute(1, 2, 0).numpy()
        return result[: height * self.scale, : width * self.scale]

    def enlarge(
        self,
        pixels: Pixels,
        into: NDArray[Any],
        scale: int,
        *,
        progress: Callable[[int, int], None] = lambda done, total: None,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Writes the enlarged colours of a picture, tile by tile.

        Where ``scale`` is not the network's, its output is averaged or interpolated to it.

        Args:
            pixels: the picture, (h, w).
            into: (scale * h, scale * w, C) of the same type and channels; alpha is not written.
            scale: how many times larger the result is.
            progress: called with the number of tiles done and of all, before each and at the end;
                may raise to stop.
            note: called with a sentence for the user when memory ran short.

        Raises:
            GpenError: ``out_of_memory``.
        """
        cores = list(tiles(pixels.width, pixels.height))
        for done, core in enumerate(cores):
            progress(done, len(cores))
            self._tile(pixels, core, into, scale, note)
        progress(len(cores), len(cores))

    def _tile(
        self,
        pixels: Pixels,
        core: Box,
        into: NDArray[Any],
        scale: int,
        note: Callable[[str], None],
    ) -> None:
        x0, y0, x1, y1 = core
        around = (x0 - MARGIN, y0 - MARGIN, x1 + MARGIN, y1 + MARGIN)
        seen = inside(around, pixels.width, pixels.height)
        try:
            large = _sized(self(pixels.rgb(seen)), seen, scale)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            if max(x1 - x0, y1 - y0) > LEAST:
                for quarter in _quarters(core):
                    self._tile(pixels, quarter, into, scale, note)
            elif self.device.type != "cpu":
                note(f"The memory of {self.device} ran out; the processor enlarged the rest.")
                with self._turn():
                    self.device = torch.device("cpu")
                    self._run.to(self.device)
                self._tile(pixels, core, into, scale, note)
            else:
                raise GpenError(
                    "out_of_memory",
                    "There is not enough memory to enlarge the picture with this network.",
                    "Close other programs, or enlarge it without one (none).",
                ) from error
            return
        left, top = (scale * (x0 - seen[0]), scale * (y0 - seen[1]))
        part = large[top : top + scale * (y1 - y0), left : left + scale * (x1 - x0)]
        place = into[scale * y0 : scale * y1, scale * x0 : scale * x1, : pixels.colours]
        values = in_channels(part, pixels.colours)
        place[:] = values if pixels.white == 1 else np.rint(values * np.float32(pixels.white))


def tiles(width: int, height: int) -> Iterator[Box]:
    """Squares of side ``TILE`` that cover a picture, smaller at its right and lower edge."""
    for y in range(0, height, TILE):
        for x in range(0, width, TILE):
            yield x, y, min(x + TILE, width), min(y + TILE, height)


def _quarters(core: Box) -> Iterator[Box]:
    """A tile in up to four parts, whose corners stay on multiples of four: networks that fold
    pixels into channels look at blocks."""
    x0, y0, x1, y1 = core
    x, y = (low + -(-(high - low) // 8) * 4 for low, high in ((x0, x1), (y0, y1)))
    for left, right in ((x0, x), (x, x1)):
        for top, bottom in ((y0, y), (y, y1)):
            if left < right and top < bottom:
                yield left, top, right, bottom


def _sized(large: FloatImage, seen: Box, scale: int) -> FloatImage:
    """What a network made of a tile at the wanted scale."""
    size = (scale * (seen[2] - seen[0]), scale * (seen[3] - seen[1]))
    if large.shape[1] == size[0]:
        return large
    method = cv2.INTER_AREA if size[0] < large.shape[1] else cv2.INTER_LANCZOS4
    return np.clip(cv2.resize(large, size, interpolation=method), 0, 1).astype(np.float32)


def _described(weights: Path) -> Any:
    """spandrel's descriptor of the network in a file, with the weights in it."""
    tensors = unwrap(read(weights), f"The file {weights.name}").tensors
    fault = GpenError(
        "bad_checkpoint",
        f"The file {weights.name} does not hold a network that enlarges RGB pictures.",
        "Take a file of ESRGAN's family, such as: gpen models get realesrnet_x2",
    )
    ready_torchvision()
    import spandrel

    try:
        found = spandrel.ModelLoader().load_from_state_dict(
            {key: tensor.clone() for key, tensor in tensors.items()}  # not the file's mapping
        )
    except Exception as error:  # each architecture has its own way to fail
        raise fault from error
    if (
        not isinstance(found, spandrel.ImageModelDescriptor)
        or found.purpose not in ("SR", "Restoration")
        or (found.input_channels, found.output_channels) != (3, 3)
    ):
        raise fault
    return found.float()
