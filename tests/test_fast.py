"""Which fast ways are taken: those whose results were seen to be right, and no others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec

import pytest
import torch
from torch import Tensor

from gpen_engine import fast
from gpen_engine.network import fused

CARD = torch.device("cuda", 0)
needs_card = pytest.mark.skipif(not torch.cuda.is_available(), reason="no graphics card is here")


@pytest.fixture
def asked() -> Iterator[None]:
    """Nothing is known from before, nor afterwards."""
    fast.why_not_fused.cache_clear()
    yield
    fast.why_not_fused.cache_clear()
    fused.distrust(CARD)


@pytest.fixture
def trial(asked: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A card whose plain and fused results are given."""
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(fast, "find_spec", lambda _: True)
    network, images = fast._trial(torch.device("cpu"))
    monkeypatch.setattr(fast, "_trial", lambda _: (network, images))

    def give(plain: Tensor, fused_result: Tensor | Exception) -> None:
        def run(*_: object) -> Tensor:
            if (CARD, network.generator_dtype) not in fused._trusted:
                return plain
            if isinstance(fused_result, Exception):
                raise fused_result
            return fused_result

        monkeypatch.setattr(fast, "_run", run)

    return give


def test_right_results_are_trusted(trial: Callable[..., None]) -> None:
    trial(torch.ones(9), torch.ones(9) * 1.00001)
    assert fast.why_not_fused(torch.device("cuda"), torch.float32) == ""
    assert fused._trusted == {(CARD, torch.float32)}


def test_of_bfloat16_the_encoder_computes_in_float32(trial: Callable[..., None]) -> None:
    trial(torch.ones(9), torch.ones(9))
    assert fast.why_not_fused(CARD, torch.bfloat16) == ""
    assert fused._trusted == {(CARD, torch.float32), (CARD, torch.bfloat16)}


@pytest.mark.parametrize(
    ("result", "why"),
    [
        (torch.ones(9) * 1.1, "their results are wrong here"),
        (torch.full((9,), torch.nan), "their results are wrong here"),
        (RuntimeError("Failed to find C compiler. Please specify\nCC"), None),
        (AssertionError(), "AssertionError"),
    ],
)
def test_whatever_fails_is_left_out(
    result: Tensor | Exception, why: str | None, trial: Callable[..., None]
) -> None:
    trial(torch.ones(9), result)
    expected = why or "Failed to find C compiler. Please specify"
    assert fast.why_not_fused(CARD, torch.float16) == expected
    assert not fused._trusted


def test_a_processor_and_a_pytorch_without_triton(
    asked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "NVIDIA" in fast.why_not_fused(torch.device("cpu"), torch.float32)
    monkeypatch.setattr(fast, "find_spec", lambda _: None)
    assert "Triton" in fast.why_not_fused(CARD, torch.float32)


@pytest.fixture
def recording(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A card that gives these results in turn, one for each call of a recorded network."""
    fast.why_not_recorded.cache_clear()
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    trial = fast._trial(torch.device("cpu"))
    monkeypatch.setattr(fast, "_trial", lambda _: trial)

    def give(results: list[float], why: str = "") -> None:
        calls = iter(results)

        class Fake:
            why_not = why

            def __call__(self, _: Tensor) -> Tensor:
                return torch.full((9,), next(calls))

        monkeypatch.setattr(fast, "Graphs", lambda _: Fake())

    return give


@pytest.mark.parametrize(
    ("results", "why", "expected"),
    [
        ([1, 1, 1], "", ""),
        ([1, 1, 1], "too little memory", "too little memory"),
        ([1, 1, 2], "", "their results are wrong here"),
        ([1, torch.nan, 1], "", "their results are wrong here"),
    ],
)
def test_recorded_networks_must_give_the_plain_result(
    results: list[float], why: str, expected: str, recording: Callable[..., None]
) -> None:
    recording([float(result) for result in results], why)
    assert fast.why_not_recorded(CARD, torch.float16) == expected
    fast.why_not_recorded.cache_clear()


def test_the_trial_is_the_same_every_time_and_leaves_randomness_alone() -> None:
    before = torch.get_rng_state()
    (network, images), (again, same) = (fast._trial(torch.device("cpu")) for _ in range(2))
    assert torch.equal(images, same)
    assert torch.equal(network.ecd0[0][0].weight, again.ecd0[0][0].weight)
    assert torch.equal(torch.get_rng_state(), before)
    plain = fast._run(network, images)
    assert plain.isfinite().all()
    for dtype in (torch.float16, torch.bfloat16):  # so far apart are results that are both right
        distance = (fast._run(network.set_precision(dtype), images) - plain).norm() / plain.norm()
        assert distance < fast.FURTHEST[dtype] / 2


@needs_card
@pytest.mark.parametrize("dtype", list(fast.FURTHEST))
def test_this_card(dtype: torch.dtype, asked: None) -> None:
    if find_spec("triton") is None:
        pytest.skip("Triton is missing")
    assert fast.why_not_fused(CARD, dtype) == ""
    assert fast.why_not_recorded(CARD, dtype) == ""
