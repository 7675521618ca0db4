"""The second pass: order, strength, memory, and what is left alone."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
import torch
from fake_models import fourfold, identity, swapped
from film_clips import SIZE, SquareDetector, a_face, fake_restorer, picture
from numpy.typing import NDArray

from gpen_engine import GpenError, RestoreOptions
from gpen_engine.faces.tone import Tone, is_grey
from gpen_engine.video.frames import ArrayFrame
from gpen_engine.video.plan import Plan, make_plan, planned
from gpen_engine.video.restoring import MOST_FRAMES, restored_frames
from gpen_engine.video.steadying import REACH
from gpen_engine.video.tracking import as_rows

RATE = 25
PLAIN = RestoreOptions(keep_colours=False)


def film(count: int, step: int = 1) -> list[NDArray[np.uint8]]:
    return [picture(step * i) for i in range(count)]


def frames(arrays: list[NDArray[np.uint8]]) -> Iterator[ArrayFrame]:
    return (ArrayFrame(array, i / RATE) for i, array in enumerate(arrays))


def plan_of(arrays: list[NDArray[np.uint8]]) -> Plan:
    return make_plan(
        lambda: frames(arrays), fake_restorer().detector, threshold=0.9, watch=lambda *_: None
    )


def middle(image: NDArray[np.uint8], place: int) -> NDArray[np.uint8]:
    return image[60, 60 + place]


def test_every_frame_comes_back_in_order_and_changed_in_the_face_only() -> None:
    arrays = film(23)
    plan = plan_of(arrays)
    assert [(t.first, t.last) for t in plan.tracks[0]] == [(0, 22)]
    given = list(restored_frames(lambda: frames(arrays), plan, fake_restorer(), PLAIN))
    assert [frame.time for frame in given] == [i / RATE for i in range(23)]
    for place, (frame, before) in enumerate(zip(given, arrays, strict=True)):
        assert isinstance(frame, ArrayFrame)
        red, _, blue = middle(frame.array, place).astype(int)
        assert blue > red + 100, "red and blue are exchanged"
        assert np.array_equal(frame.array[:, :10], before[:, :10])
        assert np.array_equal(arrays[place], picture(place)), "the source is as it was"


def test_a_film_without_faces_comes_back_as_it_was() -> None:
    arrays = [np.full((40, 60, 3), i, np.uint8) for i in range(5)]
    plan = plan_of(arrays)
    given = list(restored_frames(lambda: frames(arrays), plan, fake_restorer(), PLAIN))
    for frame, before in zip(given, arrays, strict=True):
        assert np.array_equal(frame.array, before)  # type: ignore[attr-defined]


def test_the_shots_strengths_and_fades_are_used() -> None:
    arrays = film(8)
    plan = plan_of(arrays)
    none = list(
        restored_frames(lambda: frames(arrays), plan, fake_restorer(), PLAIN, strengths=[0.0])
    )
    assert all(np.array_equal(f.array, a) for f, a in zip(none, arrays, strict=True))  # type: ignore[attr-defined]
    # A track that begins in the middle of a shot comes in softly.
    seen = [as_rows([a_face(60 + i, 60, 40)] if i >= 6 else []) for i in range(24)]
    late = planned(seen, np.arange(24) / RATE, [], threshold=0.9)
    given = list(restored_frames(lambda: frames(film(24)), late, fake_restorer(), PLAIN))
    blues = [int(middle(f.array, i)[2]) for i, f in enumerate(given)]  # type: ignore[attr-defined]
    assert blues[:6] == [30] * 6
    assert all(b >= a for a, b in pairwise(blues[5:15]))
    assert blues[6] < 60
    assert blues[-1] > 180


@pytest.mark.parametrize(("paint", "enlarged"), [(identity, 1), (fourfold, 4)])
def test_a_model_that_changes_nothing_changes_nothing(paint, enlarged) -> None:
    arrays = film(7)
    restorer = fake_restorer(paint, out_size=64 * enlarged)
    given = list(restored_frames(lambda: frames(arrays), plan_of(arrays), restorer, PLAIN))
    for frame, before in zip(given, arrays, strict=True):
        apart = np.abs(frame.array.astype(int) - before)  # type: ignore[attr-defined]
        assert np.median(apart) <= 1
        assert apart[50:70].mean() < 12  # the square's edges, resampled and averaged


def test_few_frames_are_held_however_long_the_film() -> None:
    alive: weakref.WeakSet[ArrayFrame] = weakref.WeakSet()
    most = 0

    def counted() -> Iterator[ArrayFrame]:
        for i in range(120):
            frame = ArrayFrame(picture(i // 4), i / RATE)
            alive.add(frame)
            yield frame

    plan = make_plan(counted, fake_restorer().detector, threshold=0.9, watch=lambda *_: None)
    gc.collect()
    assert not alive
    for _ in restored_frames(counted, plan, fake_restorer(), PLAIN):
        most = max(most, len(alive))
    assert most <= MOST_FRAMES + 2 * REACH + 3


def test_a_film_that_changes_meanwhile_is_refused() -> None:
    arrays = film(9)
    plan = plan_of(arrays)
    for other in (arrays[:-1], [*arrays, arrays[0]]):
        with pytest.raises(GpenError, match="same frames"):
            list(restored_frames(lambda o=other: frames(o), plan, fake_restorer(), PLAIN))


def test_faces_that_leave_the_picture_are_left_alone() -> None:
    seen = [as_rows([a_face(140 + 40 * i, 60, 30)]) for i in range(6)]
    plan = planned(seen, np.arange(6) / RATE, [], threshold=0.9)
    given = list(restored_frames(lambda: frames(film(6)), plan, fake_restorer(swapped), PLAIN))
    assert len(given) == 6
    assert np.array_equal(given[-1].array, film(6)[-1])  # type: ignore[attr-defined]


def test_a_cut_makes_shots_with_their_own_tracks() -> None:
    first, second = film(6), [np.rot90(a, 2).copy() for a in film(6)]
    plan = plan_of(first + second)
    assert plan.shots == [(0, 6), (6, 12)]
    assert [[(t.first, t.last) for t in tracks] for tracks in plan.tracks] == [[(0, 5)], [(6, 11)]]
    found = plan.as_json()
    assert [shot["shot"] for shot in found] == [1, 2]
    assert found[1]["frames"] == [6, 11]
    assert found[1]["faces"][0]["track"] == 2
    assert SIZE == (160, 120)


def test_no_frame_is_no_film() -> None:
    with pytest.raises(GpenError, match="no frame"):
        plan_of([])


def test_grain_is_another_in_every_frame() -> None:
    rng = np.random.default_rng(4)
    grainy = np.clip(picture(0) + rng.normal(0, 12, (120, 160, 1)), 0, 255).astype(np.uint8)
    arrays = [grainy] * 3
    options = RestoreOptions(keep_colours=False, match_grain=True)
    smooth = fake_restorer(lambda images: images * 0)
    plan = plan_of(arrays)

    def restored(options: RestoreOptions) -> list[NDArray[np.int64]]:
        given = restored_frames(lambda: frames(arrays), plan, smooth, options)
        return [f.array.astype(int) for f in given]  # type: ignore[attr-defined]

    plain, given = restored(PLAIN), restored(options)
    inside = slice(50, 70), slice(50, 70)
    assert np.array_equal(plain[0], plain[1])
    assert given[0][inside].std() > plain[0][inside].std()
    assert not np.array_equal(given[0][inside], given[1][inside])


def hovering(colour: float) -> NDArray[np.uint8]:
    """A frame in sepia, with more or less of another colour in it."""
    y, x = np.mgrid[: SIZE[1], : SIZE[0]].astype(np.float32)
    light = (0.5 + 0.3 * np.sin(x / 7) * np.cos(y / 9))[:, :, None]
    hue = np.sin(x / 11 + y / 5)[:, :, None] * (1, -0.4, -0.6)
    return np.rint(255 * np.clip(light * (1, 0.9, 0.75) + colour * hue, 0, 1)).astype(np.uint8)


@pytest.mark.parametrize("kept", [True, False])
def test_a_face_between_sepia_and_colour_is_treated_alike_in_all_frames(kept: bool) -> None:
    """Frame by frame the decision would change, and with it the colours that a network invents."""
    below, above = hovering(0.004), hovering(0.02)
    for frame, toned in ((below, True), (above, False)):
        crop = frame[:100, :100].astype(np.float32) / np.float32(255)
        assert (Tone.of(crop) is not None) == toned
    arrays = [below, below, above] * 6 if kept else [above, above, below] * 6
    detector = SquareDetector(lambda pixels: [a_face(80, 60, 50)])
    plan = make_plan(lambda: frames(arrays), detector, threshold=0.9, watch=lambda *_: None)
    seen: list[bool] = []

    def look(images: torch.Tensor) -> torch.Tensor:
        seen.extend(is_grey(image.permute(1, 2, 0).numpy()) for image in images)
        return images

    list(restored_frames(lambda: frames(arrays), plan, fake_restorer(look), RestoreOptions()))
    assert len(seen) >= len(arrays)
    assert set(seen) == {kept}
