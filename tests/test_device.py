"""Devices and precisions that are there, and those that are not."""

from __future__ import annotations

import pytest
import torch

from gpen_engine.device import choose_device, choose_dtype, parse_dtype
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
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.mark.usefixtures("cards")
def test_a_card_is_preferred() -> None:
    assert choose_device("auto") == torch.device("cuda")
    assert choose_device("cuda:1") == torch.device("cuda:1")
    assert choose_device(torch.device("cuda", 0)) == torch.device("cuda:0")
    assert choose_device("cpu") == CPU


@pytest.mark.usefixtures("cards")
def test_a_third_card_of_two() -> None:
    with pytest.raises(GpenError, match='no device "cuda:2"') as caught:
        choose_device("cuda:2")
    assert caught.value.code == "device_missing"
    assert caught.value.hint


@pytest.mark.usefixtures("no_cards")
@pytest.mark.parametrize("name", ["cuda", "cuda:0", "mps"])
def test_without_a_card(name: str) -> None:
    assert choose_device("auto") == CPU
    with pytest.raises(GpenError, match=f'no device "{name}"') as caught:
        choose_device(name)
    assert caught.value.code == "device_missing"


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
