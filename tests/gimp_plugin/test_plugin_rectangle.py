from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rectangle import LEAST_MARGIN, Rectangle, surroundings


@st.composite
def selections(draw: st.DrawFn) -> tuple[Rectangle, int, int]:
    width, height = draw(st.integers(1, 50_000)), draw(st.integers(1, 50_000))
    x0, x1 = sorted((draw(st.integers(0, width - 1)), draw(st.integers(0, width - 1))))
    y0, y1 = sorted((draw(st.integers(0, height - 1)), draw(st.integers(0, height - 1))))
    return Rectangle(x0, y0, x1 - x0 + 1, y1 - y0 + 1), width, height


@given(selections())
def test_what_is_sent_holds_the_selection_and_lies_in_the_layer(
    case: tuple[Rectangle, int, int],
) -> None:
    selected, width, height = case
    sent = surroundings(selected, width, height)
    assert 0 <= sent.x <= selected.x
    assert 0 <= sent.y <= selected.y
    assert selected.x + selected.width <= sent.x + sent.width <= width
    assert selected.y + selected.height <= sent.y + sent.height <= height


@given(selections())
def test_each_side_has_its_margin_or_ends_with_the_layer(case: tuple[Rectangle, int, int]) -> None:
    selected, width, height = case
    sent = surroundings(selected, width, height)
    margin = max(LEAST_MARGIN, 2 * selected.width, 2 * selected.height)
    assert sent.x in (0, selected.x - margin)
    assert sent.y in (0, selected.y - margin)
    assert sent.x + sent.width in (width, selected.x + selected.width + margin)
    assert sent.y + sent.height in (height, selected.y + selected.height + margin)


def test_a_tiny_selection_in_a_large_layer() -> None:
    sent = surroundings(Rectangle(5000, 3000, 1, 1), 10_000, 4000)
    assert sent == Rectangle(5000 - 1024, 3000 - 1024, 2049, 1024 + 1000)


def test_a_large_selection_takes_twice_its_longer_side() -> None:
    sent = surroundings(Rectangle(5000, 5000, 600, 400), 20_000, 20_000)
    assert sent == Rectangle(3800, 3800, 3000, 2800)
