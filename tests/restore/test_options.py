"""What may be chosen, and what may not."""

from __future__ import annotations

from typing import Any

import pytest

from gpen_engine import GpenError, RestoreOptions


def test_defaults() -> None:
    options = RestoreOptions()
    assert (options.strength, options.template, options.threshold) == (1, "gpen", 0.9)
    assert options.keep_colours
    assert options.region is None
    assert options.detection_size == 0
    assert not options.aligned
    assert (options.guard, options.guard_similarity) == ("warn", 0.8)


@pytest.mark.parametrize(
    "options",
    [
        {"strength": 0.0, "threshold": 0.0},
        {"strength": 1, "threshold": 1},
        {"detection_size": 64},
        {"template": "ffhq", "region": (-5, -5, 1, 1)},
    ],
    ids=str,
)
def test_values_in_range(options: dict[str, Any]) -> None:
    made = RestoreOptions(**options)
    assert {name: getattr(made, name) for name in options} == options


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"strength": -0.01}, "strength"),
        ({"strength": 1.01}, "strength"),
        ({"strength": float("nan")}, "strength"),
        ({"threshold": 2}, "threshold"),
        ({"detection_size": 63}, "detection size"),
        ({"detection_size": -1}, "detection size"),
        ({"template": "arcface"}, "arcface"),
        ({"guard": "dog"}, "dog"),
        ({"guard_similarity": 1.1}, "guard's similarity"),
        ({"region": (5, 0, 5, 9)}, "region"),
        ({"region": (0, 9, 5, 0)}, "region"),
        ({"aligned": True, "region": (0, 0, 5, 9)}, "aligned"),
    ],
    ids=str,
)
def test_values_out_of_range(options: dict[str, Any], word: str) -> None:
    with pytest.raises(GpenError) as error:
        RestoreOptions(**options)
    assert error.value.code == "bad_option"
    assert word in error.value.sentence
