"""The losses against the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from training_crops import crop

from gpen_engine.faces import Detector
from gpen_engine.faces.geometry import TEMPLATES, cut_crop, to_crop
from gpen_engine.pixels import Pixels
from gpen_engine.sample import portrait
from gpen_engine.training.data import to_tensor
from gpen_engine.training.losses import (
    FaceFeatures,
    content_loss,
    detail_loss,
    focal_weights,
    frequency_loss,
)

EVEN = torch.ones(1, 1, 64, 64)


def texture(amplitude: float, seed: int) -> Tensor:
    """[1, 3, 64, 64] of white noise, the same in all channels."""
    source = torch.Generator().manual_seed(seed)
    return amplitude * torch.randn(1, 1, 64, 64, generator=source).expand(-1, 3, -1, -1)


@pytest.mark.parametrize("size", [64, 256])
def test_focal_weights_peak_at_eyes_and_mouth(size: int) -> None:
    weights = focal_weights(size, gain=2.0)
    assert weights.shape == (1, 1, size, size)
    plane = weights[0, 0].numpy()
    left, right, _, mouth_left, mouth_right = TEMPLATES["gpen"]
    y, x = (np.mgrid[:size, :size] + 0.5) / size
    for place in (left, right, (mouth_left + mouth_right) / 2):
        distance = np.hypot(x - place[0], y - place[1])
        assert plane[distance < 0.015].min() > 2.9
        ring = plane[(distance > 0.09) & (distance < 0.1)]
        assert ring.max() < 2
    assert 2.97 < plane.max() <= 3
    assert plane[0, 0] == pytest.approx(1, abs=1e-4)


def test_the_content_loss_is_weighted_and_keeps_its_scale() -> None:
    truth, weights = torch.zeros(1, 3, 64, 64), focal_weights(64)
    assert content_loss(truth, truth, weights).item() == 0
    even = content_loss(truth + 0.2, truth, weights)
    assert even.item() == pytest.approx(0.2 - 0.05 / 2)  # smooth L1 beyond its knee at 0.05
    eye, corner = truth.clone(), truth.clone()
    eye[:, :, 28:33, 23:28] = 0.2
    corner[:, :, :5, :5] = 0.2
    ratio = content_loss(eye, truth, weights) / content_loss(corner, truth, weights)
    assert 2.5 < ratio.item() < 3


def test_every_frequency_has_one_voice() -> None:
    """Waves of one strength cost the same, however long; a pixel loss of the spectrum agrees."""
    truth, x = to_tensor(crop(0, 64))[None], torch.arange(64)
    costs = []
    for waves in (1, 7, 29):
        wave = 0.1 * torch.cos(2 * math.pi * waves * x / 64)
        costs.append(frequency_loss(truth + wave, truth).item())
    assert costs == pytest.approx([costs[0]] * 3, rel=1e-3)
    assert frequency_loss(truth, truth).item() == 0


def test_the_detail_loss_asks_for_as_much_and_not_for_the_same() -> None:
    truth, other = texture(0.2, 1), texture(0.2, 2)
    soft, rough = texture(0.1, 2), texture(0.4, 2)
    assert detail_loss(truth, truth, EVEN).item() == 0
    least = detail_loss(other, truth, EVEN)
    assert least < 0.3 * detail_loss(soft, truth, EVEN)
    assert least < 0.3 * detail_loss(rough, truth, EVEN)
    tone = truth + torch.tensor([0.3, -0.1, 0.2]).view(1, 3, 1, 1)
    assert detail_loss(tone, truth, EVEN).item() == pytest.approx(0, abs=1e-5)


def test_detail_counts_most_at_eyes_and_mouth() -> None:
    weights = focal_weights(64)
    eye, corner = torch.zeros(1, 3, 64, 64), torch.zeros(1, 3, 64, 64)
    eye[..., 30, 25] = corner[..., 8, 8] = 0.5
    truth = torch.zeros(1, 3, 64, 64)
    assert detail_loss(eye, truth, weights) > 2 * detail_loss(corner, truth, weights)


def test_a_flat_image_has_a_finite_slope() -> None:
    flat = torch.zeros(1, 3, 64, 64, requires_grad=True)
    detail_loss(flat, texture(0.2, 1), EVEN).backward()
    assert flat.grad is not None
    assert flat.grad.isfinite().all()


def test_face_features_see_the_mouth_more_than_the_border() -> None:
    """Of a real face; and only the restored image is taught."""
    loss = FaceFeatures()
    pixels = Pixels(portrait())
    (face,) = Detector().detect(pixels)
    truth = to_tensor(cut_crop(pixels, to_crop(face.landmarks, 256), 256))[None]
    assert loss(truth, truth).item() == 0
    mouth, border = truth.clone(), truth.clone()
    mouth[..., 166:200, 96:160] = mouth[..., 166:200, 96:160].mean()
    border[..., 0:34, 0:64] = border[..., 0:34, 0:64].mean()
    mouth.requires_grad_()
    far = loss(mouth, truth)
    assert far > 1.5 * loss(border, truth)
    far.backward()
    assert mouth.grad is not None
    assert mouth.grad.isfinite().all()
    assert not any(p.requires_grad for p in loss.parameters())
