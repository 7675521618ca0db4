"""Faces of a changed picture, found in the picture as it was."""

from __future__ import annotations

import numpy as np

from gpen_engine.faces import Detector
from gpen_engine.pixels import Pixels
from gpen_engine.sample import portrait
from gpen_engine.tasks.elsewhere import Elsewhere


def test_one_picture_stands_for_another_and_for_no_third(detector: Detector) -> None:
    face = np.ascontiguousarray(portrait()[:200, 114:334])
    blank = np.zeros((400, 440, 3), np.uint8)
    finder = Elsewhere(detector, Pixels(face), blank, scale=2)
    (found,) = finder.detect(Pixels(blank))
    (here,) = detector.detect(Pixels(face))
    assert np.allclose(found.box, 2 * np.array(here.box) + 0.5)
    assert np.allclose(found.landmarks, 2 * here.landmarks + 0.5)
    assert finder.detect(Pixels(blank[:200])) == []
    none = Elsewhere(detector, Pixels(face), blank, wanted=lambda face: face.box[0] > 200)
    assert none.detect(Pixels(blank)) == []


def test_small_images_are_searched_themselves(detector: Detector) -> None:
    """As the guard has them searched, to compare faces before and after."""
    small = (portrait()[:200, 124:324] / 255).astype(np.float32)
    finder = Elsewhere(detector, Pixels(np.zeros((9, 9, 3), np.uint8)), small)
    found, wanted = (d.detect_each([small, small], threshold=0.3) for d in (finder, detector))
    assert [len(faces) for faces in found] == [1, 1]
    assert [faces[0].box for faces in found] == [faces[0].box for faces in wanted]
