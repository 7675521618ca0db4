"""Numbers as people read them."""

from __future__ import annotations

import pytest

from gpen_engine.bench.tables import seconds, table
from gpen_engine.bench.timings import rounded, spread


@pytest.mark.parametrize(
    ("value", "shown"),
    [(123.4, "123"), (12.34, "12.3"), (1.234, "1.23"), (0.01234, "0.0123"), (0.0001, "0.000100")],
)
def test_seconds_have_three_digits(value: float, shown: str) -> None:
    assert seconds(value) == shown


def test_columns_stand_under_each_other() -> None:
    assert table(["name", "s"], [["a", "1.5"], ["longer", "-"]]).splitlines() == [
        "| name   |   s |",
        "| ------ | --: |",
        "| a      | 1.5 |",
        "| longer |   - |",
    ]


def test_a_spread_tells_middle_and_ends() -> None:
    assert spread([3.0, 1.0, 2.00004]) == {"median": 2.0, "least": 1.0, "most": 3.0, "runs": 3}
    assert rounded(123456.0) == 123500
