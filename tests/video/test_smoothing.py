"""Smoothing: no lag, less jitter, bridged gaps, and fades."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gpen_engine.video.smoothing import FADE, SIGMA, fades, shots_of, smoothed, steady
from gpen_engine.video.tracking import Track

RATE = 24
motion = st.floats(-50, 50)


@given(motion, motion, motion, st.integers(3, 40), st.sets(st.integers(0, 39)))
def test_motion_of_constant_acceleration_comes_out_exactly(
    start: float, speed: float, acceleration: float, length: int, missing: set[int]
) -> None:
    def place(times: NDArray[np.float64]) -> NDArray[np.float64]:
        return (start + speed * times + acceleration * times**2)[:, None]

    times = np.arange(length) / RATE
    seen = np.array([t for i, t in enumerate(times) if i not in missing or i in (0, length - 1)])
    if len(seen) < 3:
        seen = times
    assert smoothed(seen, place(seen), times, SIGMA) == pytest.approx(place(times), abs=1e-5)


@given(st.lists(st.floats(0.005, 0.1), min_size=4, max_size=30), motion)
def test_uneven_times_do_not_bend_a_line(steps: list[float], speed: float) -> None:
    times = np.cumsum(steps)
    values = 3 + speed * times[:, None]
    assert smoothed(times, values, times, SIGMA) == pytest.approx(values, abs=1e-5)


@given(st.integers(0, 2**32 - 1))
def test_jitter_becomes_less(seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0, 1, (120, 4))
    times = np.arange(120) / RATE
    steadied = smoothed(times, noise, times, SIGMA)
    assert steadied.std() < 0.5 * noise.std()
    assert np.diff(steadied, axis=0).std() < 0.2 * np.diff(noise, axis=0).std()


def test_it_does_not_lag() -> None:
    # Turned around in time it is the same, and a symmetric bump stays in its place.
    times = np.arange(61) / RATE
    values = np.exp(-((times - times[30]) ** 2) / 0.02)[:, None]
    steadied = smoothed(times, values, times, SIGMA)
    assert steadied == pytest.approx(steadied[::-1], abs=1e-9)
    assert steadied.argmax() == 30
    rng = np.random.default_rng(3)
    walk = rng.normal(0, 1, (50, 2)).cumsum(axis=0)
    there = smoothed(times[:50], walk, times[:50], SIGMA)
    back = smoothed(times[:50], walk[::-1], times[:50], SIGMA)[::-1]
    assert there == pytest.approx(back, abs=1e-9)


def test_a_nod_is_kept() -> None:
    times = np.arange(100) / RATE
    nod = np.sin(2 * np.pi * times)[:, None]
    middle = slice(20, 80)
    error = np.abs(smoothed(times, nod, times, SIGMA) - nod)[middle].max()
    assert error < 0.1


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_sightings_are_enough(count: int) -> None:
    times = np.arange(count) / RATE
    values = np.array([[5.0, 7.0]] * count)
    assert smoothed(times, values, times, SIGMA) == pytest.approx(values)


def track(frames: list[int], speed: float = 2.0, colours: Sequence[float] = (1.0,)) -> Track:
    each = zip(frames, itertools.cycle(colours), strict=False)
    rows = [
        np.array([*(speed * f + k for k in range(14)), 0.9, colour], np.float32)
        for f, colour in each
    ]
    return Track(frames, rows)


def test_a_gap_is_bridged() -> None:
    times = np.arange(40) / RATE
    found = steady(track([10, 11, 12, 13, 17, 18, 19, 20]), 3, times, (0, 40))
    assert (found.number, found.first, found.last, found.bridged) == (3, 10, 20, 3)
    for frame in range(10, 21):
        assert found.face(frame).box[0] == pytest.approx(2 * frame, abs=1e-3)
    assert found.face(15).landmarks.shape == (5, 2)


@pytest.mark.parametrize(
    ("colours", "toned"), [([0.9, 0.9, 1.2], True), ([0.9, 1.1, 1.2], False), ([0.0], True)]
)
def test_most_frames_say_whether_it_is_sepia(colours: list[float], toned: bool) -> None:
    times = np.arange(40) / RATE
    assert steady(track(list(range(30)), colours=colours), 0, times, (0, 40)).toned is toned


def test_strength_fades_at_the_ends_of_a_track() -> None:
    times = np.arange(100) / RATE
    strengths = fades(times, 20, 60, (0, 100))
    assert len(strengths) == 41
    assert strengths == pytest.approx(strengths[::-1])
    assert 0 < strengths[0] < 0.2
    ramp = round(FADE * RATE)
    assert np.all(np.diff(strengths[: ramp + 1]) > 0)
    assert strengths[ramp + 1 : -ramp - 1] == pytest.approx(1)
    assert np.abs(np.diff(strengths)).max() < 0.3


def test_at_a_cut_nothing_fades() -> None:
    times = np.arange(100) / RATE
    assert fades(times, 20, 60, (20, 61)) == pytest.approx(1)
    assert fades(times, 20, 60, (20, 100))[0] == pytest.approx(1)
    assert fades(times, 20, 60, (0, 61))[-1] == pytest.approx(1)
    assert fades(np.zeros(1), 0, 0, (0, 1)) == pytest.approx(1)


def test_shots() -> None:
    assert shots_of(10, [4, 7]) == [(0, 4), (4, 7), (7, 10)]
    assert shots_of(3, []) == [(0, 3)]
