"""Tests of which one half runs inside of GIMP and the other here.

    @in_gimp
    def inverted() -> object:             # runs inside, in GIMP's own Python
        image = open_picture("photo.png")
        ...
        dump(layer, "after")
        return {"name": layer.get_name()}

    def test_inverted(inverted: Result) -> None:   # runs here, once for each GIMP
        assert inverted["name"] == "photo.png"
        assert inverted.pixels("after").shape == (48, 64, 4)

A test asks for the half inside by its name, as for any fixture, and gets a ``Result``. All
``in_gimp`` functions of a file that are asked for run one after the other in one start of GIMP
(each on its own where another one crashed it); each ``on_screen`` function has a session with a
screen of its own, and starts GIMP with ``inside/screen.py``. The two kinds live in separate files.

What the functions inside see: each other (those whose names begin with _ are helpers only),
constants in capital letters, modules of the standard library, and what the file imports under
``if TYPE_CHECKING:``, usually from ``gi.repository``, ``gimp_side``, ``screen`` and ``ask``.
What surrounds a run, such as the engine or files to read, is the fixture ``setting``, which a file
may define anew.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

SAMPLES = {"u8": "u1", "u16": "u2", "u32": "u4", "half": "f2", "float": "f4", "double": "f8"}


class Result:
    """What a half inside returned and left in the work folder."""

    def __init__(self, name: str, work: Path) -> None:
        note = json.loads((work / "results" / f"{name}.json").read_text())
        self.work = work
        self.output = str(note.get("output", ""))
        """What GIMP and its plug-ins printed meanwhile."""
        if note["error"]:
            pytest.fail(f"{note['error']}\n-- printed meanwhile --\n{self.output}", pytrace=False)
        self.value = note["value"]

    def __getitem__(self, key: str) -> Any:
        return self.value[key]

    def pixels(self, name: str) -> NDArray[Any]:
        """The dump of this name: (H, W, channels) in its own sample type."""
        facts = json.loads((self.work / f"{name}.json").read_text())
        model, sample = facts["encoding"].split()
        channels = len(re.sub("['~]", "", model))
        data = np.fromfile(self.work / f"{name}.raw", dtype=SAMPLES[sample])
        return data.reshape(facts["height"], facts["width"], channels)

    def screenshot(self, name: str) -> NDArray[np.uint8]:
        """The screenshot of this name: uint8 RGB (H, W, 3)."""
        found = cv2.imread(str(self.work / "screenshots" / f"{name}.png"))
        assert found is not None, name
        return np.asarray(found[:, :, ::-1], np.uint8)


def in_gimp(function: Callable[[], object]) -> Any:
    """Makes a function one that runs inside of GIMP, and a fixture for its result."""
    name = function.__name__
    if name.startswith("_"):
        return function

    @pytest.fixture(name=name)
    def result(gimp_run: Callable[[str], Result]) -> Result:
        return gimp_run(name)

    return result


def on_screen(function: Callable[[], object]) -> Any:
    """Makes a function one that runs beside a GIMP with windows, and a fixture for its result."""
    name = function.__name__
    if name.startswith("_"):
        return function

    @pytest.fixture(name=name)
    def result(screen_run: Callable[[str], Result]) -> Result:
        return screen_run(name)

    return result


def names_in(file: Path, decorator: str) -> list[str]:
    """The functions of a test file with this decorator, helpers excepted."""
    found = [node for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef)]
    return [
        node.name
        for node in found
        if decorator in [ast.unparse(used) for used in node.decorator_list]
        and not node.name.startswith("_")
    ]
