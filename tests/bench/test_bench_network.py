"""What is measured of the network, what is left out, and what is made of it."""

from __future__ import annotations

import pytest

from gpen_engine.bench import network
from gpen_engine.bench.ceilings import Ceilings
from gpen_engine.bench.contender import Contender, Failed, Task
from gpen_engine.bench.doing import released
from gpen_engine.bench.flops import flops_per_face
from gpen_engine.bench.network import Match, compared, measure_network, plan
from gpen_engine.bench.settings import Report, Settings

RATES = {"float32": 2e11, "bfloat16": 4e11}


@pytest.mark.parametrize(
    ("size", "gflop"), [(256, 17.4), (512, 276.2), (1024, 346.6), (2048, 420.0)]
)
def test_a_face_takes_as_many_operations_as_known(size: int, gflop: float) -> None:
    assert round(flops_per_face(released(size)) / 1e9, 1) == gflop


def test_each_precision_competes_with_its_published_forms() -> None:
    report = Report()
    (match,) = plan(Settings(sizes=(64,), batches=(1,)), {"bfloat16": 4e11}, report)
    assert (match.size, match.batch) == (64, 1)
    assert [(task.form, task.dtype) for task in match.tasks] == [
        ("gpen", "bfloat16"),
        ("published", "bfloat16"),
        ("published", "float32"),
    ]
    assert report.left_out == []


def test_what_takes_too_long_is_left_out_and_said() -> None:
    report = Report()
    settings = Settings(sizes=(512,), batches=(1, 16))
    alone, batch = plan(settings, RATES, report)
    assert len(alone.tasks) == 4
    assert batch.tasks == []
    assert [left["what"] for left in report.left_out] == [
        f"{form} 512, batch 16, {dtype}"
        for form in ("network", "published forms")
        for dtype in RATES
    ]
    # 16 * 276.2 GFLOP at 0.6 * 200 GFLOP/s
    assert report.left_out[0]["why"] == "one call would take about 37 s; the limit is 5 s"


def test_what_does_not_fit_in_memory_is_left_out_and_said(monkeypatch) -> None:
    monkeypatch.setattr(network, "free_bytes", lambda device: 2_000_000_000)
    report = Report()
    (match,) = plan(Settings(sizes=(2048,), batches=(1,)), RATES, report)
    assert [(task.form, task.dtype) for task in match.tasks] == [("gpen", "bfloat16")]
    assert report.left_out[0]["what"] == "network 2048, batch 1, float32"
    assert report.left_out[0]["why"] == "needs about 2.7 GB, of which 2.0 GB are free"


def test_rows_are_compared_with_the_ceiling_and_the_published_forms() -> None:
    def row(form: str, dtype: str, seconds: float, sample: list[float]) -> dict:
        return {
            "form": form,
            "batch": 2,
            "dtype": dtype,
            "seconds": {"median": seconds},
            "ceiling_flops_per_second": 200.0,
            "sample": sample,
        }

    rows = [
        row("gpen", "float16", 0.5, [3.0, 4.05]),
        row("published", "float16", 1.5, [3.0, 4.1]),
        row("published", "float32", 4.0, [3.0, 4.0]),
    ]
    ours, half, full = compared(rows, 50.0)
    assert ours["seconds_per_face"] == 0.25
    assert ours["flops_per_second"] == 100
    assert ours["share_of_ceiling"] == 0.5
    assert ours["ratio_to_published_float32"] == 8
    assert ours["ratio_to_published_same"] == 3
    assert ours["relative_error"] == 0.01
    assert (half["relative_error"], full["relative_error"]) == (0.02, 0)
    assert "ratio_to_published_float32" not in full
    assert "sample" not in ours


def test_without_published_forms_there_is_no_ratio() -> None:
    lone = {
        "form": "gpen",
        "batch": 1,
        "dtype": "float32",
        "seconds": {"median": 2.0},
        "ceiling_flops_per_second": None,
        "sample": [1.0],
    }
    (row,) = compared([lone], 10.0)
    assert row["flops_per_second"] == 5
    assert not {"share_of_ceiling", "ratio_to_published_float32", "relative_error"} & set(row)


@pytest.mark.slow
def test_a_contender_that_cannot_run_says_why() -> None:
    with Contender(Task("gpen", "cpu", "float32", size=48)) as contender, pytest.raises(Failed):
        contender.first()
    vast = Task("copy", "cpu", megabytes=10**9)
    with Contender(vast) as contender, pytest.raises(Failed, match="memory ran out"):
        contender.first()


@pytest.mark.slow
def test_a_contender_that_is_killed_is_left_out() -> None:
    contender = Contender(Task("copy", "cpu", megabytes=1))
    contender.first()
    contender._process.kill()
    with pytest.raises(Failed, match="process was ended"):
        contender.run()
    contender.close()


@pytest.mark.slow
def test_the_network_is_measured_beside_its_ceiling() -> None:
    settings = Settings(sizes=(64,), batches=(1,), repeats=2, precisions=("float32",))
    report = Report()
    with Ceilings(settings, report, lambda _: None) as ceilings:
        matches = plan(settings, ceilings.flops, report)
        assert isinstance(matches[0], Match)
        measure_network(matches, settings, ceilings, report, lambda _: None)
    convolution = report.ceilings[-1]
    assert convolution["operation"] == "convolution"
    assert convolution["flops_per_second"] > 1e9
    assert report.ceilings[0]["bytes_per_second"] > 1e8
    ours, published = report.network
    assert (ours["form"], published["form"]) == ("gpen", "published")
    assert 0 < ours["share_of_ceiling"] < 1.3
    assert ours["relative_error"] < 1e-5
    weights = 4 * 13_000_000
    assert ours["peak_bytes"] > ours["bytes_before"] + weights
    assert ours["seconds"]["least"] <= ours["seconds"]["median"] <= ours["seconds"]["most"]
    assert report.left_out == []
