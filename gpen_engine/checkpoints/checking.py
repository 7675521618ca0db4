"""Compares a state dict with its network: names and shapes, which cost nothing, then values."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch
from torch import Tensor

from ..device import DTYPES
from ..errors import GpenError

_HINT = "The file may be damaged or unfinished, or belong to another version of the network."


def check_shapes(tensors: Mapping[str, Tensor], expected: Mapping[str, Tensor], what: str) -> None:
    """Names and shapes must be those of the network; no tensor's values are read.

    Args:
        tensors: the state dict from outside.
        expected: that of the network, on the meta device.
        what: "The file X", to begin an error with.

    Raises:
        GpenError: ``bad_checkpoint``, naming the first three tensors of each fault.
    """
    missing = [key for key in expected if key not in tensors]
    extra = [key for key in tensors if key not in expected]
    wrong = [
        f"{key} {list(tensors[key].shape)} instead of {list(tensor.shape)}"
        for key, tensor in expected.items()
        if key in tensors and tensors[key].shape != tensor.shape
    ]
    hollow = [key for key in expected if key in tensors and not _is_plain(tensors[key])]
    faults = [
        f"{len(keys)} {'tensor is' if len(keys) == 1 else 'tensors are'} {fault}: {_first(keys)}"
        for fault, keys in (
            ("missing", missing),
            ("not known", extra),
            ("of another shape", wrong),
            ("not plain numbers", hollow),
        )
        if keys
    ]
    if faults:
        raise GpenError(
            "bad_checkpoint", f"{what} does not fit the network. {'; '.join(faults)}.", _HINT
        )


def check_values(tensors: Mapping[str, Tensor], what: str) -> None:
    """Every number must be finite, and every FIR kernel one that the network can apply.

    Raises:
        GpenError: ``bad_checkpoint``, naming the first three tensors.
    """
    broken = [key for key, tensor in tensors.items() if not torch.isfinite(tensor).all()]
    if broken:
        raise GpenError(
            "bad_checkpoint",
            f"{what} holds values that are not numbers, in {_first(broken)}.",
            "It may have been saved after training failed, or be damaged. Get another copy.",
        )
    odd = [key for key in tensors if key.endswith(".kernel") and not _is_separable(tensors[key])]
    if odd:
        raise GpenError(
            "bad_checkpoint",
            f"{what} holds low-pass kernels that are not of the kind [1, 3, 3, 1]: {_first(odd)}.",
            _HINT,
        )


def _is_plain(tensor: Tensor) -> bool:
    """Floating-point numbers that are all there: a hostile file may call a tiny storage huge."""
    return (
        tensor.layout == torch.strided
        and not tensor.is_meta
        and tensor.dtype in (*DTYPES.values(), torch.float64)
        and tensor.untyped_storage().nbytes() >= tensor.nbytes
    )


def _is_separable(kernel: Tensor) -> bool:
    """Whether it is outer(t, t) of a symmetric t [4], as ``network.layers.Fir`` takes it to be."""
    kernel = kernel.float()
    if not kernel.sum() > 0:
        return False
    taps = kernel.sum(0) * kernel.sum().rsqrt()
    tolerance = 1e-3 * float(kernel.abs().max())
    product = torch.allclose(torch.outer(taps, taps), kernel, rtol=0, atol=tolerance)
    return product and torch.allclose(taps, taps.flip(0), rtol=1e-3)


def _first(keys: Collection[str]) -> str:
    names = ", ".join(list(keys)[:3])
    return f"{names} and {len(keys) - 3} more" if len(keys) > 3 else names
