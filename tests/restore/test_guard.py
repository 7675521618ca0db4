"""Faces that changed much are marked, or left as they were."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_models import FakeModel, identity
from numpy.typing import NDArray
from torch import Tensor

from gpen_engine import RestoreOptions, Restorer
from gpen_engine.faces import Detector
from gpen_engine.faces.region import face_from_region
from gpen_engine.restore.files import restore_file
from gpen_engine.restore.marks import Mark, sentences

Photo = Callable[[str], NDArray[Any]]


class Vandal:
    """Changes nothing, but turns every second face upside down."""

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self, images: Tensor) -> Tensor:
        images = images.clone()
        for image in images:
            if self.seen % 2:
                image.copy_(image.flip(1))
            self.seen += 1
        return images


@pytest.fixture(scope="module")
def pair(photo: Photo) -> NDArray[Any]:
    """The same portrait twice."""
    return np.hstack([photo("modern_colour_flags.jpg")] * 2)


def restorer(detector: Detector) -> Restorer:
    return Restorer(FakeModel(Vandal(), 128), detector=detector)


def test_a_changed_face_is_marked(pair: NDArray[Any], detector: Detector) -> None:
    result = restorer(detector).restore(pair)
    good, bad = result.marks
    assert good.similarity is not None
    assert bad.similarity is not None
    assert good.similarity > 0.9
    assert bad.similarity < 0.3
    assert [(m.changed, m.restored) for m in result.marks] == [(False, True), (True, True)]
    assert [m.face for m in result.marks] == result.faces
    assert result.notes == ["1 of 2 faces changed much (from the left: 2). Look closely."]


def test_off_does_not_look(pair: NDArray[Any], detector: Detector) -> None:
    result = restorer(detector).restore(pair, RestoreOptions(guard="off"))
    assert [(m.similarity, m.changed) for m in result.marks] == [(None, False)] * 2
    assert result.notes == []


def test_warning_changes_no_pixel(pair: NDArray[Any], detector: Detector) -> None:
    off, warn = (
        restorer(detector).restore(pair, RestoreOptions(guard=guard)).composite()
        for guard in ("off", "warn")
    )
    assert off.tobytes() == warn.tobytes()


def test_a_skipped_face_keeps_every_bit(pair: NDArray[Any], detector: Detector) -> None:
    result = restorer(detector).restore(pair, RestoreOptions(guard="skip"))
    assert [m.restored for m in result.marks] == [True, False]
    assert result.faces == [result.marks[0].face]
    made, middle = result.composite(), pair.shape[1] // 2
    assert made[:, middle:].tobytes() == pair[:, middle:].tobytes()
    assert made[:, :middle].tobytes() != pair[:, :middle].tobytes()
    assert result.notes == [
        "1 of 2 faces would have changed too much and stayed as it was (from the left: 2)."
    ]


def test_the_similarity_decides(pair: NDArray[Any], detector: Detector) -> None:
    strict = RestoreOptions(guard="skip", guard_similarity=1.0)
    restored = restorer(detector).restore(pair, strict)
    assert restored.patches == []
    assert restored.composite().tobytes() == pair.tobytes()
    lax = RestoreOptions(guard="skip", guard_similarity=0.0)
    assert len(restorer(detector).restore(pair, lax).patches) == 2


def test_a_face_beside_the_selection_is_not_spoken_of(
    pair: NDArray[Any], detector: Detector
) -> None:
    selection = np.zeros(pair.shape[:2], np.uint8)
    selection[:, : pair.shape[1] // 2] = 255
    result = restorer(detector).restore(pair, selection=selection)
    assert len(result.marks) == len(result.patches) == 1
    assert result.notes == []


def test_a_skipped_aligned_picture_is_written_as_it_was(
    shared: Path, detector: Detector, tmp_path: Path
) -> None:
    vandal, keeper = FakeModel(lambda images: images.flip(2), 128), FakeModel(identity, 128)
    vandal.sha256 = keeper.sha256 = None
    options = RestoreOptions(aligned=True, guard="skip")
    source = shared / "faces" / "val" / "00001.jpg"
    restorer, other = (Restorer(model, detector=detector) for model in (vandal, keeper))
    report = restore_file(restorer, source, tmp_path / "out.png", options)
    assert report.faces == []
    (face,) = report.as_json()["faces"]
    assert (face["changed"], face["restored"]) == (True, False)
    assert report.notes == ["The face would have changed too much and stayed as it was."]
    kept = restore_file(other, source, tmp_path / "kept.png", options)
    assert len(kept.faces) == 1


def test_sentences() -> None:
    face = face_from_region((0, 0, 9, 9))
    fine, changed = Mark(face, 0.9), Mark(face, 0.2, changed=True)
    skipped = Mark(face, 0.2, changed=True, restored=False)
    assert sentences([]) == sentences([fine, Mark(face)]) == []
    assert sentences([changed]) == ["The face changed much. Look closely."]
    assert sentences([changed, changed]) == ["2 of 2 faces changed much. Look closely."]
    assert sentences([changed, fine, skipped, skipped]) == [
        "1 of 4 faces changed much (from the left: 1). Look closely.",
        "2 of 4 faces would have changed too much and stayed as they were (from the left: 3, 4).",
    ]
