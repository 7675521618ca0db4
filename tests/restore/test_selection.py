"""Soft selections: which faces they let through, and how much of each."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from fake_models import FakeModel, red
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gpen_engine import GpenError, RestoreOptions, Restorer
from gpen_engine.faces import Detector, Face
from gpen_engine.faces.geometry import TEMPLATES
from gpen_engine.faces.region import face_from_region
from gpen_engine.pixels import Pixels
from gpen_engine.restore.selection import Selection

Photo = Callable[[str], NDArray[Any]]
SOLVAY = "old_group_solvay_1927.jpg"
PORTRAIT = "modern_colour_flags.jpg"  # 225 by 275; its face: x 91 to 156, y 43 to 129
WHITE = {np.uint8: 255, np.uint16: 65535, np.float16: 1, np.float32: 1, np.float64: 1}
every_type = pytest.mark.parametrize("dtype", WHITE)


def error_of(run: Callable[[], object]) -> GpenError:
    with pytest.raises(GpenError) as error:
        run()
    return error.value


def picture(width: int, height: int) -> Pixels:
    return Pixels(np.zeros((height, width), np.uint8))


def test_white_changes_nothing(photo: Photo, restorer: Restorer) -> None:
    image = photo(PORTRAIT)
    (free,) = restorer.restore(image).patches
    for dtype, white in WHITE.items():
        everything = np.full(image.shape[:2], white, dtype)
        everything.flags.writeable = False
        (selected,) = restorer.restore(image, selection=everything).patches
        assert selected.box == free.box
        assert selected.coverage.tobytes() == free.coverage.tobytes()
        assert selected.rgb.tobytes() == free.rgb.tobytes()


@every_type
def test_the_coverage_is_multiplied_and_trimmed(
    photo: Photo, restorer: Restorer, dtype: type
) -> None:
    """The left of the face is not selected, the middle half, the right fully."""
    image = photo(PORTRAIT)
    (free,) = restorer.restore(image).patches
    half = WHITE[dtype] / 2 if np.dtype(dtype).kind == "f" else WHITE[dtype] // 2
    selection = np.zeros(image.shape[:2], dtype)
    selection[:, 110:130] = half
    selection[:, 130:] = WHITE[dtype]
    result = restorer.restore(image, selection=selection)
    (patch,) = result.patches
    assert patch.box == (110, *free.box[1:])
    before = free.coverage[:, 110 - free.box[0] :]
    assert before[:, 20:].max() == 1
    assert patch.coverage[:, 20:].tobytes() == before[:, 20:].tobytes()
    np.testing.assert_allclose(
        patch.coverage[:, :20], before[:, :20] * (half / WHITE[dtype]), rtol=1e-6
    )
    made = result.composite()
    assert made[selection == 0].tobytes() == image[selection == 0].tobytes()
    full = restorer.restore(image).composite()
    assert made[:, 130:].tobytes() == full[:, 130:].tobytes()
    assert (made != full)[:, 110:130].any()


def test_only_touched_faces_go_through_the_network(photo: Photo, detector: Detector) -> None:
    image = photo(SOLVAY)
    faces = detector.detect(Pixels(image))
    chosen = [faces[3], faces[20]]
    selection = np.zeros(image.shape[:2], np.uint8)
    for face in chosen:
        x, y = (round(v) for v in face.landmarks[2])
        selection[y, x] = 1  # one pixel, hardly selected
    model = FakeModel(red)
    result = Restorer(model, detector=detector).restore(image, selection=selection)
    assert sum(model.batches) == len(result.patches) == 2
    assert [face.box for face in result.faces] == [face.box for face in chosen]
    for patch in result.patches:
        assert patch.coverage.shape == (1, 1)
        assert patch.coverage[0, 0] == pytest.approx(1 / 255, rel=0.05)


def test_a_selection_without_a_face_is_the_face(restorer: Restorer) -> None:
    """Its bounding box where it is more than half; without that, where it is at all."""
    image = np.random.default_rng(1).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    selection = np.zeros((200, 300), np.uint8)
    selection[30:160, 90:190] = 127
    (face,) = restorer.restore(image, selection=selection).faces
    assert face.box == face_from_region((90, 30, 190, 160)).box
    selection[40:150, 100:180] = 128
    result = restorer.restore(image, selection=selection)
    (face,) = result.faces
    assert face.box == face_from_region((100, 40, 180, 150)).box
    made = result.composite()
    assert made[selection == 0].tobytes() == image[selection == 0].tobytes()
    assert (made != image)[selection > 0].mean() > 0.5


@pytest.mark.parametrize("words", [{"selection": True}, {"region": (100, 40, 180, 150)}, {}])
def test_without_the_fallback_no_face_is_an_error(
    restorer: Restorer, words: dict[str, Any]
) -> None:
    image = np.random.default_rng(1).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    selection = np.full((200, 300), 255, np.uint8) if words.pop("selection", None) else None
    options = RestoreOptions(fallback=False, **words)
    error = error_of(lambda: restorer.restore(image, options, selection=selection))
    place = "selection" if selection is not None else "region" if words else "picture"
    assert (error.code, error.sentence) == ("no_face", f"No face was found in the {place}.")
    assert error.hint


@pytest.mark.parametrize("fallback", [True, False])
def test_an_empty_selection_is_an_error(
    photo: Photo, tiny_model: Any, detector: Detector, fallback: bool
) -> None:
    """Found before the search."""
    image, told = photo(PORTRAIT), []
    for empty in (np.zeros((275, 225), np.uint8), np.full((275, 225), np.nan, np.float32)):
        error = error_of(
            lambda selection=empty: Restorer(tiny_model, detector=detector).restore(  # type: ignore[misc]
                image, RestoreOptions(fallback=fallback), selection=selection, progress=told.append
            )
        )
        assert (error.code, error.sentence) == ("no_face", "No face was found in the selection.")
    assert told == []


def test_a_selection_that_misses_the_coverage_is_an_error(photo: Photo, restorer: Restorer) -> None:
    """A corner of the face's box, where its coverage is 0, and a transparent face."""
    image = photo(PORTRAIT)
    (patch,) = restorer.restore(image).patches
    x0, y0, x1, y1 = patch.box
    frame = np.ones((275, 225), bool)
    frame[y0:y1, x0:x1] = patch.coverage == 0
    corner = np.zeros((275, 225), np.uint8)
    fx0, fy0, fx1, fy1 = (round(v) for v in patch.face.box)
    corner[fy0:fy1, fx0:fx1] = 255 * frame[fy0:fy1, fx0:fx1]
    assert corner.any()
    assert error_of(lambda: restorer.restore(image, selection=corner)).code == "no_face"
    clear = np.dstack([image, np.zeros((275, 225), np.uint8)])
    white = np.full((275, 225), 255, np.uint8)
    error = error_of(lambda: restorer.restore(clear, selection=white))
    assert (error.code, error.sentence) == ("no_face", "No face was found in the selection.")


