"""A device shows that it computes, before it is what "auto" means."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from gpen_engine import device_check
from gpen_engine.device_check import main


@pytest.fixture
def choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(device_check, "CHOICE", tmp_path / "choice")
    return tmp_path / "choice"


def run(name: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["device_check", name])
    return main()


def test_the_processor_computes(choice: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("cpu", monkeypatch) == 0
    assert choice.read_text() == "cpu\n"


def test_a_device_that_is_not_there(
    choice: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.xpu, "is_available", lambda: False)
    assert run("xpu", monkeypatch) == 1
    assert 'no device "xpu"' in capsys.readouterr().out
    assert not choice.exists()


@pytest.mark.parametrize(("bent", "status"), [(1.0, 0), (0.5, 1), (float("nan"), 1)])
def test_its_network_is_compared_with_the_processors(
    choice: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    bent: float,
    status: int,
) -> None:
    load = device_check.load_model

    class Bent:
        """The network on a device whose results are wrong by a factor."""

        def __init__(self, path: Path, device: object) -> None:
            self.model, self.factor = load(path, device="cpu"), 1.0 if device == "cpu" else bent

        def __call__(self, image: torch.Tensor) -> torch.Tensor:
            return self.model(image.cpu()) * self.factor

    monkeypatch.setattr(device_check, "load_model", Bent)
    # PyTorch's device without data stands in for the graphics, and what goes there stays here.
    graphics, move = torch.device("meta"), torch.Tensor.to

    def stay(tensor: torch.Tensor, *where: object, **rest: object) -> torch.Tensor:
        return tensor if where == (graphics,) else move(tensor, *where, **rest)  # type: ignore[call-overload]

    monkeypatch.setattr(device_check, "choose_device", lambda _: graphics)
    monkeypatch.setattr(device_check, "check_kernel", lambda _: None)
    monkeypatch.setattr(torch.Tensor, "to", stay)
    assert run("cuda", monkeypatch) == status
    assert choice.exists() == (status == 0)
    assert ("computes wrongly" in capsys.readouterr().out) == (status == 1)
