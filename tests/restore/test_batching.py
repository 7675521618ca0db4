"""Batches, and what happens when memory runs short."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from fake_models import FakeModel, identity
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from gpen_engine import GpenError, GpenModel
from gpen_engine.network import Gpen, GpenConfig
from gpen_engine.pixels import FloatImage
from gpen_engine.restore.batching import (
    MOST,
    batch_size,
    bytes_per_face,
    is_out_of_memory,
    run_batches,
)

SHORT = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: not enough memory"),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes"),
    MemoryError(),
]
kinds_of_shortage = pytest.mark.parametrize(
    "error", SHORT, ids=["CUDA", "CPU", "CPU, old", "Python"]
)


def grey_crops(count: int, size: int = 64) -> list[FloatImage]:
    """Crops that are told apart by their grey: 1/16, 2/16 ..."""
    return [np.full((size, size, 3), (i + 1) / 16, np.float32) for i in range(count)]


def assert_restored(restored: list[FloatImage], crops: list[FloatImage]) -> None:
    """By a model that changes nothing: all of them, in order."""
    assert len(restored) == len(crops)
    for image, crop in zip(restored, crops, strict=True):
        assert image.dtype == np.float32
        np.testing.assert_allclose(image, crop, atol=1e-6)


def failing(error: Exception, beyond: int) -> Callable[[Tensor], Tensor]:
    """Fails for batches of more than ``beyond`` faces."""

    def paint(images: Tensor) -> Tensor:
        if len(images) > beyond:
            raise error
        return images

    return paint


def test_batches_on_the_processor() -> None:
    assert batch_size(FakeModel(identity, 256)) == 4
    assert batch_size(FakeModel(identity, 512)) == 1
    model, crops = FakeModel(identity), grey_crops(10)
    assert_restored(list(run_batches(model, crops)), crops)
    assert model.batches == [4, 4, 2]


def test_faces_are_yielded_as_soon_as_their_batch_is_done() -> None:
    model = FakeModel(identity)
    restored = run_batches(model, grey_crops(10))
    next(restored)
    assert model.batches == [4]


def test_no_faces_are_no_batches() -> None:
    model = FakeModel(identity)
    assert list(run_batches(model, [])) == []
    assert model.batches == []


def test_the_result_is_clipped() -> None:
    (bright,) = run_batches(FakeModel(lambda images: images * 10), grey_crops(1))
    assert bright.min() == 0
    (dark,) = run_batches(FakeModel(lambda images: images * -10), grey_crops(1))
    assert dark.max() == 1


@kinds_of_shortage
def test_the_batch_is_halved_and_all_faces_are_restored(error: Exception) -> None:
    notes: list[str] = []
    model, crops = FakeModel(failing(error, beyond=2)), grey_crops(7)
    assert_restored(list(run_batches(model, crops, note=notes.append)), crops)
    assert model.batches == [4, 2, 2, 2, 1]
    assert notes == ["Memory ran short; the faces were restored 2 at a time."]


def test_shortage_in_the_middle_repeats_no_face() -> None:
    calls = 0

    def paint(images: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise SHORT[0]
        return images

    model, crops = FakeModel(paint), grey_crops(9)
    assert_restored(list(run_batches(model, crops)), crops)
    assert model.batches == [4, 4, 2, 2, 1]


@kinds_of_shortage
def test_the_processor_takes_over_from_the_gpu(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes: list[str] = []

    def paint(images: Tensor) -> Tensor:
        if model.device.type == "cuda":
            raise error
        return images

    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (8 << 30, 16 << 30))
    model, crops = FakeModel(paint, device="cuda:0"), grey_crops(3)
    assert_restored(list(run_batches(model, crops, note=notes.append)), crops)
    assert model.device.type == "cpu"
    assert model.batches == [3, 1, 1, 1, 1]
    assert notes == [
        "Memory ran short; the faces were restored 1 at a time.",
        "The memory of cuda:0 ran out; the processor took over.",
    ]


@kinds_of_shortage
def test_when_nothing_helps_the_error_says_so(error: Exception) -> None:
    model = FakeModel(failing(error, beyond=0))
    with pytest.raises(GpenError) as raised:
        list(run_batches(model, grey_crops(4)))
    assert raised.value.code == "out_of_memory"
    assert raised.value.__cause__ is error
    assert model.batches == [4, 2, 1]


@pytest.mark.parametrize(
    "error", [RuntimeError("shapes do not match"), ValueError("no"), KeyError(1)]
)
def test_other_errors_are_not_swallowed(error: Exception) -> None:
    model = FakeModel(failing(error, beyond=0))
    with pytest.raises(type(error)) as raised:
        list(run_batches(model, grey_crops(4)))
    assert raised.value is error
    assert model.batches == [4]


@kinds_of_shortage
def test_shortage_is_recognised(error: Exception) -> None:
    assert is_out_of_memory(error)


def test_other_errors_are_no_shortage() -> None:
    assert not is_out_of_memory(RuntimeError("CUDA error: device-side assert triggered"))
    assert not is_out_of_memory(KeyboardInterrupt())


@pytest.mark.parametrize(("free", "batch"), [(0, 1), (1 << 30, None), (1 << 42, MOST)])
def test_batches_on_a_gpu_take_half_of_its_free_memory(
    free: int, batch: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = FakeModel(identity, 512, device="cuda:0")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (free, 1 << 43))
    expected = free // 2 // bytes_per_face(model.config, model.dtype)
    assert batch_size(model) == (batch or min(MOST, expected))


def test_what_pytorch_keeps_counts_as_free(monkeypatch: pytest.MonkeyPatch) -> None:
    model = FakeModel(identity, 512, device="cuda:0")
    face = bytes_per_face(model.config, model.dtype)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (2 * face, 1 << 43))
    assert batch_size(model) == 1
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: 5 * face)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: face)
    assert batch_size(model) == 3


class Allocations(TorchDispatchMode):
    """Counts the bytes of the tensors that are made within, as long as they live."""

    def __init__(self) -> None:
        super().__init__()
        self.alive: dict[int, int] = {}
        self.peak = 0

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        made = function(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, tuple | list) else [made]:
            storage = tensor.untyped_storage()
            if storage._cdata not in self.alive:
                self.alive[storage._cdata] = storage.nbytes()
                weakref.finalize(storage, self.alive.pop, storage._cdata)
        self.peak = max(self.peak, sum(self.alive.values()))
        return made


def most_bytes(size: int, dtype: torch.dtype, batch: int) -> int:
    """In use at once by a released model and its work, done the plain way of a graphics card."""
    with torch.device("meta"):
        network = Gpen(GpenConfig(size, size, 2, 1)).set_precision(dtype).freeze()
        images = torch.empty(batch, 3, size, size)
        with torch.inference_mode(), Allocations() as counted:
            network(images)
    return counted.peak + sum(weights.nbytes for weights in network.parameters())


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
@pytest.mark.parametrize("size", [512, 1024, 2048])
def test_a_face_more_takes_no_more_than_expected(size: int, dtype: torch.dtype) -> None:
    more = (most_bytes(size, dtype, 5) - most_bytes(size, dtype, 1)) / 4
    assert more < 1.1 * bytes_per_face(GpenConfig(size, size, 2, 1), dtype)


def test_a_face_of_2048_pixels_fits_cards_of_6_gb() -> None:
    """Beside half a gigabyte for CUDA, and a recorded graph's maps being apart from others."""
    for dtype, bound in ((torch.float16, 1.7e9), (torch.float32, 3.1e9)):
        assert most_bytes(2048, dtype, 1) < bound


def test_bytes_of_a_face_of_the_published_512_model() -> None:
    """Encoder maps of 134 MB (32 channels at 512, doubling as the side halves to 64, then 512),
    and four generator maps of 2 x 32 channels at 512 pixels, in float32."""
    config = GpenConfig(512, 512, 2, 1)
    maps = sum(config.channels(s) * s * s for s in (512, 256, 128, 64, 32, 16, 8, 4))
    assert bytes_per_face(config, torch.float32) == 4 * (maps + 4 * 2 * 64 * 512 * 512)
    assert bytes_per_face(config, torch.float16) * 2 == bytes_per_face(config, torch.float32)


def test_a_batch_gives_what_single_faces_give(tiny_model: GpenModel) -> None:
    random = np.random.default_rng(4)
    crops = [random.random((64, 64, 3), np.float32) for _ in range(5)]
    together = list(run_batches(tiny_model, crops))
    for crop, restored in zip(crops, together, strict=True):
        (alone,) = run_batches(tiny_model, [crop])
        np.testing.assert_allclose(restored, alone, atol=1e-5)
