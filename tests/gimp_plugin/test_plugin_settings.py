from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fake_gi import Config
from hypothesis import given
from hypothesis import strategies as st
from settings import Settings
from tasks import RESTORE

CHOSEN = Settings(
    model=" GPEN-BFR-512 ",
    strength=0.5,
    result="faces",
    threshold=0.7,
    detection_size="1024",
    fallback=True,
    template="ffhq",
    keep_colours=False,
    seed=7,
    guard="skip",
    match_grain=True,
    faces='{"faces": []}',
)


def test_a_config_holds_them_all() -> None:
    config = Config()
    CHOSEN.apply(config)
    assert config.data["keep-colours"] is False
    assert config.data["detection-size"] == "1024"
    assert Settings.of(config, RESTORE) == CHOSEN


def test_a_text_that_gimp_lost_is_the_default() -> None:
    config = Config()
    CHOSEN.apply(config)
    config.set_property("model", None)
    assert Settings.of(config, RESTORE) == replace(CHOSEN, model="")


def test_what_is_remembered_comes_back() -> None:
    assert Settings.remembered(CHOSEN.remember()) == CHOSEN


@given(st.dictionaries(st.sampled_from([*CHOSEN.remember(), "other"]), st.none() | st.text()))
def test_what_makes_no_sense_is_left_out(values: dict[str, Any]) -> None:
    known = Settings.remembered(values)
    assert {type(v) for v in (known.strength, known.threshold)} == {float}
    assert isinstance(known.fallback, bool)
    assert isinstance(known.seed, int)


def test_the_request() -> None:
    request = CHOSEN.request(30, 20, "u16", True)
    assert (request.width, request.height, request.sample, request.selected) == (
        30,
        20,
        "u16",
        True,
    )
    assert request.model == "GPEN-BFR-512"
    assert request.detection_size == 1024
    assert (request.strength, request.threshold, request.seed) == (0.5, 0.7, 7)
    assert (request.template, request.result) == ("ffhq", "faces")
    assert request.fallback
    assert request.guard == "skip"
    assert request.match_grain
    assert not request.keep_colours


@pytest.mark.parametrize(("choice", "size"), [("full", 0), ("640", 640)])
def test_full_size_is_no_limit(choice: str, size: int) -> None:
    assert Settings(detection_size=choice).request(1, 1, "u8", False).detection_size == size
