"""Which processor computes, and in which precision."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import torch

from .errors import GpenError

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
"""The precisions a user may name."""
CHOICE = Path(sys.prefix, "gpen-device.txt")
"""In the environment of the engine: the device that the installer saw compute."""
_DEVICES = ["auto", "cpu", "cuda", "cuda:0", "xpu", "mps"]


def choose_device(name: str | torch.device = "auto") -> torch.device:
    """The device that ``name`` stands for.

    Args:
        name: "auto" (what the installer saw compute, as long as it is there; where it did not look,
            the first CUDA card, else Intel's "xpu", else the processor), "cpu", "cuda", "cuda:N",
            "xpu", "xpu:N" or "mps". AMD's cards are "cuda" too. Apple's "mps" is taken only when
            the installer saw it compute, or on request.

    Raises:
        GpenError: ``device_missing`` when this computer has none; ``bad_option`` for another word.
    """
    if name == "auto":
        return _automatic()
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise _unknown("device", str(name), _DEVICES) from error
    match device.type:
        case "cpu":
            return torch.device("cpu")
        case "cuda":
            cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
            there = (device.index or 0) < cards
        case "xpu":
            cards = torch.xpu.device_count() if torch.xpu.is_available() else 0
            there = (device.index or 0) < cards
        case "mps":
            there = torch.backends.mps.is_available()
        case _:
            raise _unknown("device", str(name), _DEVICES)
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


def check_kernel(device: str | torch.device, dtype: torch.dtype = torch.float32) -> None:
    """Has the device compute a small convolution, and compares that with the processor's answer.

    A card may be listed though the installed PyTorch has no code for it, or its driver is too old;
    that shows only here.

    Args:
        device: as PyTorch names it, not "auto".
        dtype: in which to compute.

    Raises:
        GpenError: ``device_missing`` when it does not compute, or computes something else.
    """
    # Whole numbers and their sums, at most 72, are exact in every precision; what an algorithm
    # rounds in between is far smaller than the distance of two of them.
    image = (torch.arange(4 * 16 * 16) % 5 - 2).view(1, 4, 16, 16).float()
    weight = (torch.arange(8 * 4 * 3 * 3) % 3 - 1).view(8, 4, 3, 3).float()
    expected = torch.nn.functional.conv2d(image, weight, padding=1)
    try:
        there = image.to(device, dtype), weight.to(device, dtype)
        got = torch.nn.functional.conv2d(*there, padding=1).float().cpu()
    except (RuntimeError, AssertionError) as error:  # the latter: PyTorch was built without it
        raise _does_not_compute(device, dtype, str(error).strip().partition("\n")[0]) from error
    if not torch.allclose(got, expected, rtol=0, atol=0.25):
        raise _does_not_compute(device, dtype, "its results are wrong")


def parse_dtype(name: str | torch.dtype) -> torch.dtype:
    """One of ``DTYPES`` by its name; a dtype among them is returned as it is."""
    dtype = DTYPES.get(name) if isinstance(name, str) else name
    if dtype not in DTYPES.values():
        raise _unknown("precision", str(name), list(DTYPES))
    assert dtype is not None
    return dtype


def _automatic() -> torch.device:
    with suppress(OSError, GpenError):  # the installer did not look, or it is not there any more
        seen = CHOICE.read_text(encoding="utf-8").strip()
        if seen != "auto":
            return choose_device(seen)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("xpu" if torch.xpu.is_available() else "cpu")


def _does_not_compute(device: str | torch.device, dtype: torch.dtype, why: str) -> GpenError:
    precision = str(dtype).removeprefix("torch.")
    return GpenError(
        "device_missing",
        f'The device "{device}" does not compute in {precision} ({why.rstrip(".")}).',
        'Choose the device "cpu", or install a PyTorch built for your graphics card and its'
        " driver.",
    )


def _unknown(what: str, name: str, choices: list[str]) -> GpenError:
    return GpenError("bad_option", f'There is no {what} "{name}".', f"Choose {', '.join(choices)}.")
