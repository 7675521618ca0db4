"""Steady landmarks along a track, and how strongly each frame of it is restored."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..faces import Face
from .tracking import Track, as_face

Times = NDArray[np.float64]

SIGMA = 0.14
"""Standard deviation of the smoothing in seconds: of a nod of one hertz it keeps all but a
hundredth."""
FADE = 0.25
"""Seconds in which a track's strength comes and goes, unless the shot begins or ends there."""
BRIDGE = 0.5
"""Seconds that a face may be missing."""


@dataclass(frozen=True, eq=False)
class SteadyTrack:
    """A track without gaps and without jitter."""

    number: int
    """Its place among the film's tracks, from 0."""
    first: int
    """Its first frame."""
    rows: NDArray[np.float32]
    """(n, 15), one for each frame from the first: box, landmarks, score; see ``tracking.Seen``."""
    strengths: NDArray[np.float32]
    """(n,), 0..1: the fades at its ends."""
    bridged: int
    """Frames in which it was not seen."""
    toned: bool
    """Whether it is grey or sepia in most of its frames, and so is treated in all: near the limit
    the decision would change from frame to frame, and the face's colours with it."""

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    def face(self, frame: int) -> Face:
        return as_face(self.rows[frame - self.first])

    def strength(self, frame: int) -> float:
        return float(self.strengths[frame - self.first])


def steady(track: Track, number: int, times: Times, shot: tuple[int, int]) -> SteadyTrack:
    """Smooths a track, fills its gaps and fades its ends.

    Args:
        track: as it was seen.
        number: its name.
        times: of all frames, in seconds.
        shot: first frame of its shot, and the one after its last.
    """
    frames = np.arange(track.first, track.last + 1)
    seen = np.array(track.seen, np.float64)
    rows = smoothed(times[track.frames], seen[:, :15], times[frames], SIGMA)
    rows[:, 14] = np.interp(frames, track.frames, seen[:, 14])
    return SteadyTrack(
        number,
        track.first,
        rows.astype(np.float32),
        fades(times, track.first, track.last, shot),
        len(frames) - len(track.frames),
        bool(np.median(seen[:, 15]) < 1),
    )


def smoothed(times: Times, values: Times, at: Times, sigma: float) -> Times:
    """Values along time without their jitter, and between them.

    At each time a parabola is fitted to the values around it, weighted with a Gaussian (local
    polynomial regression; Cleveland 1979). It looks as far ahead as back, so nothing lags, and a
    motion of constant acceleration comes out exactly, at the ends, across gaps and at uneven
    frame rates, too.

    Args:
        times: (n,) of the values, rising, in seconds.
        values: (n, k).
        at: (m,) where they are wanted.
        sigma: of the Gaussian, in seconds.

    Returns:
        (m, k).
    """
    result = np.empty((len(at), values.shape[1]))
    for place, time in enumerate(at):
        low, high = np.searchsorted(times, [time - 3 * sigma, time + 3 * sigma])
        if high - low < 3:  # too few for a parabola: the nearest few, whatever their distance
            middle = int(np.searchsorted(times, time))
            low, high = max(0, middle - 3), min(len(times), middle + 3)
        apart = (times[low:high] - time) / sigma
        spread = max(1.0, float(np.abs(apart).max()) / 3)
        weights = np.exp(-0.25 * (apart / spread) ** 2)[:, None]  # the Gaussian's square root
        powers = (apart / spread)[:, None] ** np.arange(min(3, high - low))
        fit, *_ = np.linalg.lstsq(powers * weights, values[low:high] * weights, rcond=None)
        result[place] = fit[0]
    return result


def fades(times: Times, first: int, last: int, shot: tuple[int, int]) -> NDArray[np.float32]:
    """(n,) strengths in 0..1 from a track's first to its last frame.

    An end that is the shot's own does not fade: there the whole picture changes.
    """
    own = times[first : last + 1]
    frame = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    strengths = np.ones(len(own))
    if first > shot[0]:
        strengths = np.minimum(strengths, (own - own[0] + frame) / (FADE + frame))
    if last < shot[1] - 1:
        strengths = np.minimum(strengths, (own[-1] - own + frame) / (FADE + frame))
    return (strengths * strengths * (3 - 2 * strengths)).astype(np.float32)


def shots_of(length: int, cuts: Sequence[int]) -> list[tuple[int, int]]:
    """(first frame, frame after the last) of each shot."""
    edges = [0, *cuts, length]
    return list(itertools.pairwise(edges))
