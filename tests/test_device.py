"""Devices and precisions that are there, and those that are not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gpen_engine import device
from gpen_engine.device import check_kernel, choose_device, choose_dtype, parse_dtype
from gpen_engine.errors import GpenError

CPU = torch.device("cpu")


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer with two CUDA cards, as far as PyTorch says."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


@pytest.fixture
def no_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.xpu, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.fixture
def intel(no_cards: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer with one Intel card, as far as PyTorch says."""
    monkeypatch.setattr(torch.xpu, "is_available", lambda: True)
    monkeypatch.setattr(torch.xpu, "device_count", lambda: 1)


@pytest.mark.usefixtures("cards")
def test_a_card_is_preferred() -> None:
    assert choose_device("auto") == torch.device("cuda")
    assert choose_device("cuda:1") == torch.device("cuda:1")
    assert choose_device(torch.device("cuda", 0)) == torch.device("cuda:0")
    assert choose_device("cpu") == CPU


@pytest.mark.usefixtures("cards")
def test_what_the_installer_saw_compute_is_automatic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    monkeypatch.setattr(device, "CHOICE", seen)
    seen.write_text("cpu\n")
    assert choose_device() == CPU
    for word in ("mps", "auto", "no such word", ""):  # not there, or nonsense: as if it were absent
        seen.write_text(word)
        assert choose_device() == torch.device("cuda")


@pytest.mark.usefixtures("cards")
def test_a_third_card_of_two() -> None:
    with pytest.raises(GpenError, match='no device "cuda:2"') as caught:
        choose_device("cuda:2")
    assert caught.value.code == "device_missing"
    assert caught.value.hint


@pytest.mark.usefixtures("no_cards")
@pytest.mark.parametrize("name", ["cuda", "cuda:0", "xpu", "mps"])
def test_without_a_card(name: str) -> None:
    assert choose_device("auto") == CPU
    with pytest.raises(GpenError, match=f'no device "{name}"') as caught:
        choose_device(name)
    assert caught.value.code == "device_missing"


@pytest.mark.usefixtures("intel")
def test_an_intel_card_is_taken_where_there_is_no_other() -> None:
    assert choose_device("auto") == torch.device("xpu")
    assert choose_device("xpu:0") == torch.device("xpu:0")
    with pytest.raises(GpenError, match='no device "xpu:1"') as caught:
        choose_device("xpu:1")
    assert caught.value.code == "device_missing"


@pytest.mark.usefixtures("intel", "cards")
def test_a_cuda_card_is_preferred_to_an_intel_card() -> None:
    assert choose_device("auto") == torch.device("cuda")
    assert choose_device("xpu") == torch.device("xpu")


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "xla", "", "meta"])
def test_words_that_are_no_device(name: str) -> None:
    with pytest.raises(GpenError) as caught:
        choose_device(name)
    assert caught.value.code == "bad_option"
    assert "cuda" in caught.value.hint


def test_precisions() -> None:
    assert choose_dtype("auto", CPU) == torch.float32
    assert choose_dtype("auto", torch.device("cuda")) == torch.float16
    assert choose_dtype("bfloat16", CPU) == torch.bfloat16
    assert choose_dtype(torch.float16, CPU) == torch.float16
    assert parse_dtype("float32") == torch.float32


@pytest.mark.parametrize("name", ["half", "int8", "auto", torch.float64])
def test_words_that_are_no_precision(name: str | torch.dtype) -> None:
    with pytest.raises(GpenError) as caught:
        parse_dtype(name)
    assert caught.value.code == "bad_option"
    assert caught.value.hint == "Choose float32, bfloat16, float16."


def test_a_precision_that_the_device_has_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("not implemented for 'BFloat16'")

    monkeypatch.setattr(torch.nn.functional, "conv2d", refuse)
    with pytest.raises(GpenError, match="cannot compute in bfloat16") as caught:
        choose_dtype("bfloat16", CPU)
    assert caught.value.code == "device_missing"
    assert "float32" in caught.value.hint


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_a_processor_computes(dtype: torch.dtype) -> None:
    check_kernel("cpu", dtype)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this PyTorch has CUDA")
def test_a_card_that_is_not_there_does_not_compute() -> None:
    with pytest.raises(GpenError, match='"cuda" does not compute in float32') as caught:
        check_kernel("cuda")
    assert caught.value.code == "device_missing"
    assert "built for your graphics card" in caught.value.hint


def test_a_card_without_code_for_it_does_not_compute(monkeypatch: pytest.MonkeyPatch) -> None:
    real = torch.nn.functional.conv2d

    def refuse(image: torch.Tensor, *rest: torch.Tensor, padding: int) -> torch.Tensor:
        if image.dtype == torch.float16:
            raise RuntimeError("CUDA error: no kernel image is available for execution\nmore")
        return real(image, *rest, padding=padding)

    monkeypatch.setattr(torch.nn.functional, "conv2d", refuse)
    with pytest.raises(GpenError) as caught:
        check_kernel("cpu", torch.float16)
    assert "(CUDA error: no kernel image is available for execution)" in caught.value.sentence


def test_wrong_results_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = torch.nn.functional.conv2d

    def shift(image: torch.Tensor, *rest: torch.Tensor, padding: int) -> torch.Tensor:
        result = real(image, *rest, padding=padding)
        return result.roll(1) if image.dtype == torch.bfloat16 else result

    monkeypatch.setattr(torch.nn.functional, "conv2d", shift)
    check_kernel("cpu")
    with pytest.raises(GpenError, match="its results are wrong") as caught:
        check_kernel("cpu", torch.bfloat16)
    assert caught.value.code == "device_missing"
