"""Devices that do not compute, and cards that lie idle."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from examining import look, the_fault

import gpen_engine.device
import gpen_engine.fast
from gpen_engine.doctor.device import device
from gpen_engine.errors import GpenError
from gpen_engine.installation import hardware
from gpen_engine.installation.hardware import Hardware

H200 = Hardware("nvidia", "NVIDIA H200", (580, 65), (9, 0))


@pytest.fixture(autouse=True)
def no_card(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(gpen_engine.device, "CHOICE", tmp_path / "no choice")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.xpu, "is_available", lambda: False)
    monkeypatch.setattr(hardware, "detect", lambda: Hardware("none"))


def fail(monkeypatch: pytest.MonkeyPatch, *dtypes: torch.dtype) -> None:
    """Has computing fail in these precisions."""

    def check(_: object, dtype: torch.dtype = torch.float32) -> None:
        if dtype in dtypes:
            raise GpenError("device_missing", "It does not compute.", "")

    monkeypatch.setattr(gpen_engine.device, "check_kernel", check)


def test_a_processor() -> None:
    (finding,) = look(device)
    assert (finding.mark, finding.name) == ("ok", "Device")
    assert finding.sentence.startswith("The processor (")
    assert "works, in half precision too" in finding.sentence


def test_a_processor_without_half_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    fail(monkeypatch, torch.float16)
    (finding,) = look(device)
    assert finding.mark == "ok"
    assert "in full precision only" in finding.sentence


def test_a_processor_that_does_not_compute(monkeypatch: pytest.MonkeyPatch, repair: str) -> None:
    fail(monkeypatch, torch.float32)
    assert the_fault(device).cure == repair


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_a_card_that_does_not_compute(
    monkeypatch: pytest.MonkeyPatch, repair: str, dtype: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    fail(monkeypatch, dtype)
    fault = the_fault(device)
    assert (fault.name, fault.sentence) == ("Device", "It does not compute.")
    assert fault.cure == f"{repair} --device cpu"


@pytest.mark.parametrize(
    ("why", "fused"),
    [("", "yes"), ("this PyTorch comes without Triton", "no (this PyTorch comes without Triton)")],
)
def test_a_card_that_computes(monkeypatch: pytest.MonkeyPatch, why: str, fused: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "NVIDIA H200")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (140e9, 150e9))
    monkeypatch.setattr(torch.cuda, "device", lambda _: nullcontext())
    monkeypatch.setattr(gpen_engine.fast, "why_not_fused", lambda *_: why)
    monkeypatch.setattr(gpen_engine.fast, "why_not_recorded", lambda *_: "")
    fail(monkeypatch)
    (finding,) = look(device)
    assert finding.mark == "ok"
    assert finding.sentence == (
        "NVIDIA H200 works, in half precision too; 140 of 150 GB of memory free."
        f" Fused kernels: {fused}; CUDA graphs: yes."
    )


@pytest.mark.parametrize(
    ("card", "option"),
    [
        (H200, "cuda"),
        (Hardware("amd", "an AMD card (gfx1100)", model=(11, 0, 0)), "rocm"),
        (Hardware("intel", "Intel's graphics", model=(0x56A0,)), "xpu"),
    ],
)
def test_a_card_that_pytorch_was_not_built_for(
    monkeypatch: pytest.MonkeyPatch, repair: str, card: Hardware, option: str
) -> None:
    monkeypatch.setattr(hardware, "detect", lambda: card)
    monkeypatch.setattr("sys.platform", "linux")
    finding = the_fault(device, "warning")
    assert finding.sentence.lower().startswith(f"{card.name} is not used".lower())
    assert finding.cure == f"{repair} --device {option}"


def test_a_card_that_no_pytorch_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "detect", lambda: H200._replace(driver=(300,)))
    note = the_fault(device, "note")
    assert "too old" in note.sentence
    assert note.cure == ""
