"""The first pass: look for faces in every frame, keep numbers only, and plan what is restored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import GpenError
from ..faces import Detector, Face, tone
from ..faces.geometry import cut_crop, to_crop
from ..pixels import FloatImage, Pixels
from .cuts import change, find_cuts, thumbnail
from .frames import Frames
from .smoothing import BRIDGE, SteadyTrack, Times, shots_of, steady
from .tracking import Seen, as_rows, find_tracks

SEARCHED = 960
"""Long side in pixels of the copies that faces are looked for in, if nothing else is chosen."""
UNSURE = 0.6
"""Share of the threshold that is enough for a face which is sure in another frame."""

Watch = Callable[[str, int], None]
"""Told what is being done and how many frames are done; may raise to stop."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What is restored where."""

    times: Times
    """Of the frames, in seconds."""
    shots: list[tuple[int, int]]
    """First frame of each, and the one after its last."""
    tracks: list[list[SteadyTrack]]
    """Those of each shot, in the order of their first frames."""

    def as_json(self) -> list[dict[str, Any]]:
        """The shots with their tracks, for ``json.dumps``."""
        return [
            {
                "shot": number,
                "frames": [first, after - 1],
                "seconds": [round(float(self.times[i]), 4) for i in (first, after - 1)],
                "faces": [
                    {
                        "track": track.number,
                        "frames": [track.first, track.last],
                        "bridged": track.bridged,
                        "score": round(float(track.rows[:, 14].max()), 4),
                        "box": [round(float(v), 1) for v in track.rows[0, :4]],
                    }
                    for track in tracks
                ],
            }
            for number, ((first, after), tracks) in enumerate(
                zip(self.shots, self.tracks, strict=True), start=1
            )
        ]


def make_plan(
    frames: Frames, detector: Detector, *, threshold: float, size: int = 0, watch: Watch
) -> Plan:
    """Searches every frame of a film.

    Of a frame only the faces' numbers stay, some hundred bytes each, so that two hours with three
    faces take about 200 MB.

    Args:
        frames: the film.
        detector: what searches.
        threshold: least confidence, 0..1, that each face must have in one frame.
        size: long side of the copy that is searched, in pixels; 0 for ``SEARCHED``.
        watch: see ``Watch``.

    Raises:
        GpenError: ``bad_video`` when there is no frame.
    """
    film: list[Seen] = []
    times: list[float] = []
    changes: list[float] = []
    before: FloatImage | None = None
    for number, frame in enumerate(frames()):
        watch("looking for faces", number)
        copy = frame.copy(size or SEARCHED)
        thumb = thumbnail(copy)
        changes.append(0.0 if before is None else change(before, thumb))
        before = thumb
        pixels = Pixels(copy)
        faces = detector.detect(pixels, threshold=threshold * UNSURE)
        rows = as_rows(faces, [_colourfulness(pixels, face) for face in faces])
        film.append(_enlarged(rows, copy.shape[:2], frame.upright, frame.pixels))
        times.append(frame.time)
    if not film:
        raise GpenError("bad_video", "There is no frame in the film.")
    return planned(film, _rising(np.array(times)), find_cuts(changes), threshold=threshold)


def planned(film: list[Seen], times: Times, cuts: list[int], *, threshold: float) -> Plan:
    """What is restored, from what was seen; see ``find_tracks``."""
    shots = shots_of(len(film), cuts)
    found = find_tracks(film, times, cuts, bridge=BRIDGE, threshold=threshold)
    tracks: list[list[SteadyTrack]] = [[] for _ in shots]
    starts = np.array([first for first, _ in shots])
    for number, track in enumerate(found, start=1):
        place = int(np.searchsorted(starts, track.first, side="right")) - 1
        tracks[place].append(steady(track, number, times, shots[place]))
    return Plan(times, shots, tracks)


def _colourfulness(pixels: Pixels, face: Face) -> float:
    """See ``Tone.measured``; 1 where nothing is seen of the face."""
    try:
        crop = cut_crop(pixels, to_crop(face.landmarks, tone.SIDE), tone.SIDE)
    except GpenError:
        return 1.0
    return tone.Tone.measured(crop)[1]


def _enlarged(rows: Seen, shape: tuple[int, ...], upright: Times, pixels: Pixels) -> Seen:
    """Faces of a small copy in pixels of the whole upright picture: edges onto edges."""
    corners = np.array([[-0.5, -0.5, 1], [pixels.width - 0.5, pixels.height - 0.5, 1]])
    size = np.abs(np.diff(corners @ upright.T, axis=0)[0, :2])
    zoom = (size / shape[1::-1]).astype(np.float32)
    points = rows[:, :14].reshape(-1, 7, 2)
    rows[:, :14] = ((points + 0.5) * zoom - 0.5).reshape(-1, 14)
    return rows


def _rising(times: Times) -> Times:
    """Times that stand still or run back, as in damaged films, made to rise by a microsecond."""
    steps = np.arange(len(times)) * 1e-6
    return np.asarray(np.maximum.accumulate(times - steps) + steps, np.float64)
