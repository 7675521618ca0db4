"""Squares that are drawn around faces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from square import LEAST, Square

ROOM = (400, 300)
rooms = st.tuples(st.integers(8, 500), st.integers(8, 500))
steps = st.integers(-30, 30)
pixels = st.floats(-1000, 1000)


def is_inside(square: Square, room: tuple[int, int]) -> bool:
    """But for rounding."""
    ends = square.x + square.side, square.y + square.side
    return square.x >= 0 <= square.y and all(e <= r + 1e-6 for e, r in zip(ends, room, strict=True))


@given(rooms, pixels, st.lists(st.tuples(steps, steps, steps), max_size=5))
def test_keys_keep_a_square_inside_of_the_picture(
    room: tuple[int, int], side: float, keys: list[tuple[int, int, int]]
) -> None:
    square = Square.in_the_middle(side, room)
    for right, down, larger in keys:
        square = square.moved(right, down, room).resized(larger, room)
        assert is_inside(square, room)
        assert square.side >= LEAST


@given(rooms, st.tuples(st.floats(0, 1), st.floats(0, 1)), st.tuples(pixels, pixels))
def test_a_pointer_draws_from_the_corner_where_it_began(
    room: tuple[int, int], part: tuple[float, float], end: tuple[float, float]
) -> None:
    begun = part[0] * room[0], part[1] * room[1]
    square = Square.drawn(begun, end, room)
    assert is_inside(square, room) or square.side == pytest.approx(0, abs=1e-6)
    for place, start, to in zip(square[:2], begun, end, strict=True):
        assert start == pytest.approx(place if to >= start else place + square.side, abs=1e-6)


def test_the_longer_way_of_the_pointer_counts() -> None:
    assert Square.drawn((100, 100), (140, 90), ROOM) == (100, 60, 40)
    assert Square.drawn((100, 100), (90, 160), ROOM) == (40, 100, 60)


def test_a_pointer_that_leaves_the_picture_draws_no_further_than_its_edge() -> None:
    assert Square.drawn((380, 100), (900, 900), ROOM) == (380, 100, 20)
    assert Square.drawn((50, 30), (-9, -9), ROOM) == (20, 0, 30)


def test_it_begins_in_the_middle() -> None:
    assert Square.in_the_middle(80, ROOM) == (160, 110, 80)
    assert Square.in_the_middle(1, ROOM).side == LEAST
    assert Square.in_the_middle(1000, ROOM) == (50, 0, 300)


def test_keys_move_it_by_a_part_of_its_side() -> None:
    square = Square(160, 110, 80)
    assert square.moved(1, 0, ROOM) == (170, 110, 80)
    assert square.moved(-2, 1, ROOM) == (140, 120, 80)
    assert square.moved(99, -99, ROOM) == (320, 0, 80)


def test_a_small_one_moves_by_whole_pixels() -> None:
    assert Square(100, 100, LEAST).moved(1, 1, ROOM) == (101, 101, LEAST)


def test_it_grows_around_its_middle_and_back_again() -> None:
    square = Square(160, 110, 80)
    larger = square.resized(1, ROOM)
    assert larger == (155, 105, 90)
    assert larger.resized(-1, ROOM) == pytest.approx(square)


def test_at_an_edge_it_grows_away_from_it() -> None:
    assert Square(0, 220, 80).resized(1, ROOM) == (0, 210, 90)
