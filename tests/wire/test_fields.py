"""Fields of headers that anybody may have written."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strangers import json_values, refusal

from gpen_engine.errors import GpenError
from gpen_engine.wire.fields import boolean, integer, items, number, numbers, optional_text, text

READERS: dict[str, Callable[[Any], Any]] = {
    "integer": lambda v: integer({"x": v}, "x", least=0),
    "number": lambda v: number({"x": v}, "x"),
    "numbers": lambda v: numbers({"x": v}, "x", 4),
    "boolean": lambda v: boolean({"x": v}, "x"),
    "text": lambda v: text({"x": v}, "x", among=("a", "b")),
    "optional": lambda v: optional_text({"x": v}, "x"),
    "items": lambda v: items({"x": v}, "x", dict),
}


@pytest.mark.parametrize(
    ("reader", "good", "bad"),
    [
        ("integer", [0, 5, (1 << 63) - 1], [-1, True, 1.0, "1", None, 1 << 63, [], math.nan]),
        ("number", [0, 1.5, -3, 1 << 80], [True, "1", None, math.nan, math.inf, 10**400, {}]),
        ("numbers", [[1, 2.5, 3, 4]], [[1, 2, 3], "1234", None, [1, 2, 3, "4"], {"a": 1}, 4]),
        ("boolean", [True, False], [0, 1, None, "true"]),
        ("text", ["a", "b"], ["c", "", None, 1, ["a"]]),
        ("optional", ["a", None, ""], [1, ["a"]]),
        ("items", [[], [{}]], [{}, None, [1], "x"]),
    ],
)
def test_what_is_taken(reader: str, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        READERS[reader](value)
    for value in bad:
        with pytest.raises(GpenError) as refused:
            READERS[reader](value)
        assert refused.value.code == "protocol", value
        assert '"x"' in refused.value.sentence


@given(st.sampled_from(sorted(READERS)), json_values)
def test_anything_is_taken_or_refused(reader: str, value: Any) -> None:
    assert refusal(lambda: READERS[reader](value)) in ("", "protocol")


def test_a_missing_field() -> None:
    for read in (integer, number, numbers, boolean, text):
        with pytest.raises(GpenError, match='"x"'):
            read({}, "x")
    assert optional_text({}, "x") is None
