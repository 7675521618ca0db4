"""Strengths shot by shot."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpen_engine import GpenError
from gpen_engine.video.shots import of_shots, parse_shot_strengths


def test_a_list_counts_from_the_first_shot() -> None:
    given = parse_shot_strengths("1,0.5,0")
    assert of_shots(given, 5, 0.8) == [1, 0.5, 0, 0.8, 0.8]


def test_a_file_names_shots(tmp_path: Path) -> None:
    file = tmp_path / "shots.txt"
    file.write_text("# the interview\n7 0.5\n\n2 0  # too soft\n")
    assert of_shots(parse_shot_strengths(str(file)), 8, 1) == [1, 0, 1, 1, 1, 1, 0.5, 1]


@pytest.mark.parametrize("text", ["", "half", "1,,2", "1.5", "-1", "missing.txt"])
def test_what_is_wrong_is_said(text: str) -> None:
    with pytest.raises(GpenError) as caught:
        parse_shot_strengths(text)
    assert caught.value.code == "bad_option"


def test_a_shot_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(GpenError, match="shot 4, but 3 were found"):
        of_shots(parse_shot_strengths("1,1,1,1"), 3, 1)
    file = tmp_path / "shots.txt"
    file.write_text("0 0.5\n")
    with pytest.raises(GpenError, match="count from 1"):
        parse_shot_strengths(str(file))
