"""A loaded model as its user meets it."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch
from torch import Tensor

from gpen_engine import fast, load_model
from gpen_engine.model import GpenModel
from gpen_engine.network import Gpen, GpenConfig, fused

CONFIG = GpenConfig(64, 128, 1, 0.0625, style_dim=32, style_layers=2)


@pytest.fixture(scope="module")
def model() -> GpenModel:
    torch.manual_seed(8)
    network = Gpen(CONFIG).eval()
    for name, parameter in network.named_parameters():
        if name.endswith("noise.weight"):
            torch.nn.init.constant_(parameter, 0.5)
    return GpenModel(
        network, name="Test", device=torch.device("cpu"), dtype=torch.float32, sha256=None
    )


def faces(count: int) -> Tensor:
    return torch.rand(count, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_attributes(model: GpenModel) -> None:
    assert model.config == CONFIG
    assert model.parameters == sum(p.numel() for p in Gpen(CONFIG).parameters())
    assert repr(model) == "<GpenModel Test, 64 to 128, torch.float32, cpu>"


@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
def test_images_come_back_in_kind(model: GpenModel, count: int, dtype: torch.dtype) -> None:
    restored = model(faces(count).to(dtype))
    assert restored.shape == (count, 3, 128, 128)
    assert restored.dtype == dtype


def test_the_image_is_what_the_network_gives_and_not_clipped(model: GpenModel) -> None:
    with torch.inference_mode():
        expected = model.network(faces(2), seed=4)
    restored = model(faces(2), seed=4)
    assert torch.equal(restored, expected)
    assert restored.abs().max() > 1


def test_the_seed_steers_the_noise(model: GpenModel) -> None:
    first = model(faces(2), seed=1)
    assert torch.equal(model(faces(2), seed=1), first)
    assert not torch.equal(model(faces(2), seed=2), first)


def test_the_result_is_an_ordinary_tensor_and_the_input_untouched(model: GpenModel) -> None:
    images = faces(1).requires_grad_()
    before = images.detach().clone()
    restored = model(images)
    assert not restored.requires_grad
    restored.clamp_(-1, 1)  # would raise for a tensor of inference mode
    assert torch.equal(images, before)


@pytest.mark.parametrize(
    "images",
    [
        torch.zeros(3, 64, 64),
        torch.zeros(1, 3, 128, 128),
        torch.zeros(1, 1, 64, 64),
        torch.zeros(1, 64, 64, 3),
        torch.zeros(1, 3, 64, 64, dtype=torch.uint8),
    ],
    ids=lambda t: f"{list(t.shape)} {t.dtype}",
)
def test_other_images_are_refused(model: GpenModel, images: Tensor) -> None:
    with pytest.raises(ValueError, match=r"needs floating-point images \[N, 3, 64, 64\]"):
        model(images)


@pytest.fixture
def card(model: GpenModel, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The processor in place of a card; a list of what fails there."""
    failing: list[str] = []

    def distrust(_: object) -> bool:
        there = "kernels" in failing
        failing.clear()
        return there

    def run(images: Tensor, *, seed: int) -> Tensor:
        if "kernels" in failing:
            raise RuntimeError("PTX was compiled with an unsupported toolchain")
        if "memory" in failing:
            raise torch.OutOfMemoryError("CUDA out of memory")
        if "shapes" in failing:
            raise RuntimeError("shapes do not match")
        return images * seed

    monkeypatch.setattr(torch.cuda, "device", lambda _: nullcontext())
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: failing.clear())
    monkeypatch.setattr(fast, "why_not_fused", lambda *_: "")
    monkeypatch.setattr(fast, "why_not_recorded", lambda *_: "")
    monkeypatch.setattr(fused, "distrust", distrust)
    monkeypatch.setattr(model.network, "forward", run)
    return failing


def test_on_a_card_what_fails_by_the_kernels_is_done_without(
    model: GpenModel, card: list[str]
) -> None:
    assert torch.equal(model._on_card(faces(1), seed=3), faces(1) * 3)
    card.append("kernels")
    assert torch.equal(model._on_card(faces(1), seed=3), faces(1) * 3)
    card.append("shapes")
    with pytest.raises(RuntimeError, match="shapes"):
        model._on_card(faces(1), seed=3)


def test_on_a_card_shortage_is_told_unless_graphs_had_the_memory(
    model: GpenModel, card: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    card.append("memory")
    with pytest.raises(torch.OutOfMemoryError):
        model._on_card(faces(1), seed=3)
    monkeypatch.setitem(model._graphs._kept, (1, torch.float32), None)
    assert torch.equal(model._on_card(faces(1), seed=3), faces(1) * 3)
    assert len(model._graphs) == 0


def overflowing(dtype: torch.dtype) -> GpenModel:
    """A model whose encoder's features are beyond 65504."""
    torch.manual_seed(8)
    network = Gpen(GpenConfig(64, 64, 1, 0.0625, style_dim=32)).eval()
    network.ecd0[0][0].weight.data.mul_(1e5)  # type: ignore[index]
    for name, parameter in network.named_parameters():
        if name.endswith("noise.weight"):
            torch.nn.init.constant_(parameter, 1e-5)
    return GpenModel(
        network.set_precision(dtype).freeze(),
        name="Test",
        device=torch.device("cpu"),
        dtype=dtype,
        sha256=None,
    )


def test_what_float16_cannot_hold_is_computed_in_float32() -> None:
    half, whole = overflowing(torch.float16), overflowing(torch.float32)
    expected = whole(faces(2))
    assert expected.isfinite().all()
    for _ in range(2):
        assert (half(faces(2)) - expected).norm() < 5e-3 * expected.norm()
    assert half.dtype == torch.float32


def test_what_float16_can_hold_stays_in_it(tiny_model: GpenModel) -> None:
    model = load_model(tiny_model.network.state_dict(), device="cpu", dtype="float16")
    for images in (faces(1), torch.ones(1, 3, 64, 64), -torch.ones(1, 3, 64, 64)):
        expected = tiny_model(images)
        assert (model(images) - expected).norm() < 5e-3 * expected.norm()
    assert model.dtype == torch.float16


def test_convolutions_in_full_precision_whatever_the_process_prefers() -> None:
    before = torch.backends.cudnn.conv.fp32_precision
    with fast.full_precision():
        assert torch.backends.cudnn.conv.fp32_precision == "ieee"
    assert torch.backends.cudnn.conv.fp32_precision == before
    assert torch.backends.cudnn.allow_tf32  # what asks by the older name is not disturbed
