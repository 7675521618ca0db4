from __future__ import annotations

import struct

import pytest
from coverage_runs import covered_runs
from hypothesis import given
from hypothesis import strategies as st

FORMS = {1: "B", 2: "H", 4: "f"}


def reference(samples: list[float], width: int) -> list[tuple[int, int, int]]:
    runs = []
    for y in range(len(samples) // width):
        row = [*samples[y * width : (y + 1) * width], 0]
        start = None
        for x, value in enumerate(row):
            if value and start is None:
                start = x
            if not value and start is not None:
                runs.append((y, start, x))
                start = None
    return runs


@given(
    st.sampled_from([1, 2, 4]),
    st.integers(1, 9),
    st.lists(st.sampled_from([0, 0, 0, 1, 200, 255]), max_size=90),
)
def test_runs_are_those_of_a_plain_loop(size: int, width: int, values: list[int]) -> None:
    samples = [float(v) for v in values[: len(values) // width * width]]
    scale = {1: 1, 2: 256, 4: 1 / 255}[size]  # 256: the low byte is 0
    scaled = [v * scale if size == 4 else int(v * scale) for v in samples]
    plane = struct.pack(f"={len(scaled)}{FORMS[size]}", *scaled)
    assert list(covered_runs(plane, width, size)) == reference(samples, width)


@pytest.mark.parametrize("value", [1e-38, 1e-6, 0.5, 1.0])
def test_the_smallest_coverage_counts(value: float) -> None:
    plane = struct.pack("=4f", 0, value, 0, 0)
    assert list(covered_runs(plane, 4, 4)) == [(0, 1, 2)]


def test_a_bytearray_does_as_well() -> None:
    assert list(covered_runs(bytearray(b"\0\1\1\0\1\0"), 3, 1)) == [(0, 1, 3), (1, 1, 2)]
