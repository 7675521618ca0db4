"""Which processor computes, and in which precision."""

from __future__ import annotations

import torch

from .errors import GpenError

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
"""The precisions a user may name."""


def choose_device(name: str | torch.device = "auto") -> torch.device:
    """The device that ``name`` stands for.

    Args:
        name: "auto" (the first CUDA card, else the processor), "cpu", "cuda", "cuda:N" or "mps".
            Apple's "mps" is taken on request only: it has not been tried with this network.

    Raises:
        GpenError: ``device_missing`` when this computer has none; ``bad_option`` for another word.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise _unknown("device", str(name), ["auto", "cpu", "cuda", "cuda:0", "mps"]) from error
    match device.type:
        case "cpu":
            return torch.device("cpu")
        case "cuda":
            cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
            there = (device.index or 0) < cards
        case "mps":
            there = torch.backends.mps.is_available()
        case _:
            raise _unknown("device", str(name), ["auto", "cpu", "cuda", "cuda:0", "mps"])
    if not there:
        raise GpenError(
            "device_missing",
            f'This computer has no device "{name}" that the installed PyTorch can use.',
            'Choose the device "auto" or "cpu", or install a PyTorch built for your graphics card.',
        )
    return device


def choose_dtype(name: str | torch.dtype, device: torch.device) -> torch.dtype:
    """The precision that ``name`` stands for on this device.

    Args:
        name: "auto" (float16 on CUDA, float32 elsewhere), "float32", "bfloat16" or "float16".
            On a processor without half-precision arithmetic float16 works, but very slowly.

    Raises:
        GpenError: ``device_missing`` when the device cannot compute in it; ``bad_option`` for
            another word.
    """
    if name == "auto":
        return torch.float16 if device.type == "cuda" else torch.float32
    dtype = parse_dtype(name)
    try:
        one = torch.ones(1, 1, 1, 1, dtype=dtype, device=device)
        torch.nn.functional.conv2d(one, one)
    except RuntimeError as error:
        raise GpenError(
            "device_missing",
            f'The device "{device}" cannot compute in {str(dtype).removeprefix("torch.")}.',
            'Choose the precision "auto" or "float32".',
        ) from error
    return dtype


def parse_dtype(name: str | torch.dtype) -> torch.dtype:
    """One of ``DTYPES`` by its name; a dtype among them is returned as it is."""
    dtype = DTYPES.get(name) if isinstance(name, str) else name
    if dtype not in DTYPES.values():
        raise _unknown("precision", str(name), list(DTYPES))
    assert dtype is not None
    return dtype


def _unknown(what: str, name: str, choices: list[str]) -> GpenError:
    return GpenError("bad_option", f'There is no {what} "{name}".', f"Choose {', '.join(choices)}.")
