"""Which build of PyTorch this computer gets, and where pip finds it."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from typing import NamedTuple

from .hardware import Hardware, gfx, is_arc
from .screen import Run

# torch is asked for alone and first, then named again with what needs it: it is by far the largest
# part, and so nothing can replace the build that was chosen, or fetch a second one.
TORCH = "torch==2.13.0"
TORCHVISION = "torchvision==0.28.0"
INDEX = "https://download.pytorch.org/whl/"
MISSING = ("No matching distribution", "ResolutionImpossible")
"""What pip says where a build is not to be had. The second is said instead of the first where
pip's settings have a file of constraints that names the package, whatever it allows."""
DEVICES = ("auto", "cpu", "cuda", "rocm", "xpu", "mps")

# What PyTorch 2.13 is built for, by its own release matrix: the tag of the build (also the name of
# its index), NVIDIA's oldest driver on Linux and Windows, and the oldest and newest architecture.
# Of CUDA 13 the second version number does not count for the driver, of CUDA 12 neither.
CUDA = (
    ("cu130", (580,), (580,), (7, 5), (12, 9)),
    ("cu126", (525, 60), (528, 33), (5, 0), (9, 0)),
)
ROCM = "rocm7.2"
ROCM_CARDS = (
    *("gfx908", "gfx90a", "gfx942", "gfx950", "gfx1030", "gfx1100", "gfx1101", "gfx1102"),
    *("gfx1150", "gfx1151", "gfx1200", "gfx1201"),
)
# Millions of bytes to download and on the disk, about, with the rest of the engine; cpu and cu130
# were measured on Linux, the others are reckoned.
SIZES = {
    "": (400, 2000),
    "cpu": (450, 2000),
    "cu130": (3000, 8000),
    "cu126": (3000, 8000),
    ROCM: (4800, 18000),
    "xpu": (2500, 8000),
}


class Build(NamedTuple):
    """A build of PyTorch."""

    tag: str
    """As in its version 2.13.0+cpu; empty: the one that the package index has for this system."""
    device: str
    """What the engine is to compute on: cpu, cuda (AMD's too), xpu or mps."""
    why: str
    """Part of a sentence for the user."""

    @property
    def shown(self) -> str:
        what = {"cpu": "the processor", "cuda": "the graphics card", "mps": "Apple's graphics"}
        build = f"PyTorch {self.tag}" if self.tag else "the usual PyTorch"
        return f"It will compute on {what.get(self.device, 'the graphics')}: {self.why} ({build})"


def choose(device: str, hardware: Hardware) -> Build:
    """The build for a device in ``DEVICES``; "auto" takes the graphics that can compute.

    Whether they really do is seen only when it is installed.
    """
    if device == "auto":
        return automatic(hardware)
    why = "as you asked"
    if device == "cpu":
        return processor(why)
    if device == "mps":
        return Build("", "mps", why)
    if device == "cuda":
        return Build(cuda(hardware) or CUDA[0][0], "cuda", why)
    return Build(ROCM, "cuda", why) if device == "rocm" else Build("xpu", "xpu", why)


def automatic(hardware: Hardware) -> Build:
    name = hardware.name
    if hardware.maker == "nvidia":
        version = ".".join(map(str, hardware.driver))
        tag = cuda(hardware)
        if tag:
            return Build(tag, "cuda", f"{name} with driver {version}")
        if not hardware.driver:
            return processor(f"{name} is here, but NVIDIA's driver for it is not installed")
        return processor(f"driver {version} of {name} is too old or the card is; update the driver")
    if hardware.maker == "amd":
        if sys.platform != "linux":
            return processor(f"PyTorch uses AMD's cards on Linux only, so not {name}")
        if hardware.model and gfx(hardware.model) in ROCM_CARDS:
            return Build(ROCM, "cuda", name)
        return processor(f"PyTorch is not built for {name}")
    if hardware.maker == "intel" and is_arc(hardware):
        return Build("xpu", "xpu", name)
    if hardware.maker == "apple":
        return Build("", "mps", name)
    return processor(
        f"PyTorch is not built for {name}" if name else "no graphics card was found for it"
    )


def processor(why: str) -> Build:
    # Linux alone gets CUDA where nothing is said; of Linux on ARM there is a build for processors.
    return Build("cpu" if sys.platform == "linux" else "", "cpu", why)


def cuda(hardware: Hardware) -> str:
    """The newest CUDA that driver and card know; empty where there is none."""
    for tag, on_linux, on_windows, oldest, newest in CUDA:
        driver = on_windows if sys.platform == "win32" else on_linux
        if hardware.driver >= driver and oldest <= hardware.model <= newest:
            return tag
    return ""


def sources(build: Build) -> list[list[str]]:
    """What pip can be told to install, first choice first.

    The user's own configuration of pip comes first, because it may name a mirror or a folder of
    wheels, and must not be passed over; then PyTorch's index of such builds; and, of those builds
    that the package index has too, that. The last one for the processor of a Linux computer is
    CUDA's, which works there as well but is ten times as large: better than nothing.
    """
    plain = [[TORCH, TORCHVISION]]
    if not build.tag:
        return plain
    torch, torchvision = f"{TORCH}+{build.tag}", f"{TORCHVISION}+{build.tag}"
    # A torchvision of another build works beside it: the engine needs little of it.
    ways = [[torch, torchvision], [torch, TORCHVISION]]
    ways.append([torch, torchvision, "--extra-index-url", INDEX + build.tag])
    in_index = build.tag == "cpu" or (build.tag == CUDA[0][0] and sys.platform == "linux")
    if in_index:
        return ways + plain
    return ways + sources(processor("")) if build.device != "cpu" else ways


def install(build: Build, pip: Sequence[str], run: Run) -> tuple[int, str]:
    """Has pip install it from the first of its ``sources`` that has it.

    Args:
        pip: the command, up to what is to be installed.

    Returns:
        Exit status and output of the last try.
    """
    *ways, last = sources(build)
    for way in ways:
        # A host that cannot be reached is one more that does not have it; don't wait long for it.
        status, output = run([*pip, "--retries", "2", "--timeout", "15", *way])
        if status == 0 or not any(text in output for text in MISSING):
            return status, output
    return run([*pip, *last])


def is_missing_here() -> bool:
    """Whether PyTorch does not exist for this computer at all."""
    return sys.platform == "darwin" and platform.machine() == "x86_64"
