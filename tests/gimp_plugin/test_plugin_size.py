"""Which model is suggested for the largest face."""

from __future__ import annotations

import pytest
from size import suggestion

from gpen_engine.wire import ModelInfo

OWN = ModelInfo("my-weights", here=True)


def models(*here: int) -> list[ModelInfo]:
    """A default of 256 pixels, and one of each published size; of these some are here."""
    published = [ModelInfo(f"BFR-{n}", n in here, pixels=n) for n in (256, 512, 1024, 2048)]
    return [ModelInfo("Mini", True, pixels=256, default=True), *published, OWN]


@pytest.mark.parametrize(
    ("side", "here", "text"),
    [
        (398.2, (), "about 400 pixels. BFR-512 would fit; it is not installed."),
        (398.2, (512,), "about 400 pixels. BFR-512 fits."),
        (398.2, (512, 1024), "about 400 pixels. BFR-512 fits."),
        (398.2, (1024, 2048), "about 400 pixels. BFR-1024 fits."),
        (700.0, (512,), "about 700 pixels. BFR-1024 would fit; it is not installed."),
        (1280.0, (), "about 1280 pixels. BFR-1024 would fit; it is not installed."),
        (1281.0, (), "about 1280 pixels. BFR-2048 would fit; it is not installed."),
        (4000.0, (), "about 4000 pixels. BFR-2048 would come nearest; it is not installed."),
        (4000.0, (512, 2048), "about 4000 pixels. BFR-2048 comes nearest."),
    ],
)
def test_one_that_is_here_comes_first(side: float, here: tuple[int, ...], text: str) -> None:
    found = suggestion(side, "", models(*here))
    assert found
    assert found.text == f"The largest face takes {text}"


@pytest.mark.parametrize(
    ("side", "chosen"),
    [
        (0.0, ""),
        (320.0, ""),  # a quarter more hardly shows
        (320.0, "bfr-256"),
        (640.0, "BFR-512"),
        (100.0, "BFR-2048"),
        (4000.0, "BFR-2048"),
    ],
)
def test_nothing_is_said_of_a_size_that_fits(side: float, chosen: str) -> None:
    assert suggestion(side, chosen, models(256, 512, 1024, 2048)) is None


@pytest.mark.parametrize("chosen", ["my-weights", "/a/path.pth", "BFR-5"])
def test_nothing_is_said_of_a_model_that_nobody_knows(chosen: str) -> None:
    assert suggestion(4000.0, chosen, models(2048)) is None


def test_nothing_is_said_before_the_models_are_known() -> None:
    assert suggestion(4000.0, "", []) is None
    assert suggestion(4000.0, "", [models()[0], OWN]) is None


def test_a_chosen_model_that_is_too_small() -> None:
    found = suggestion(900.0, "bfr-512", models(256, 512))
    assert found
    assert found.model.name == "BFR-1024"
