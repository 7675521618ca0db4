"""The argument that names the faces, as the dialog fills it, from a script."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from console import Setting
from engine_outside import EngineOutside
from halves import Result, in_gimp
from numpy.typing import NDArray
from outcome import Outcome

from gpen_engine.faces import Detector, Face
from gpen_engine.pixels import Pixels

if TYPE_CHECKING:
    from gi.repository import Gimp
    from gimp_side import WORK
    from restoring import fresh, restore

RESULTS = ("layer", "faces", "merged")
STRENGTHS = (1.0, 0.5, 0.75)
# A corner of the group photograph: five faces, of which two pairs touch.
GROUP = (20, 290, 40, 300)


@cache
def chosen(photo: Callable[[str], NDArray[Any]]) -> tuple[NDArray[Any], tuple[Face, ...]]:
    """The picture and three of its faces, at strengths of their own."""
    top, bottom, left, right = GROUP
    group = np.ascontiguousarray(photo("old_group_solvay_1927.jpg")[top:bottom, left:right])
    faces = Detector().detect(Pixels(group))
    some = (replace(faces[n], strength=s) for n, s in zip((0, 1, 3), STRENGTHS, strict=True))
    return group, tuple(some)


@pytest.fixture(scope="module")
def setting(running_engine: EngineOutside, photo: Callable[[str], NDArray[Any]]) -> Setting:
    group, faces = chosen(photo)
    told = [
        {
            "box": face.box,
            "landmarks": face.landmarks.ravel().tolist(),
            "strength": face.strength,
        }
        for face in faces
    ]
    files = {
        "group.png": cv2.imencode(".png", group[:, :, ::-1])[1].tobytes(),
        "faces.json": json.dumps({"faces": told}).encode(),
    }
    return running_engine.setting(files=files)


@in_gimp
def by_script() -> object:
    faces = (WORK / "faces.json").read_text()
    return {kind: restore(fresh("group.png"), result=kind, faces=faces) for kind in RESULTS}


@in_gimp
def of_a_layer() -> object:
    """What the dialog leaves there names the layer, too."""
    source, other = fresh("group.png"), fresh("group.png")
    image = source.get_image()
    of = [Gimp.getpid(), image.get_id(), source.get_tattoo()]
    faces = json.dumps({"of": of, **json.loads((WORK / "faces.json").read_text())})
    return {
        "same": restore(source, faces=faces),
        "other": restore(other, faces=faces),
        "wrong": restore(fresh("group.png"), faces="these"),
    }


@pytest.mark.parametrize("kind", RESULTS)
def test_chosen_faces_only(
    by_script: Result, photo: Callable[[str], NDArray[Any]], kind: str
) -> None:
    outcome = Outcome(by_script, kind)
    outcome.check_added()
    _, faces = chosen(photo)
    outcome.check_seen(outcome.expected(faces=faces))
    assert len(outcome.parasite["faces"]) == 3
    if kind == "faces":
        assert [layer["opacity"] for layer in outcome.faces] == [100 * s for s in STRENGTHS]


def test_repeated_on_the_same_layer_and_on_another(
    of_a_layer: Result, photo: Callable[[str], NDArray[Any]]
) -> None:
    _, faces = chosen(photo)
    same, other = Outcome(of_a_layer, "same"), Outcome(of_a_layer, "other")
    same.check_layer(same.expected(faces=faces))
    other.check_layer(other.expected())
    assert len(other.parasite["faces"]) == 5


def test_what_is_not_understood(of_a_layer: Result) -> None:
    Outcome(of_a_layer, "wrong").check_refused(
        'The argument "faces" is not understood. Leave it empty, or take it from a layer that was'
        " restored."
    )
