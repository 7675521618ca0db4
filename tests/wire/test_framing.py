"""How large the square of a face is, without NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpen_engine.faces.geometry import TEMPLATES, to_crop
from gpen_engine.wire import side_of

landmarks = st.lists(st.floats(-2000, 2000), min_size=10, max_size=10)


@given(landmarks, st.sampled_from(sorted(TEMPLATES)))
def test_it_is_what_the_engine_cuts_out(points: list[float], template: str) -> None:
    source = np.reshape(points, (5, 2))
    if source.std(axis=0).max() < 1:
        return
    scale = to_crop(source, 512, template).scale
    if scale > 1e-3:  # else the points resemble no face at all
        assert side_of(points, template) == pytest.approx(512 / scale, rel=1e-6)


@pytest.mark.parametrize("template", sorted(TEMPLATES))
def test_a_template_fills_its_square(template: str) -> None:
    points = (TEMPLATES[template] * 700 + (30, -20)).ravel().tolist()
    assert side_of(points, template) == pytest.approx(700)


def test_landmarks_that_say_nothing() -> None:
    assert side_of([0.0] * 10, "gpen") == 0.0
