"""What computes, and whether it does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..errors import GpenError
from .finding import Case, Finding

if TYPE_CHECKING:
    import torch

NAME = "Device"


def device(case: Case) -> Iterator[Finding]:
    """Has the device that the engine would choose compute, in full and in half precision."""
    import torch

    from ..device import check_kernel, choose_device, choose_dtype

    chosen = choose_device()
    on_cpu = case.repair("--device", "cpu")
    try:
        check_kernel(chosen)
    except GpenError as error:
        yield Finding(
            "fault", NAME, error.sentence, case.environment_anew() if _cpu(chosen) else on_cpu
        )
        return
    half = True
    try:
        check_kernel(chosen, torch.float16)
    except GpenError as error:
        half = False
        if choose_dtype("auto", chosen) == torch.float16:
            yield Finding("fault", NAME, error.sentence, on_cpu)
            return
    free, total = _memory(chosen)
    words = "works, in half precision too" if half else "works, in full precision only"
    memory = f"{free / 1e9:.0f} of {total / 1e9:.0f} GB of memory free"
    fast = _fast_ways(chosen) if chosen.type == "cuda" else ""
    yield Finding("ok", NAME, f"{_name(chosen)} {words}; {memory}.{fast}")
    if _cpu(chosen):
        yield from _idle_card(case)


def _idle_card(case: Case) -> Iterator[Finding]:
    """A graphics card that could compute, had PyTorch been built for it."""
    from ..installation.hardware import detect
    from ..installation.torch_build import choose

    hardware = detect()
    build = choose("auto", hardware)
    if build.device in ("cuda", "xpu"):
        sentence = f"{hardware.name} is not used; with another PyTorch it would be much faster."
        word = "rocm" if hardware.maker == "amd" else build.device
        yield Finding("warning", NAME, sentence, case.repair("--device", word))
    elif hardware.maker != "none" and build.device == "cpu":
        yield Finding("note", NAME, f"No graphics card is used: {build.why}.")


def _fast_ways(card: torch.device) -> str:
    """Which of them the engine takes; the others it does without."""
    import torch

    from ..device import choose_dtype
    from ..fast import why_not_fused, why_not_recorded

    dtype = choose_dtype("auto", card)
    with torch.cuda.device(card):
        reasons = why_not_fused(card, dtype), why_not_recorded(card, dtype)
    fused, recorded = (f"no ({why})" if why else "yes" for why in reasons)
    return f" Fused kernels: {fused}; CUDA graphs: {recorded}."


def _cpu(device: torch.device) -> bool:
    return device.type == "cpu"


def _name(device: torch.device) -> str:
    import torch

    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "xpu":
        return str(torch.xpu.get_device_name(device))
    return f"The processor ({torch.get_num_threads()} threads)"


def _memory(device: torch.device) -> tuple[int, int]:
    """Bytes that are free and that there are, where the device computes."""
    import psutil
    import torch

    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)
    if device.type == "xpu":
        return torch.xpu.mem_get_info(device)
    memory = psutil.virtual_memory()
    return memory.available, memory.total