@pytest.mark.parametrize("words", [{"aligned": True}, {"region": (0, 0, 50, 50)}], ids=str)
def test_a_selection_contradicts(restorer: Restorer, words: dict[str, Any]) -> None:
    image, white = np.zeros((64, 64), np.uint8), np.full((64, 64), 255, np.uint8)
    error = error_of(lambda: restorer.restore(image, RestoreOptions(**words), selection=white))
    assert error.code == "bad_option"


@pytest.mark.parametrize(
    "selection",
    [
        np.ones((64, 63), np.uint8),
        np.ones((63, 64), np.uint8),
        np.ones((64, 64, 1), np.uint8),
        np.ones((64, 64), bool),
        np.ones((64, 64), np.int32),
        np.ones((64, 64), complex),
    ],
    ids=lambda s: f"{s.shape} {s.dtype}",
)
def test_a_selection_of_another_form_is_refused(
    restorer: Restorer, selection: NDArray[Any]
) -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    assert error_of(lambda: restorer.restore(image, selection=selection)).code == "bad_image"


@every_type
@given(data=st.data())
def test_the_box_of_a_selection(dtype: type, data: st.DataObject) -> None:
    width, height = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 600))
    selection = np.zeros((height, width), dtype)
    assert Selection(selection, picture(width, height)).box() is None
    weak = _rectangle(data, width, height)
    selection[weak[1] : weak[3], weak[0] : weak[2]] = WHITE[dtype] * 0.4
    assert Selection(selection, picture(width, height)).box() == weak
    strong = _rectangle(data, width, height)
    selection[strong[1] : strong[3], strong[0] : strong[2]] = WHITE[dtype] * 0.6
    assert Selection(selection, picture(width, height)).box() == strong


def _rectangle(data: st.DataObject, width: int, height: int) -> tuple[int, int, int, int]:
    x0, y0 = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    x1, y1 = data.draw(st.integers(x0 + 1, width)), data.draw(st.integers(y0 + 1, height))
    return x0, y0, x1, y1


def test_touching() -> None:
    """A face over pixels 100 to 149 and 200 to 269; with hair and chin 70 to 179 and 158 to 311."""
    face = face_from_region((100, 200, 150, 270))
    for x, y, touched in [
        (120, 230, True),
        (71, 230, True),
        (178, 230, True),
        (120, 159, True),
        (120, 310, True),
        (69, 230, False),
        (180, 230, False),
        (120, 157, False),
        (120, 312, False),
    ]:
        selection = np.zeros((400, 400), np.float32)
        selection[y, x] = 1e-6
        assert Selection(selection, picture(400, 400)).touches(face) is touched, (x, y)
    everything = Selection(np.ones((100, 100), np.float32), picture(100, 100))
    assert everything.touches(Face((-30, -40, 3, 3), TEMPLATES["gpen"], 1))
    assert not everything.touches(Face((-60, -40, -30, -3), TEMPLATES["gpen"], 1))
    assert not everything.touches(Face((130, 40, 150, 60), TEMPLATES["gpen"], 1))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_huge_selection_is_not_copied(
    restorer: Restorer, monkeypatch: pytest.MonkeyPatch, dtype: type
) -> None:
    """24 megapixels, with the search left out: a few megabytes."""
    image = np.broadcast_to(np.uint8(120), (4000, 6000))
    selection = np.zeros((4000, 6000), dtype)
    selection[1000:1100, 3000:3100] = WHITE[dtype]
    monkeypatch.setattr(restorer.detector, "detect", lambda *_, **__: [])
    tracemalloc.start()
    result = restorer.restore(image, selection=selection)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert result.faces[0].box == (3000, 1000, 3099, 1099)
    assert peak < 8e6
