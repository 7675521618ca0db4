"""``gpen bench``: what it prints, what its JSON has, and what it refuses."""

from __future__ import annotations

import json

import pytest

MACHINE = {"processor", "cores", "memory_bytes", "busy", "torch", "threads", "device", "gpu"}
NETWORK = {"size", "batch", "dtype", "seconds", "seconds_per_face", "peak_bytes", "flops"} | {
    "flops_per_second",
    "ceiling_flops_per_second",
    "share_of_ceiling",
    "relative_error",
}


@pytest.mark.slow
def test_a_quick_run(gpen, tmp_path, model_file) -> None:
    path = tmp_path / "bench.json"
    result = gpen("bench", "--quick", "--json", path, "--device", "cpu", "--model", model_file)
    assert result.exit_code == 0, result.output
    found = json.loads(path.read_text())
    assert set(found["machine"]) >= MACHINE
    for row in found["network"]:
        assert set(row) >= NETWORK
        assert row["size"] == 256
        assert 0 < row["share_of_ceiling"] < 1.3
    forms = {(row["form"], row["dtype"]) for row in found["network"]}
    assert forms >= {("gpen", "float32"), ("published", "float32")}
    ours = found["network"][0]
    assert ours["relative_error"] < 1e-5
    assert ours["ratio_to_published_float32"] > 0
    assert all(ceiling["seconds"]["least"] > 0 for ceiling in found["ceilings"])
    assert [(row["megapixels"], row["found"]) for row in found["stages"]] == [(2, 1), (2, 8)]
    steps = ["help", "answer", "ready", "first_call", "second_call"]
    assert list(found["start"]) == steps
    assert found["settings"]["repeats"] == 3
    assert found["took_seconds"] > 0
    for heading in ("## The network", "## A whole restoration", "## Starting"):
        assert heading in result.stdout
    assert "This takes about" in result.stderr


@pytest.mark.slow
def test_json_alone_on_stdout(gpen) -> None:
    result = gpen("bench", "--only", "start", "--quick", "--json", "-", "--quiet")
    found = json.loads(result.stdout)
    assert found["network"] == found["stages"] == found["left_out"] == []
    assert found["start"]["ready"]["runs"] == 1
    assert result.stderr == ""


@pytest.mark.parametrize(
    "words",
    [
        ("--only", "disk"),
        ("--sizes", "300"),
        ("--sizes", "big"),
        ("--batches", "0"),
        ("--batches", "one"),
        ("--precisions", "float64"),
        ("--device", "abacus"),
    ],
)
def test_what_there_is_not_is_said(gpen, words) -> None:
    result = gpen("bench", *words)
    assert result.exit_code == 1
    assert words[1] in result.stderr


@pytest.mark.slow
def test_too_much_is_left_out_and_said(gpen) -> None:
    result = gpen("bench", "--only", "network", "--sizes", 64, "--batches", 1, "--longest", 0)
    assert result.exit_code == 0, result.output
    assert "## Left out" in result.stdout
    assert "network 64, batch 1, float32: one call would take" in result.stdout
    assert "## The network" not in result.stdout


def test_films_take_no_options_of_others(gpen, tmp_path) -> None:
    for words in (("--sizes", "256"), ("--faces", "3"), ("--quality", tmp_path)):
        result = gpen("bench", "--video", tmp_path, *words)
        assert result.exit_code == 1
        assert "does not go with --video" in result.stderr
    result = gpen("bench", "--video", tmp_path, "--device", "cpu", "--quiet")
    assert result.exit_code == 1
    assert "No pictures were found" in result.stderr
