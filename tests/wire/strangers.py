"""What anybody might send."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from gpen_engine.errors import GpenError

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(1 << 80), 1 << 80)
    | st.floats()
    | st.text(st.characters(codec=None, exclude_categories=())),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.text(), inner, max_size=8),
    max_leaves=30,
)


def headers(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Headers of which each field is right, or missing, or anything."""
    return st.fixed_dictionaries(
        {}, optional={name: right | json_values for name, right in fields.items()}
    )


def refusal(act: Callable[[], object]) -> str:
    """The code of the error that it ends with; empty when it succeeds."""
    try:
        act()
    except GpenError as error:
        return error.code
    return ""
