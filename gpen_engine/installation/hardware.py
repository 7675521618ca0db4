"""Which graphics hardware this computer has, and its driver."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

SYS = Path("/sys")
PATIENCE = 30.0
"""Seconds that a driver's tool may take; one in trouble never answers."""
VENDORS = {"0x10de": "nvidia", "0x1002": "amd", "0x8086": "intel"}


class Hardware(NamedTuple):
    """The one device that would compute fastest."""

    maker: str
    """nvidia, amd, intel, apple, or none"""
    name: str = ""
    """For the user."""
    driver: tuple[int, ...] = ()
    """NVIDIA's driver; empty where it is not installed."""
    model: tuple[int, ...] = ()
    """What its maker calls architecture: NVIDIA's compute capability (8, 9), AMD's gfx (10, 3, 0),
    Intel's PCI number in one element."""


Ask = Callable[[Sequence[str]], str]
"""Runs a small program and returns what it prints; empty where there is none."""


def ask(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, errors="replace", check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout if done.returncode == 0 else ""


def detect(ask: Ask = ask, sys_folder: Path = SYS) -> Hardware:
    """NVIDIA's card before AMD's before Intel's, as a laptop may have two of them."""
    if sys.platform == "darwin":
        chip = platform.machine() == "arm64"
        return Hardware("apple", "Apple's graphics") if chip else Hardware("none")
    if os.name == "nt":
        return nvidia(ask) or on_windows(ask) or Hardware("none")
    cards = [card for card in (pci(path) for path in sorted(drm(sys_folder))) if card]
    makers = {card.maker: card for card in reversed(cards)}
    return (
        nvidia(ask)
        or makers.get("nvidia")
        or amd(sys_folder)
        or makers.get("amd")
        or max((card for card in cards if card.maker == "intel"), key=is_arc, default=None)
        or Hardware("none")
    )


def nvidia(ask: Ask) -> Hardware | None:
    """The most capable card that NVIDIA's driver names, since it is not always the first."""
    # The last one is where Windows lends its driver to Linux (WSL).
    program = shutil.which("nvidia-smi") or "/usr/lib/wsl/lib/nvidia-smi"
    query = ["--query-gpu=name,driver_version,compute_cap", "--format=csv,noheader"]
    cards = []
    for line in ask([program, *query]).splitlines():
        found = re.fullmatch(r"(.+), *([\d.]+), *(\d+)\.(\d+)", line.strip())
        if found:
            name, driver, major, minor = found.groups()
            cards.append(Hardware("nvidia", name, numbers(driver), (int(major), int(minor))))
    return max(cards, key=lambda card: card.model, default=None)


def drm(sys_folder: Path) -> list[Path]:
    """The graphics cards that Linux knows, whether or not anything can compute on them."""
    cards = (sys_folder / "class/drm").glob("card*")
    return [card / "device" for card in cards if re.fullmatch(r"card\d+", card.name)]


def pci(device: Path) -> Hardware | None:
    try:
        vendor, number = ((device / name).read_text().strip() for name in ("vendor", "device"))
    except OSError:
        return None
    maker = VENDORS.get(vendor)
    if maker is None:
        return None
    names = {"nvidia": "an NVIDIA card", "amd": "an AMD card", "intel": "Intel's graphics"}
    return Hardware(maker, names[maker], model=(int(number, 16),) if maker == "intel" else ())


def amd(sys_folder: Path) -> Hardware | None:
    """The newest card that Linux lets programs compute on (its node in ``kfd``)."""
    cards = []
    for node in (sys_folder / "class/kfd/kfd/topology/nodes").glob("*/properties"):
        try:
            found = re.search(r"^gfx_target_version (\d+)$", node.read_text(), re.MULTILINE)
        except OSError:
            continue
        version = int(found[1]) if found else 0  # 0 is a processor; 100300 is gfx1030
        if version:
            model = (version // 10000, version // 100 % 100, version % 100)
            cards.append(Hardware("amd", f"an AMD card ({gfx(model)})", model=model))
    return max(cards, key=lambda card: card.model, default=None)


def gfx(model: Sequence[int]) -> str:
    """AMD's name: (9, 0, 10) is gfx90a."""
    return "gfx{}{:x}{:x}".format(*model)


def is_arc(card: Hardware) -> bool:
    """Whether PyTorch computes on it: Intel's graphics since Arc, by their PCI numbers."""
    number = "{:04x}".format(*card.model) if card.model else ""
    # Alchemist, Battlemage; in Core Ultra: Meteor and Arrow Lake, Lunar Lake, Panther Lake.
    return number.startswith(("56", "e2", "7d", "64", "b0"))


def on_windows(ask: Ask) -> Hardware | None:
    """By the names that Windows shows."""
    query = "(Get-CimInstance Win32_VideoController).Name"
    names = ask(["powershell", "-NoProfile", "-Command", query]).splitlines()
    for word, maker, model in (
        ("nvidia", "nvidia", ()),
        ("radeon", "amd", ()),
        ("arc", "intel", (0x5600,)),
        ("intel", "intel", ()),
    ):
        for name in names:
            if re.search(rf"\b{word}\b", name, re.IGNORECASE):
                return Hardware(maker, name.strip(), model=model)
    return None


def numbers(version: str) -> tuple[int, ...]:
    """ "580.65.06" as (580, 65, 6)."""
    return tuple(int(part) for part in version.split(".") if part)
