"""Winograd's convolutions against direct ones in float64."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from gpen_engine.network import winograd
from gpen_engine.network.winograd import CHANNELS, convolve, pays

here = pytest.mark.skipif(not torch._nnpack_available(), reason="this PyTorch has no NNPACK")


@here
@pytest.mark.parametrize("padding", [(1, 1), (0, 1)])
@pytest.mark.parametrize(("count", "height", "width"), [(1, 32, 32), (2, 35, 37), (1, 66, 128)])
def test_it_is_exact_to_rounding(
    count: int, height: int, width: int, padding: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    x = torch.randn(count, CHANNELS, height, width).contiguous(memory_format=torch.channels_last)
    kernel, bias = torch.randn(8, CHANNELS, 3, 3), torch.randn(8)
    expected = F.conv2d(x.double(), kernel.double(), bias.double(), padding=padding)
    monkeypatch.setattr(F, "conv2d", None)  # so that this is not what answers
    with torch.inference_mode():
        for weight in (kernel, kernel.contiguous(memory_format=torch.channels_last)):
            result = convolve(x, weight, bias, padding=padding)
            assert result.is_contiguous(memory_format=torch.channels_last)
            assert (result - expected).norm() < 1e-5 * expected.norm()
        bare = convolve(x, kernel, padding=padding)
        torch.testing.assert_close(bare, result - bias[:, None, None], rtol=1e-4, atol=1e-3)


@here
def test_the_same_input_gives_the_same_bits_in_any_batch() -> None:
    torch.manual_seed(0)
    x = torch.randn(3, CHANNELS, 32, 32).contiguous(memory_format=torch.channels_last)
    kernel = torch.randn(8, CHANNELS, 3, 3)
    with torch.inference_mode():
        together = convolve(x, kernel, padding=(1, 1))
        apart = [convolve(face[None], kernel, padding=(1, 1)) for face in x]
    assert torch.equal(together, torch.cat(apart))


def test_where_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "_nnpack_available", lambda: True)
    x, kernel = torch.empty(1, CHANNELS, 32, 32), torch.empty(8, CHANNELS, 3, 3)
    assert not pays(x, kernel)  # gradients are asked for
    with torch.inference_mode():
        assert pays(x, kernel)
        assert not pays(x.bfloat16(), kernel)
        assert not pays(x[:, :, :16], kernel)
        assert not pays(x[:, :128], kernel[:, :128])
        assert not pays(x.to("meta"), kernel)
        monkeypatch.setattr(torch, "_nnpack_available", lambda: False)
        assert not pays(x, kernel)


def test_without_the_library_it_is_the_direct_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winograd, "pays", lambda x, kernel: False)
    x, kernel, bias = torch.randn(1, 4, 6, 5), torch.randn(2, 4, 3, 3), torch.randn(2)
    expected = F.conv2d(x, kernel, bias, padding=(0, 1))
    assert torch.equal(convolve(x, kernel, bias, padding=(0, 1)), expected)
