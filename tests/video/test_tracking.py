"""Tracks: who is who from frame to frame, bridged gaps, and cuts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpen_engine.faces import Face
from gpen_engine.faces.geometry import TEMPLATES
from gpen_engine.video.cuts import change, find_cuts, thumbnail
from gpen_engine.video.tracking import Seen, Track, as_face, as_rows, find_tracks


def face(x: float, y: float, size: float = 40, score: float = 0.99) -> Face:
    """A face whose box has its middle there."""
    box = (x - size / 2, y - size / 2, x + size / 2, y + size / 2)
    points = (TEMPLATES["ffhq"] - 0.5) * size * 1.5 + (x, y)
    return Face(box, points, score)


def tracks(film: list[list[Face]], cuts: tuple[int, ...] = (), bridge: float = 0.5) -> list[Track]:
    times = np.arange(len(film)) / 25
    return find_tracks([as_rows(f) for f in film], times, cuts, bridge=bridge, threshold=0.9)


def places(track: Track) -> list[float]:
    return [round((row[0] + row[2]) / 2) for row in track.seen]


def test_rows_keep_a_face() -> None:
    was = face(30, 50)
    (row,) = as_rows([was])
    now = as_face(row)
    assert now.box == pytest.approx(was.box)
    assert now.landmarks == pytest.approx(was.landmarks, abs=1e-4)
    assert now.score == pytest.approx(was.score)
    assert as_rows([]).shape == (0, 16)


def test_two_faces_that_pass_each_other_keep_their_tracks() -> None:
    # Side by side they come nearer than half a face, the one above the other.
    film = [[face(40 + 8 * i, 60), face(200 - 8 * i, 90)] for i in range(20)]
    found = tracks(film)
    assert [t.frames for t in found] == [list(range(20))] * 2
    assert places(found[0]) == [40 + 8 * i for i in range(20)]
    assert places(found[1]) == [200 - 8 * i for i in range(20)]


@given(st.permutations(range(4)), st.integers(0, 2**32 - 1))
def test_the_order_of_detections_does_not_matter(order: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    film = []
    for i in range(6):
        faces = [face(50 + 60 * k + 2 * i + rng.normal(), 60 + rng.normal()) for k in range(4)]
        film.append(faces if i % 2 else [faces[k] for k in order])
    found = tracks(film)
    assert len(found) == 4
    for track in found:
        assert track.frames == list(range(6))
        assert max(np.diff(places(track))) < 12


def test_a_cut_ends_a_track_where_the_face_stays() -> None:
    film = [[face(60, 60)] for _ in range(10)]
    assert [t.frames for t in tracks(film, cuts=(4,))] == [[0, 1, 2, 3], [4, 5, 6, 7, 8, 9]]


def test_a_missed_face_is_the_same_face_for_a_while() -> None:
    film = [[face(60 + 6 * i, 60)] if i not in (5, 6, 7) else [] for i in range(12)]
    assert [t.frames for t in tracks(film)] == [[0, 1, 2, 3, 4, 8, 9, 10, 11]]
    assert len(tracks(film, bridge=0.1)) == 2


def test_a_jump_is_another_face() -> None:
    film = [[face(60, 60)]] * 3 + [[face(120, 60)]] * 3
    assert [t.frames for t in tracks(film)] == [[0, 1, 2], [3, 4, 5]]
    film = [[face(60, 60, 30)]] * 3 + [[face(60, 60, 60)]] * 3
    assert len(tracks(film)) == 2


def test_an_unsure_face_counts_only_beside_a_sure_one() -> None:
    sure, unsure = 0.95, 0.6
    film = [[face(60, 60, score=sure if i == 3 else unsure), face(200, 60, score=unsure)]
            for i in range(6)]  # fmt: skip
    (track,) = tracks(film)
    assert track.frames == list(range(6))
    assert places(track) == [60] * 6


def test_no_faces_no_tracks() -> None:
    empty: Seen = as_rows([])
    assert find_tracks([empty] * 5, np.arange(5.0), (), bridge=1, threshold=0.5) == []
    assert find_tracks([], np.arange(0.0), (), bridge=1, threshold=0.5) == []


def changes(frames: list[np.ndarray]) -> list[float]:
    thumbs = [thumbnail(frame) for frame in frames]
    return [0.0] + [change(a, b) for a, b in itertools.pairwise(thumbs)]


def scene(seed: int, shift: int = 0) -> np.ndarray:
    """Large patches of light and dark, moved to the left."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (9, 40, 3)).astype(np.uint8)
    return np.kron(coarse, np.ones((10, 10, 1), np.uint8))[:, shift : shift + 160]


def test_cuts_are_found_where_they_are() -> None:
    frames = [scene(1, 2 * i) for i in range(8)] + [scene(2, 2 * i) for i in range(8)]
    assert find_cuts(changes(frames)) == [8]


def test_a_pan_a_flash_and_noise_are_no_cuts() -> None:
    assert find_cuts(changes([scene(1, 12 * i) for i in range(20)])) == []
    still = [scene(1)] * 6
    assert find_cuts(changes([*still, np.full_like(still[0], 255), *still])) == []
    rng = np.random.default_rng(1)
    noisy = [np.clip(scene(1) + rng.normal(0, 25, (90, 160, 3)), 0, 255) for _ in range(8)]
    assert find_cuts(changes([n.astype(np.uint8) for n in noisy])) == []


@given(st.lists(st.floats(0, 1), max_size=30))
def test_no_two_cuts_beside_each_other(values: list[float]) -> None:
    cuts = find_cuts(values)
    assert all(b - a > 1 for a, b in itertools.pairwise(cuts))
    assert 0 not in cuts
