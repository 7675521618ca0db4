"""The spellings of ``args``."""

from __future__ import annotations

import argparse

import pytest

from gpen_engine.checkpoints.arguments import Arguments, parse_arguments
from gpen_engine.errors import GpenError

ALL = Arguments(512, 2048, "GPEN-BFR-v2.0-2048")


@pytest.mark.parametrize(
    "raw",
    [
        {"in_size": 512, "out_size": 2048, "version": ALL.version},
        {"input_resolution": "512", "output_resolution": "2048", "version": ALL.version},
        argparse.Namespace(input_size=512, size=2048, model_version=ALL.version),
        {"in_res": (512, 512), "resolution": [2048, 2048], "name": ALL.version},
        {"in_size": 512, "out_size": 2048, "size": 9, "version": ALL.version, "lr": 0.1},
        {"in_size": None, "input_size": 512, "output_size": 2048, "version": ALL.version},
    ],
)
def test_spellings(raw: object) -> None:
    assert parse_arguments(raw) == ALL


def test_what_is_not_said_is_none() -> None:
    assert parse_arguments(None) == parse_arguments({}) == Arguments(None, None, None)


@pytest.mark.parametrize(
    "raw",
    [
        [512, 512],
        "512",
        {"in_size": "large"},
        {"in_size": 512.5},
        {"in_size": True},
        {"out_size": (512, 256)},
        {"out_size": "9" * 5000},
    ],
)
def test_nonsense_is_refused(raw: object) -> None:
    with pytest.raises(GpenError) as caught:
        parse_arguments(raw)
    assert caught.value.code == "bad_checkpoint"
    assert caught.value.hint
