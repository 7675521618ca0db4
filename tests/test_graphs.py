"""When work is recorded, replayed and forgotten; on a card, that a replay gives the same."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gpen_engine import GpenModel, load_model
from gpen_engine.fast import FURTHEST
from gpen_engine.graphs import MOST, Graph, Graphs
from gpen_engine.network import Gpen, GpenConfig


class Deeds(list[str]):
    """What was done, in order; and a network that doubles its images."""

    def network(self, images: Tensor) -> Tensor:
        self.append(f"plain {len(images)}")
        return images * 2

    def recorded(self, images: Tensor) -> Graph:
        self.append(f"record {len(images)}")
        result = torch.empty_like(images)
        deeds = self

        class Replaying:
            def replay(self) -> None:
                deeds.append(f"replay {len(images)}")
                torch.mul(images, 2, out=result)

        return Graph(Replaying(), images, result)  # type: ignore[arg-type]


@pytest.fixture
def deeds() -> Deeds:
    return Deeds()


@pytest.fixture
def graphs(deeds: Deeds, monkeypatch: pytest.MonkeyPatch) -> Graphs:
    """On a card that records."""
    graphs = Graphs(deeds.network)
    monkeypatch.setattr(graphs, "_recorded", deeds.recorded)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (50, 100))
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: "the stream")
    monkeypatch.setattr(torch.cuda, "set_stream", lambda stream: deeds.append(f"on {stream}"))
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    return graphs


def call(graphs: Graphs, *counts: int, dtype: torch.dtype = torch.float32) -> None:
    for count in counts:
        images = torch.rand(count, 3, 2, 2).to(dtype)
        assert torch.equal(graphs(images), images * 2)


def test_what_comes_again_is_recorded_and_then_replayed(graphs: Graphs, deeds: Deeds) -> None:
    call(graphs, 1, 4, 1, 1)
    assert deeds == ["plain 1", "plain 4", "record 1", "replay 1", "replay 1"]
    assert len(graphs) == 1


def test_images_of_another_precision_are_another_recording(graphs: Graphs, deeds: Deeds) -> None:
    call(graphs, 1, 1)
    call(graphs, 1, dtype=torch.float16)
    assert deeds[-1] == "plain 1"


def test_the_least_recently_used_is_forgotten(graphs: Graphs, deeds: Deeds) -> None:
    counts = range(1, MOST + 2)
    call(graphs, *counts, *counts[:-1], 1, *counts[-1:])
    assert len(graphs) == MOST
    deeds.clear()
    call(graphs, 1, 2)
    assert deeds == ["replay 1", "record 2", "replay 2"]


def test_what_cannot_be_recorded_is_done_plainly_for_good(
    graphs: Graphs, deeds: Deeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Tensor) -> Graph:
        raise RuntimeError("CUDA error: operation not permitted when stream is capturing")

    monkeypatch.setattr(graphs, "_recorded", fail)
    call(graphs, 1, 1, 1)
    assert deeds == ["plain 1", "on the stream", "plain 1", "plain 1"]
    assert graphs.why_not == "CUDA error: operation not permitted when stream is capturing"


def test_nothing_is_kept_when_memory_is_short(
    graphs: Graphs, deeds: Deeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (10, 100))
    call(graphs, 1, 1, 1)
    assert deeds == ["plain 1", "record 1", "plain 1", "plain 1"]
    assert len(graphs) == 0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no graphics card is here")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_a_replay_on_this_card(dtype: torch.dtype) -> None:
    torch.manual_seed(1)
    state = Gpen(GpenConfig(256, 256, 1, 0.25)).state_dict()
    model: GpenModel = load_model(state, device="cuda", dtype=dtype)
    first, second = torch.rand(2, 2, 3, 256, 256) * 2 - 1
    plain, *replayed = (model(first) for _ in range(3))
    assert len(model._graphs) == 1
    close = FURTHEST[dtype]
    for again in replayed:
        assert (again - plain).norm() <= close * plain.norm()
    expected = load_model(state, device="cpu")(second)
    distance = (model(second) - expected).norm() / expected.norm()
    assert distance < (1e-4 if dtype == torch.float32 else 2e-2)
