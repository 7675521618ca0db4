"""Crops through the network in batches that fit the memory there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch

from ..errors import GpenError
from ..fast import room
from ..model import GpenModel
from ..network import GpenConfig
from ..pixels import FloatImage

MOST = 16
"""Faces a batch at most; beyond it a GPU gains nothing."""


def run_batches(
    model: GpenModel,
    crops: list[FloatImage],
    *,
    seed: int = 0,
    size: int | None = None,
    note: Callable[[str], None] = lambda _: None,
    normalised: bool = True,
) -> Iterator[FloatImage]:
    """Restores crops in order, yielding each as soon as its batch is done.

    Runs out of memory: the batch is halved, down to one face; then the processor takes over from
    the GPU. Both are told to ``note``.

    Args:
        crops: (in_size, in_size, 3) float32 RGB in 0..1.
        seed: see ``GpenModel``.
        size: faces a batch; by default ``batch_size``.
        note: called with a sentence for the user when something went otherwise than planned.
        normalised: the network takes and gives -1..1, as all but the one that draws faces from
            maps do; that one takes and gives 0..1.

    Yields:
        (out_size, out_size, 3) float32 RGB clipped to 0..1.

    Raises:
        GpenError: ``out_of_memory`` when even one face on the processor does not fit.
    """
    done, size = 0, size or batch_size(model)
    while done < len(crops):
        batch = crops[done : done + size]
        try:
            restored = _run(model, batch, seed, normalised)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            if len(batch) > 1:
                size = len(batch) // 2
                note(f"Memory ran short; the faces were restored {size} at a time.")
            elif model.device.type != "cpu":
                note(f"The memory of {model.device} ran out; the processor took over.")
                model.move("cpu")
                size = 1
            else:
                raise GpenError(
                    "out_of_memory",
                    "There is not enough memory to restore a face with this model.",
                    "Close other programs, or choose a smaller model.",
                ) from error
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            continue
        yield from restored
        done += len(batch)


def _run(
    model: GpenModel, crops: list[FloatImage], seed: int, normalised: bool
) -> list[FloatImage]:
    images = room((len(crops), *crops[0].shape), model.device)
    np.stack(crops, out=images.numpy())
    if normalised:
        images = images.mul_(2).sub_(1)
    restored = model(images.permute(0, 3, 1, 2), seed=seed).float()
    if normalised:
        restored = restored.add(1).div_(2)
    restored = restored.clamp(0, 1)
    return list(restored.permute(0, 2, 3, 1).contiguous().numpy())


def batch_size(model: GpenModel) -> int:
    """How many faces to restore at once: half of the GPU's free memory, of which PyTorch keeps some
    for us; few on the processor, whose cores one large face keeps busy."""
    if model.device.type != "cuda":
        return 4 if model.config.out_size <= 256 else 1
    free, _ = torch.cuda.mem_get_info(model.device)
    free += torch.cuda.memory_reserved(model.device) - torch.cuda.memory_allocated(model.device)
    return int(min(MOST, max(1, free // 2 // bytes_per_face(model.config, model.dtype))))


def bytes_per_face(config: GpenConfig, dtype: torch.dtype) -> int:
    """What a face takes at most in the network: the encoder's maps, which all wait for the
    generator, and four maps of the widest level in flight."""

    def level(size: int) -> int:
        return size * size * config.channels(size)

    waiting = sum(level(size) for size in config.encoder_sizes)
    widest = max(2 * level(size) for size in config.generator_sizes)
    return (waiting + 4 * widest) * dtype.itemsize


def is_out_of_memory(error: BaseException) -> bool:
    """True for what PyTorch and Python raise when memory runs out, on any device."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    text = str(error).lower()
    return "out of memory" in text or "not enough memory" in text or "can't allocate memory" in text
