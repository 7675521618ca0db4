"""What the plug-in makes: one layer, a layer for each face, a merged copy; fully or in part."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from console import Setting
from engine_outside import EngineOutside
from halves import Result, in_gimp
from numpy.typing import NDArray
from outcome import Expected, Outcome

from gpen_engine import sample
from gpen_engine.quality.measures import ssim

if TYPE_CHECKING:
    from restoring import fresh, restore

RESULTS = ("layer", "faces", "merged")
STRENGTHS = (1.0, 0.5)
# A corner of the group photograph: five faces, of which two pairs touch.
GROUP = (20, 290, 40, 300)


@pytest.fixture(scope="module")
def setting(
    running_engine: EngineOutside, photo: Callable[[str], NDArray[Any]], shared: Path
) -> Setting:
    top, bottom, left, right = GROUP
    group = photo("old_group_solvay_1927.jpg")[top:bottom, left:right]
    files = {"group.png": png(group), "portrait.png": png(sample.damaged(sample.portrait()))}
    files["touching.png"] = png(touching(photo("modern_colour_flags.jpg")))
    files["whole.jpg"] = (shared / "photos" / "old_group_solvay_1927.jpg").read_bytes()
    return running_engine.setting(files=files)


def png(rgb: NDArray[Any]) -> bytes:
    done, data = cv2.imencode(".png", rgb[:, :, ::-1])
    assert done
    return data.tobytes()


def touching(portrait: NDArray[Any]) -> NDArray[Any]:
    """The same man twice, cheek by cheek."""
    return np.concatenate([portrait[:, :152], portrait[:, 95:]], axis=1)


@in_gimp
def group() -> object:
    told = {}
    for result in RESULTS:
        for strength in STRENGTHS:
            source = fresh("group.png")
            name = f"{result}-{strength}"
            told[name] = restore(source, result=result, strength=strength)
    return told


def check_five_faces(outcome: Outcome, strength: float) -> Expected:
    outcome.check_added()
    expected = outcome.expected(strength=strength)
    assert expected.faces == len(outcome.parasite["faces"]) == 5
    outcome.check_seen(expected)
    return expected


@pytest.mark.parametrize("strength", STRENGTHS)
def test_one_layer(group: Result, strength: float) -> None:
    outcome = Outcome(group, f"layer-{strength}")
    outcome.check_layer(check_five_faces(outcome, strength))
    new = outcome.new
    assert new["name"] == "Restored faces (GPEN-Mini-256)"
    assert (new["opacity"], new["mode"], new["has alpha"]) == (100 * strength, "normal", True)
    applied, edited, shown = new["mask"][1:]
    assert (applied, edited, shown) == (True, False, False)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_a_layer_for_each_face(group: Result, strength: float) -> None:
    outcome = Outcome(group, f"faces-{strength}")
    check_five_faces(outcome, strength)
    new, faces = outcome.new, outcome.faces
    assert (new["kind"], new["name"]) == ("GroupLayer", "Restored faces (GPEN-Mini-256)")
    assert (new["opacity"], new["mask"]) == (100 * strength, None)
    assert [face["name"] for face in faces] == [f"Face {number}" for number in range(1, 6)]
    width, height = outcome.source["size"]
    for face, found in zip(faces, outcome.parasite["faces"], strict=True):
        assert face["opacity"] == 100
        assert face["mask"][1:] == [True, False, False]
        (left, top), (across, down) = face["offsets"], face["size"]
        x0, y0, x1, y1 = found["box"]
        assert 0 <= left < x0
        assert 0 <= top < y0
        assert x1 < left + across <= width
        assert y1 < top + down <= height


@pytest.mark.parametrize("strength", STRENGTHS)
def test_merged_copy(group: Result, strength: float) -> None:
    outcome = Outcome(group, f"merged-{strength}")
    outcome.check_merged(check_five_faces(outcome, strength))
    new = outcome.new
    assert new["name"] == f"{outcome.source['name']} with restored faces (GPEN-Mini-256)"
    assert (new["opacity"], new["mode"], new["mask"]) == (100, "normal", None)
    assert new["has alpha"] == outcome.source["has alpha"] is False


@in_gimp
def cheek_by_cheek() -> object:
    told = {}
    for result in RESULTS:
        source = fresh("touching.png")
        told[result] = restore(source, result=result, strength=0.5)
    return told


@pytest.mark.parametrize("kind", RESULTS)
def test_faces_that_overlap(cheek_by_cheek: Result, kind: str) -> None:
    outcome = Outcome(cheek_by_cheek, kind)
    outcome.check_added()
    expected = outcome.expected(strength=0.5)
    assert expected.faces == 2
    outcome.check_seen(expected)


@in_gimp
def portrait() -> object:
    source = fresh("portrait.png")
    return {"restored": restore(source)}


def test_portrait_that_comes_along(portrait: Result) -> None:
    """The restoration itself is right: the face is more like the truth than it was, and what is
    invented in it costs no distance."""
    outcome = Outcome(portrait, "restored")
    outcome.check_added()
    outcome.check_layer(outcome.expected())
    truth = sample.portrait() / np.float32(255)
    face = outcome.pixels("mask")[:, :, 0] > 0.5
    assert face.sum() > 5000
    rows, columns = np.flatnonzero(face.any(axis=1)), np.flatnonzero(face.any(axis=0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    before, after = (outcome.pixels(f"seen-{when}")[:, :, :3] for when in ("before", "after"))
    alike = [ssim(seen[box], truth[box]) for seen in (before, after)]
    assert alike[1] > alike[0] + 0.005
    errors = [np.square(seen[face] - truth[face]).mean() for seen in (before, after)]
    assert errors[1] < 1.05 * errors[0]


@in_gimp
def whole_group() -> object:
    told = {}
    for result in RESULTS:
        source = fresh("whole.jpg")
        told[result] = restore(source, result=result)
    return told


@pytest.mark.slow
def test_a_photograph_with_29_faces(whole_group: Result) -> None:
    for kind in RESULTS:
        outcome = Outcome(whole_group, kind)
        outcome.check_added()
        expected = outcome.expected()
        assert expected.faces == len(outcome.parasite["faces"]) == 29
        outcome.check_seen(expected)
    assert len(Outcome(whole_group, "faces").faces) == 29
