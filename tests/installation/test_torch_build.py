"""Which PyTorch a computer gets, and how pip is asked for it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import pytest

from gpen_engine.installation import torch_build
from gpen_engine.installation.hardware import Hardware
from gpen_engine.installation.torch_build import TORCH, TORCHVISION, Build, choose, sources

HOPPER = Hardware("nvidia", "NVIDIA H100", (580, 65, 6), (9, 0))
NONE = Hardware("none")
MISSING = (1, "ERROR: No matching distribution found for torch==2.13.0+cpu\n")
CONSTRAINED = (  # what a file of constraints in pip's settings turns it into
    1,
    "ERROR: Cannot install torchvision==0.28.0+cpu because these package versions have conflicting"
    " dependencies.\nERROR: ResolutionImpossible: for help visit https://pip.pypa.io/\n",
)


@pytest.fixture(autouse=True)
def linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")


@pytest.mark.parametrize(
    ("hardware", "tag", "device", "says"),
    [
        (HOPPER, "cu130", "cuda", "NVIDIA H100 with driver 580.65.6"),
        (HOPPER._replace(driver=(570, 86)), "cu126", "cuda", "with driver 570.86"),
        (HOPPER._replace(driver=(470, 1)), "cpu", "cpu", "is too old"),
        (HOPPER._replace(model=(6, 1)), "cu126", "cuda", "H100"),  # Pascal: left out of CUDA 13
        (HOPPER._replace(model=(3, 5)), "cpu", "cpu", "is too old"),
        (HOPPER._replace(driver=(570, 86), model=(12, 0)), "cpu", "cpu", "update the driver"),
        (Hardware("nvidia", "an NVIDIA card"), "cpu", "cpu", "driver for it is not installed"),
        (Hardware("amd", "an AMD card (gfx1100)", model=(11, 0, 0)), "rocm7.2", "cuda", "gfx1100"),
        (Hardware("amd", "an AMD card (gfx803)", model=(8, 0, 3)), "cpu", "cpu", "is not built"),
        (Hardware("amd", "an AMD card"), "cpu", "cpu", "is not built for an AMD card"),
        (Hardware("intel", "Intel's graphics", model=(0x56A0,)), "xpu", "xpu", "Intel's"),
        (Hardware("intel", "Intel's graphics", model=(0x3E9B,)), "cpu", "cpu", "is not built"),
        (NONE, "cpu", "cpu", "no graphics card was found"),
    ],
)
def test_the_hardware_decides(hardware: Hardware, tag: str, device: str, says: str) -> None:
    build = choose("auto", hardware)
    assert (build.tag, build.device) == (tag, device)
    assert says in build.shown
    assert "\n" not in build.shown


@pytest.mark.parametrize(
    ("device", "hardware", "tag", "on"),
    [
        ("cpu", HOPPER, "cpu", "cpu"),
        ("cuda", HOPPER._replace(driver=(570, 86)), "cu126", "cuda"),
        ("cuda", NONE, "cu130", "cuda"),
        ("rocm", NONE, "rocm7.2", "cuda"),
        ("xpu", NONE, "xpu", "xpu"),
        ("mps", NONE, "", "mps"),
    ],
)
def test_the_user_decides(device: str, hardware: Hardware, tag: str, on: str) -> None:
    assert choose(device, hardware) == Build(tag, on, "as you asked")


def test_other_systems_get_what_their_package_index_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert choose("auto", Hardware("apple", "Apple's graphics"))[:2] == ("", "mps")
    assert sources(choose("cpu", NONE)) == [[TORCH, TORCHVISION]]
    monkeypatch.setattr(sys, "platform", "win32")
    assert choose("auto", NONE)[:2] == ("", "cpu")
    assert choose("auto", HOPPER._replace(driver=(528, 33)))[:2] == ("cu126", "cuda")
    amd = Hardware("amd", "Radeon", model=(11, 0, 0))
    assert "AMD's cards on Linux only" in choose("auto", amd).why
    # The package index has none with CUDA for Windows: then the processor's.
    assert sources(choose("cuda", HOPPER))[-1] == [TORCH, TORCHVISION]


def test_without_a_graphics_card_cuda_is_the_very_last_thing_to_download() -> None:
    *before, last = sources(choose("auto", NONE))
    assert last == [TORCH, TORCHVISION]
    assert all(f"{TORCH}+cpu" in way for way in before)
    assert before[-1][-2:] == ["--extra-index-url", "https://download.pytorch.org/whl/cpu"]


def test_what_pip_is_set_up_for_comes_first() -> None:
    for device in torch_build.DEVICES:
        first = sources(choose(device, HOPPER))[0]
        assert not any(word.startswith("--") for word in first)


def test_a_build_for_graphics_that_cannot_be_had_gives_way_to_the_processors() -> None:
    ways = sources(choose("rocm", NONE))
    assert [f"{TORCH}+rocm7.2" in way for way in ways] == [True] * 3 + [False] * 4
    assert ways[3:] == sources(choose("cpu", NONE))
    # The package index has the newest CUDA for Linux.
    assert len(sources(choose("cuda", HOPPER))) == 4


class Pip:
    """Has what is in ``answers`` for the tries one after the other."""

    def __init__(self, *answers: tuple[int, str]) -> None:
        self.answers = list(answers)
        self.asked: list[list[str]] = []

    def run(self, command: Sequence[str], patience: float = 0, /) -> tuple[int, str]:
        self.asked.append(list(command))
        return self.answers.pop(0)


@pytest.mark.parametrize("missing", [MISSING, CONSTRAINED])
def test_pip_is_asked_until_it_has_it(missing: tuple[int, str]) -> None:
    pip = Pip(missing, (0, "fine"))
    assert torch_build.install(choose("cpu", NONE), ["pip"], pip.run) == (0, "fine")
    assert [command[-2:] for command in pip.asked] == [
        [f"{TORCH}+cpu", f"{TORCHVISION}+cpu"],
        [f"{TORCH}+cpu", TORCHVISION],
    ]


def test_the_last_try_tells_why() -> None:
    pip = Pip(MISSING, MISSING, MISSING, (1, "no network"))
    assert torch_build.install(choose("cpu", NONE), ["pip"], pip.run) == (1, "no network")
    assert pip.asked[-1] == ["pip", TORCH, TORCHVISION]


def test_a_full_disk_is_no_reason_to_try_elsewhere() -> None:
    pip = Pip((1, "No space left on device"))
    assert torch_build.install(choose("cpu", NONE), ["pip"], pip.run)[0] == 1


@pytest.mark.parametrize(("machine", "missing"), [("arm64", False), ("x86_64", True)])
def test_macs_with_intel_processors(
    machine: str, missing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not torch_build.is_missing_here()
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(torch_build.platform, "machine", lambda: machine)
    assert torch_build.is_missing_here() == missing
