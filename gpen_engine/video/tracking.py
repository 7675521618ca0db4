"""Which detections of a film are the same face: tracks, from frame to frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..faces import Face
from ..faces.merging import overlap

Seen = NDArray[np.float32]
"""(n, 16): faces of one frame as x0, y0, x1, y1, five landmarks, the score, and how coloured it is
(see ``Tone.measured``). 64 bytes a face, because those of a whole film are kept."""

FAR = 0.5
"""Landmarks that lie farther apart than this, in face sizes, are not those of one face."""
GROWTH = 1.6
"""Nor are faces of which one is larger by this factor."""


@dataclass
class Track:
    """One face in consecutive frames of one shot, perhaps with gaps."""

    frames: list[int] = field(default_factory=list)
    """Where it was seen, rising."""
    seen: list[Seen] = field(default_factory=list)
    """(16,) each: how; see ``Seen``."""

    @property
    def first(self) -> int:
        return self.frames[0]

    @property
    def last(self) -> int:
        return self.frames[-1]

    @property
    def score(self) -> float:
        """The best that the detector gave it."""
        return max(float(row[14]) for row in self.seen)

    def expected(self, frame: int) -> list[Face]:
        """Where it may be in a later frame: where it was, and where its motion would take it."""
        now = self.seen[-1]
        places = [as_face(now)]
        if len(self.frames) > 1:
            speed = (now - self.seen[-2]) / (self.frames[-1] - self.frames[-2])
            moved = now + speed * (frame - self.frames[-1])
            if moved[2] > moved[0] and moved[3] > moved[1]:
                places.append(as_face(moved))
        return places


def as_rows(faces: Sequence[Face], colourfulness: Sequence[float] | None = None) -> Seen:
    """Faces as numbers; without ``colourfulness`` they count as coloured ones."""
    pairs = zip(faces, colourfulness or [1.0] * len(faces), strict=True)
    rows = [[*face.box, *face.landmarks.ravel(), face.score, colours] for face, colours in pairs]
    return np.array(rows, np.float32).reshape(-1, 16)


def as_face(row: NDArray[np.floating]) -> Face:
    """Numbers as a face."""
    x0, y0, x1, y1 = (float(v) for v in row[:4])
    return Face((x0, y0, x1, y1), row[4:14].reshape(5, 2).astype(np.float64), float(row[14]))


def find_tracks(
    film: Sequence[Seen],
    times: NDArray[np.float64],
    cuts: Sequence[int],
    *,
    bridge: float,
    threshold: float,
) -> list[Track]:
    """Follows faces through a film; no track goes across a cut.

    Args:
        film: the faces of each frame, best taken with a lower threshold than a picture's: a face
            that is sure once is believed where it is less so.
        times: of the frames in seconds, rising.
        cuts: the first frames of shots.
        bridge: seconds that a face may be missing and still be the same.
        threshold: a track needs one score of at least this.

    Returns:
        Tracks in the order of their first frames.
    """
    tracks: list[Track] = []
    live: list[Track] = []
    starts = set(cuts)
    for frame, rows in enumerate(film):
        if frame in starts:
            live = []
        live = [track for track in live if times[frame] - times[track.last] <= bridge + 1e-9]
        pairs = _assigned(live, rows, frame)
        for place, row in enumerate(rows):
            if place in pairs:
                track = pairs[place]
            else:
                track = Track()
                live.append(track)
                tracks.append(track)
            track.frames.append(frame)
            track.seen.append(row)
    return [track for track in tracks if track.score >= threshold]


def _assigned(tracks: list[Track], rows: Seen, frame: int) -> dict[int, Track]:
    """The track of each row that continues one; together they are the nearest that can be had."""
    if not tracks or not len(rows):
        return {}
    from scipy.optimize import linear_sum_assignment

    apart = np.inf
    costs = np.full((len(tracks), len(rows)), apart)
    for i, track in enumerate(tracks):
        places = track.expected(frame)
        for j, row in enumerate(rows):
            costs[i, j] = min(_distance(place, as_face(row)) for place in places)
    possible = np.isfinite(costs)
    # One finite cost for what cannot be, larger than all others together.
    chosen = linear_sum_assignment(np.where(possible, costs, 1e6))
    return {int(j): tracks[i] for i, j in zip(*chosen, strict=True) if possible[i, j]}


def _distance(one: Face, other: Face) -> float:
    """How unlike two sightings are, about 0..1.5; infinite when they cannot be the same face."""
    sizes = [float(np.sqrt(max(face.size[0] * face.size[1], 1e-6))) for face in (one, other)]
    apart = float(np.hypot(*(one.landmarks - other.landmarks).T).mean()) / min(sizes)
    if apart > FAR or max(sizes) > GROWTH * min(sizes):
        return float("inf")
    return apart + 1 - overlap(one, other)[0]
