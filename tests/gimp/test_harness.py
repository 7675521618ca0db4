"""The harness itself: what one half does inside, the other finds here."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sandbox
from console import Gimp, InstalledGimp, Setting, do_without, run_halves
from halves import Result, in_gimp
from roots import RootUnavailable

if TYPE_CHECKING:
    from ask import outside
    from gi.repository import Gimp as GimpApi
    from gi.repository import Gio
    from gimp_side import call, dump, new_image, new_layer, pour

WIDTH, HEIGHT = 7, 5


def noise(channels: int, sample: str) -> np.ndarray:
    random = np.random.default_rng(3)
    values = random.integers(1, 255, (HEIGHT, WIDTH, channels), endpoint=True)
    return values.astype(sample)


@pytest.fixture(scope="module")
def setting() -> Setting:
    return Setting(
        files={"noise.raw": noise(4, "u1").tobytes(), "grey.raw": noise(2, "u1").tobytes()},
        environment={"GPEN_TEST_WORD": "told"},
        calls={"add": lambda first, second: first + second},
    )


@in_gimp
def version() -> object:
    return {"version": GimpApi.version(), "word": os.environ["GPEN_TEST_WORD"]}


def test_gimp_is_the_one_asked_for(version: Result, gimp: Gimp) -> None:
    assert version["version"] == gimp.version
    if gimp.has_screen:
        assert gimp.version.startswith(f"{gimp.name}.")
    assert version["word"] == "told"


@in_gimp
def poured_and_dumped() -> object:
    image = new_image(WIDTH + 20, HEIGHT + 20)
    layer = new_layer(image, "colour", WIDTH, HEIGHT, offsets=(-3, 8))
    pour(layer, "noise", "R'G'B'A u8")
    dump(layer, "as-stored")
    dump(layer, "as-float", "R'G'B'A float")
    return {"offsets": list(layer.get_offsets())[1:]}


def test_pixels_pass_unchanged(poured_and_dumped: Result) -> None:
    assert np.array_equal(poured_and_dumped.pixels("as-stored"), noise(4, "u1"))
    as_float = poured_and_dumped.pixels("as-float")
    assert as_float.dtype == np.float32
    assert np.abs(as_float * 255 - noise(4, "u1")).max() < 1e-4
    assert poured_and_dumped["offsets"] == [-3, 8]


@in_gimp
def grey() -> None:
    image = new_image(WIDTH, HEIGHT, "GRAY")
    layer = new_layer(image, "grey", WIDTH, HEIGHT)
    pour(layer, "grey", "Y'A u8")
    dump(layer, "grey-as-stored")


def test_channels_follow_from_the_encoding(grey: Result) -> None:
    assert np.array_equal(grey.pixels("grey-as-stored"), noise(2, "u1"))


@in_gimp
def wrong_calls() -> object:
    image = new_image(WIDTH, HEIGHT)
    answer = call("gimp-file-load-layer", image=image, file=Gio.File.new_for_path("/no/such.png"))
    taken = {}
    for size in (1, -1):
        try:
            taken[size] = call("gimp-image-scale", image=image, new_width=size, new_height=1).status
        except ValueError as error:
            taken[size] = str(error)
    return {"status": answer.status, "message": answer.message, "taken": taken}


def test_errors_of_procedures_are_told(wrong_calls: Result) -> None:
    assert wrong_calls["status"] == "execution-error"
    assert "/no/such.png" in wrong_calls["message"]
    refused = "gimp-image-scale did not take -1 for new-width"
    assert wrong_calls["taken"] == {"1": "success", "-1": refused}


@in_gimp
def question() -> object:
    return {"sum": outside("add", first=2, second=3)}


def test_half_inside_calls_outside(question: Result) -> None:
    assert question["sum"] == 5


# The file of the last test: a case that fails, one that takes its Python down, and one after it.
ROUGH = """
@in_gimp
def fails() -> object:
    assert 1 == 2, "so it is"

@in_gimp
def crashes() -> object:
    print("still here", flush=True)
    import os
    os.abort()

@in_gimp
def follows() -> object:
    return 4
"""


@pytest.mark.slow
def test_failures_and_crashes_stay_with_their_function(gimp: Gimp, tmp_path: Path) -> None:
    file = tmp_path / "rough.py"
    file.write_text(ROUGH)
    setting = Setting(readable=[tmp_path])
    run_halves(gimp, "in_gimp", file, ["fails", "crashes", "follows"], tmp_path / "run", setting)
    work = tmp_path / "run" / "work"
    with pytest.raises(pytest.fail.Exception, match="so it is"):
        Result("fails", work)
    with pytest.raises(pytest.fail.Exception, match=r"did not finish crashes(.|\n)*still here"):
        Result("crashes", work)
    assert Result("follows", work).value == 4


SLEEPY = """
import time

@on_screen
def sleeps():
    print("begun", flush=True)
    time.sleep(60)
"""


class NoGimp:
    """Runs functions in this Python, to try what the harness makes of them."""

    name, version, has_screen = "none", "0", True

    def new_home(self, home: Path) -> Path:
        home.mkdir()
        return home

    def start(
        self, command: Sequence[str], home: Path, output: Path, setting: Setting
    ) -> sandbox.Finished:
        argv = [sys.executable, *command[-2:]]
        return sandbox.watch(argv, output=output, environment=os.environ, limit=setting.limit)


def test_the_time_limit_is_told(tmp_path: Path) -> None:
    file = tmp_path / "sleepy.py"
    file.write_text(SLEEPY)
    run_halves(NoGimp(), "on_screen", file, ["sleeps"], tmp_path / "run", Setting(limit=2))
    with pytest.raises(pytest.fail.Exception, match=r"sleeps: the time was over(.|\n)*begun"):
        Result("sleeps", tmp_path / "run" / "work")


def test_a_gimp_that_cannot_be_had(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RootUnavailable, match="no gimp-console on this machine's PATH") as caught:
        InstalledGimp()
    monkeypatch.setenv("GPEN_REQUIRE_GIMP", "0")
    with pytest.raises(pytest.skip.Exception, match="no gimp-console"):
        do_without(caught.value)
    monkeypatch.setenv("GPEN_REQUIRE_GIMP", "1")
    with pytest.raises(pytest.fail.Exception, match="no gimp-console"):
        do_without(caught.value)
