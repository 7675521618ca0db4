"""Continuing known values into a hole."""

from __future__ import annotations

import numpy as np

from gpen_engine.tasks.membrane import continued


def test_known_values_stay_and_a_constant_is_continued() -> None:
    values = np.random.default_rng(0).random((37, 50, 3), np.float32)
    known = np.ones((37, 50), bool)
    known[10:30, 5:45] = False
    assert np.array_equal(continued(values, known)[known], values[known])
    constant = np.full((37, 50, 2), 0.25, np.float32)
    assert np.allclose(continued(constant, known), 0.25)


def test_a_hole_is_filled_smoothly_between_its_edges() -> None:
    ramp = np.broadcast_to(np.linspace(0, 1, 64, dtype=np.float32)[None, :, None], (64, 64, 1))
    known = np.ones((64, 64), bool)
    known[:, 16:48] = False
    filled = continued(ramp.copy(), known)
    assert np.abs(filled - ramp).max() < 0.15
    assert np.abs(np.diff(filled, axis=1)).max() < 0.1


def test_extremes() -> None:
    values = np.ones((5, 1, 3), np.float32)
    assert np.array_equal(continued(values, np.ones((5, 1), bool)), values)
    assert not continued(values, np.zeros((5, 1), bool)).any()
    one = np.zeros((5, 1), bool)
    one[3] = True
    assert np.array_equal(continued(values, one), values)
