"""What memory bounds on a graphics card, each in one pass over the maps, by Triton's kernels.

Plain PyTorch reads and writes a map once for each of low-pass, gain, bias, concatenation and slope.
These functions do the same in one go and sum in float32. They are used only where ``trust`` was
called after their results were compared (``gpen_engine.fast``): many a computer has no Triton, or
no compiler that it may ask for.
"""

from __future__ import annotations

import math
from types import ModuleType

import torch
from torch import Tensor

from .bands import empty

_trusted: set[tuple[torch.device, torch.dtype]] = set()


def trust(device: torch.device, *dtypes: torch.dtype) -> None:
    """Has maps of these precisions on this card go through the kernels."""
    _trusted.update((device, dtype) for dtype in dtypes)


def distrust(device: torch.device) -> bool:
    """Has everything on this card be done plainly again; whether anything was not."""
    ours = {pair for pair in _trusted if pair[0] == device}
    _trusted.difference_update(ours)
    return bool(ours)


def suit(x: Tensor) -> bool:
    """Whether maps may be made from x by these functions: not in training, and only on the card
    that is the current one, because kernels are started there."""
    return (
        (x.device, x.dtype) in _trusted
        and not torch.is_grad_enabled()
        and x.device.index == torch.cuda.current_device()
    )


def low_passed(x: Tensor, kernel: Tensor, *, pad: int) -> Tensor:
    """[N, C, S, S] by a separable ``kernel`` [4, 4]: [N, C, S + 2 * pad - 3, S + 2 * pad - 3]."""
    return _finish(empty(x, x.shape[1], x.shape[2] + 2 * pad - 3), x, kernel=kernel, pad=pad)


def activated(y: Tensor, bias: Tensor) -> Tensor:
    """leaky_relu(y + sqrt(2) * bias, 0.2) of [N, C, H, W] and [C] float32, in place."""
    return _finish(_dense(y), y, bias=bias)


def joined(
    place: Tensor,
    y: Tensor,
    *,
    gain: Tensor,
    bias: Tensor,
    features: Tensor,
    features_gain: Tensor,
    kernel: Tensor | None = None,
) -> Tensor:
    """sqrt(2) * leaky_relu(cat(y * gain, features * features_gain) + bias, 0.2).

    Args:
        place: [N, 2C, H, W], where it goes; channels last.
        y: [N, C, H, W]; with ``kernel`` [N, C, H + 1, W + 1], and that low-pass comes first.
        gain: [N, C] float32.
        bias: [2C] float32.
        features: [N or 1, C, H, W].
        features_gain: [1] float32.
        kernel: [4, 4] float32, separable.
    """
    return _finish(
        place, y, gain, bias, features, features_gain, kernel, pad=0 if kernel is None else 1
    )


def painted(
    x: Tensor,
    styles: Tensor,
    weight: Tensor,
    bias: Tensor,
    skip: Tensor | None,
    kernel: Tensor | None,
) -> Tensor:
    """The RGB of a level on top of that of the one before, as ``modulation.ToRgb`` says.

    Args:
        x: [N, C, S, S].
        styles: [N, C] float32.
        weight: [3, C] float32.
        bias: [3] float32.
        skip: [N, 3, S / 2, S / 2] float32, or None.
        kernel: [4, 4] float32, of the low-pass that doubles the skip, which there must be then.

    Returns:
        [N, 3, S, S] float32.
    """
    x = _dense(x)
    faces, channels, size, _ = x.shape
    rgb = torch.empty(faces, 3, size, size, device=x.device)
    block = min(64, _power_of_two(channels))
    pixels = 4096 // block
    _kernels().paint[(-(-size * size // pixels), faces)](
        rgb,
        x,
        styles.contiguous(),
        weight.contiguous(),
        bias,
        rgb if skip is None else skip.contiguous(),
        rgb if kernel is None else kernel,
        size,
        channels,
        1 / math.sqrt(channels),
        SKIP=skip is not None,
        PIXELS=pixels,
        CHANNELS=block,
    )
    return rgb


def scales(styles: Tensor, squares: Tensor, norm: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
    """``modulation.ModulatedConv.scales`` from styles [N, I], squares [O, I] and norm [1]."""
    (faces, ins), outs = styles.shape, len(squares)
    inputs, outputs = torch.empty_like(styles), styles.new_empty(faces, outs)
    _kernels().scale[(-(-outs // 8), faces)](
        inputs,
        outputs,
        styles.contiguous(),
        squares,
        norm,
        ins,
        outs,
        epsilon,
        OUTS=8,
        INS=_power_of_two(ins),
    )
    return inputs, outputs


def _finish(
    place: Tensor,
    y: Tensor,
    gain: Tensor | None = None,
    bias: Tensor | None = None,
    features: Tensor | None = None,
    features_gain: Tensor | None = None,
    kernel: Tensor | None = None,
    *,
    pad: int = 0,
) -> Tensor:
    y = _dense(y)
    faces, channels = y.shape[:2]
    height, width = place.shape[2:]
    block = min(64, _power_of_two(channels))
    columns = 1024 // block
    rows = 8 if kernel is not None and height >= 64 else 1
    tiles = -(-height // rows) * -(-width // columns)
    if features is not None:
        features = _dense(features)
    _kernels().finish[(tiles, -(-channels // block), faces)](
        place,
        y,
        *(
            y if tensor is None else tensor
            for tensor in (gain, bias, features, features_gain, kernel)
        ),
        height,
        width,
        channels,
        0 if features is None or len(features) == 1 else features.stride(0),
        pad,
        FIR=kernel is not None,
        SCALED=gain is not None,
        ACTIVATED=bias is not None,
        JOINED=features is not None,
        ROWS=rows,
        COLUMNS=columns,
        CHANNELS=block,
    )
    return place


def _dense(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)


def _power_of_two(least: int) -> int:
    return 1 << (least - 1).bit_length()


def _kernels() -> ModuleType:
    from . import kernels

    return kernels
