"""The critic and the losses."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from gpen_engine.training.discriminator import (
    Discriminator,
    feature_loss,
    fooling_loss,
    gradient_penalty,
    realness_loss,
)


def images(count: int, size: int = 64, seed: int = 0) -> Tensor:
    source = torch.Generator().manual_seed(seed)
    return torch.rand(count, 3, size, size, generator=source) * 2 - 1


@pytest.fixture(scope="module")
def critic() -> Discriminator:
    torch.manual_seed(3)
    return Discriminator(width=8)


def test_scores_and_features(critic: Discriminator) -> None:
    scores, features = critic(images(2))
    assert scores.shape == (2, 1, 4, 4)
    assert scores.dtype == torch.float32
    assert [tuple(f.shape) for f in features] == [
        (2, 8, 32, 32),
        (2, 16, 16, 16),
        (2, 32, 8, 8),
        (2, 32, 4, 4),
    ]


def test_a_score_sees_a_neighbourhood_of_110_pixels(critic: Discriminator) -> None:
    image = images(1, 256).requires_grad_()
    scores, _ = critic(image)
    (gradient,) = torch.autograd.grad(scores[0, 0, 8, 8], image)
    seen = gradient.abs().sum(dim=(0, 1))
    for axis in (0, 1):
        (places,) = seen.sum(dim=axis).nonzero(as_tuple=True)
        assert int(places.max() - places.min()) + 1 == 110
        assert float(places.float().mean()) == pytest.approx(8 * 16 + 7.5)


def test_it_judges_in_bfloat16_too(critic: Discriminator) -> None:
    precise, _ = critic(images(2))
    rough, features = critic(images(2).bfloat16())
    assert rough.dtype == torch.float32
    assert features[0].dtype == torch.bfloat16
    assert (rough - precise).abs().max() < 0.05 * precise.abs().max()


def test_the_losses_ask_which_of_two_is_real() -> None:
    zero, sure = torch.zeros(4), torch.full((4,), 50.0)
    for loss in (realness_loss, fooling_loss):
        assert loss(zero, zero).item() == pytest.approx(math.log(2))
        assert loss(sure, sure).item() == pytest.approx(math.log(2))  # only the difference counts
    assert realness_loss(sure, -sure).item() == pytest.approx(0, abs=1e-6)
    assert realness_loss(-sure, sure).item() == pytest.approx(100)
    assert fooling_loss(-sure, sure).item() == pytest.approx(0, abs=1e-6)
    assert fooling_loss(sure, -sure).item() == pytest.approx(100)


def test_the_feature_loss_teaches_the_restored_side_only() -> None:
    restored, truth = (torch.full((1, 2, 2, 2), v, requires_grad=True) for v in (3.0, 1.0))
    loss = feature_loss([restored, restored], [truth, truth * 2])
    assert loss.item() == pytest.approx((2 + 1) / 2)
    loss.backward()
    assert restored.grad is not None
    assert truth.grad is None


@pytest.mark.parametrize("patches", [1, 4])
def test_the_gradient_penalty_of_a_linear_critic(patches: int) -> None:
    """Its gradient is its weights everywhere, summed over patches that all judge alike; the
    penalty is the squared length of that sum, a patch."""
    weights = torch.randn(3, 8, 8, generator=torch.Generator().manual_seed(2), requires_grad=True)

    def linear(x: Tensor) -> tuple[Tensor, list[Tensor]]:
        return (x * weights).sum(dim=(1, 2, 3)).add(7)[:, None].expand(-1, patches), []

    critic: Any = linear
    penalty = gradient_penalty(critic, images(5, 8))
    assert penalty.item() == pytest.approx(patches * weights.square().sum().item(), rel=1e-5)
    penalty.backward()
    assert weights.grad is not None
    assert torch.allclose(weights.grad, 2 * patches * weights, rtol=1e-4)


def test_the_gradient_penalty_reaches_every_weight_that_sees_the_image(
    critic: Discriminator,
) -> None:
    gradient_penalty(critic, images(2)).backward()
    for name, parameter in critic.named_parameters():
        if name.endswith("weight"):
            assert parameter.grad is not None, name
            assert parameter.grad.abs().max() > 0, name
