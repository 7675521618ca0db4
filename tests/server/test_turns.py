"""First come, first served."""

from __future__ import annotations

from gpen_engine.server.turns import Turns


def test_who_leaves_lets_the_others_move_up() -> None:
    turns = Turns()
    with turns.line_up() as first:
        assert (len(turns), first.ahead()) == (1, 0)
        with turns.line_up() as second, turns.line_up() as third:
            assert [place.ahead() for place in (first, second, third)] == [0, 1, 2]
        assert len(turns) == 1
        held = turns.line_up()
        held.__enter__()
    with turns.line_up() as last:
        assert last.ahead() == 1
        held.__exit__(None, None, None)
        assert last.ahead() == 0
    assert len(turns) == 0


def test_one_that_fails_leaves_too() -> None:
    turns = Turns()
    try:
        with turns.line_up():
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    assert len(turns) == 0
