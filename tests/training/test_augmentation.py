"""Adaptive augmentation of what the discriminator sees."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gpen_engine.training.augmentation import FULL_AFTER, MOST, TARGET, Augmentation


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def faces(count: int = 8, size: int = 32) -> Tensor:
    return torch.rand(count, 3, size, size) * 2 - 1


def test_at_first_nothing_is_changed() -> None:
    restored, truth = faces(), faces()
    assert Augmentation()(restored, truth) == (restored, truth)


def test_both_versions_of_a_face_are_changed_the_same_way() -> None:
    face = faces()
    shown, original = Augmentation(1.0)(face.clone(), face)
    assert torch.equal(shown, original)
    assert shown.shape == face.shape
    changes = (original - face).abs().amax(dim=(1, 2, 3))
    assert changes.min() > 0.1, "with a probability of 1 no face stays as it was"
    assert len({round(float(c), 4) for c in changes}) == len(face), "each has changes of its own"


def test_rare_changes_leave_most_faces_alone() -> None:
    face = faces(400, 8)
    _, original = Augmentation(0.02)(face, face)
    same = (original - face).abs().amax(dim=(1, 2, 3)) < 1e-4
    # Nine changes of which the mirroring does nothing half of the time, as does a turn by nothing
    # a quarter of it: 0.98 to the power of about eight.
    assert 0.78 < same.float().mean() < 0.93


def test_turns_by_quarters_and_mirroring_keep_every_pixel() -> None:
    augmentation, face = Augmentation(1.0), faces(1)
    for quarters in range(4):
        angle = torch.tensor(quarters * torch.pi / 2)
        place = torch.tensor([[[angle.cos(), -angle.sin(), 0], [angle.sin(), angle.cos(), 0]]])
        augmentation._places = lambda count, place=place: place  # type: ignore[method-assign]
        augmentation._colours = lambda count: torch.eye(3, 4)[None]  # type: ignore[method-assign]
        _, turned = augmentation(face, face)
        torch.testing.assert_close(turned, face.rot90(quarters, (2, 3)), atol=1e-4, rtol=0)


def test_recolouring_keeps_greys_grey() -> None:
    grey = torch.rand(16, 1, 8, 8).expand(-1, 3, -1, -1)
    _, changed = Augmentation(1.0)(grey, grey)
    assert (changed.amax(1) - changed.amin(1)).max() < 1e-4


def test_gradients_reach_the_restored_face() -> None:
    restored = faces(2).requires_grad_()
    shown, _ = Augmentation(0.8)(restored, faces(2))
    shown.sum().backward()
    assert restored.grad is not None
    assert restored.grad.isfinite().all()
    assert restored.grad.abs().amax(dim=(1, 2, 3)).min() > 0


def test_overfitting_raises_the_probability_up_to_the_most() -> None:
    augmentation = Augmentation()
    augmentation.measured(seen=2.0, unseen=0.5, faces=200)
    assert augmentation.overfitting == pytest.approx(0.75)
    assert augmentation.probability == pytest.approx(200 / FULL_AFTER)
    for _ in range(200):
        augmentation.measured(seen=2.0, unseen=0.5, faces=200)
    assert augmentation.probability == MOST


def test_it_falls_again_when_unseen_faces_are_told_as_well() -> None:
    augmentation = Augmentation(0.5)
    augmentation.measured(seen=1.0, unseen=1.0 - TARGET / 2, faces=200)
    assert augmentation.probability == pytest.approx(0.5 - 200 / FULL_AFTER)
    for _ in range(200):
        augmentation.measured(seen=1.0, unseen=1.0, faces=200)
    assert augmentation.probability == 0


@pytest.mark.parametrize("seen", [0.0, -0.2])
def test_one_that_can_tell_nothing_has_nothing_by_heart(seen: float) -> None:
    augmentation = Augmentation(0.1)
    augmentation.measured(seen=seen, unseen=-1.0, faces=64)
    assert augmentation.overfitting == 0
    assert augmentation.probability < 0.1


def test_one_batch_of_odd_faces_does_not_decide() -> None:
    augmentation = Augmentation(0.5)
    for _ in range(20):
        augmentation.measured(seen=1.0, unseen=1.0, faces=64)
    before = augmentation.overfitting
    augmentation.measured(seen=1.0, unseen=0.0, faces=64)
    assert before < augmentation.overfitting < TARGET
