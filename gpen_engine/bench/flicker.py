"""How much restored faces of a film flicker: a pan and zoom over photographs, its motion known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import GpenError
from ..faces.coverage import face_shape
from ..faces.geometry import Points, Similarity, cut_crop, resample, to_crop
from ..pictures import read_picture
from ..pixels import FloatImage, Pixels
from ..quality.measures import psnr, sharpness, true_detail
from ..restore.files import srgb_pixels
from ..restore.options import RestoreOptions
from ..restore.restorer import Restorer
from ..training.data import list_pictures
from ..training.degradation import add_noise, blur, jpeg
from ..version import version
from ..video.frames import ArrayFrame
from ..video.plan import make_plan
from ..video.restoring import restored_frames
from .machine import machine
from .tables import table

SIZE = (400, 320)
"""Width and height of the film."""
FACE = 120
"""Height of the detector's box of its face, in pixels; smaller ones are not enlarged."""
LEAST_FACE = 80
"""Photographs whose largest face is smaller are left out."""
RATE = 24
SIDE = 256
"""Of the aligned crops in which all is measured."""
BLUR, SHRINK, NOISE, QUALITY = 1.2, 1.5, 0.035, 60
"""What happens to each frame by itself: blur in pixels, the factor of its reduction, the standard
deviation of the noise, JPEG's quality."""
KINDS = {
    "truth": "the photograph itself",
    "source": "the damaged film",
    "alone": "each frame by itself",
    "film": "gpen video",
}

Film = list[NDArray[np.uint8]]


@dataclass(frozen=True)
class Scores:
    """Of one face over the whole film, in aligned crops along the known motion."""

    flicker: float
    """Root mean square of the change from frame to frame, in levels of 255, under the coverage."""
    sharpness: float
    """Energy of the fine detail of eyes and mouth over the truth's, median; grain counts in it."""
    detail: float
    """How much of the truth's fine detail is there, median; grain and what is invented do not
    count."""
    psnr: float
    """Mean, in dB."""


def measure_flicker(
    folder: Path,
    restorer: Restorer,
    *,
    frames: int = 24,
    photos: int = 16,
    watch: Callable[[str, int], None] = lambda what, total: None,
) -> dict[str, Any]:
    """Restores moving photographs as ``gpen video`` does, and frame by frame.

    Args:
        folder: photographs with faces.
        restorer: model and detector.
        frames: of each film.
        photos: so many at most, spread evenly.
        watch: told the photograph before it, and how many there are.

    Returns:
        For JSON: machine, each photograph's ``Scores`` by ``KINDS``, their means, and how much less
        the film flickers.

    Raises:
        GpenError: ``no_pictures`` when no photograph has a face that is large enough.
    """
    files = list_pictures([folder]) if folder.is_dir() else []
    files = files[:: max(1, -(-len(files) // photos))]
    rows: list[dict[str, Any]] = []
    for number, file in enumerate(files):
        watch(file.name, len(files))
        picture = np.asarray(srgb_pixels(read_picture(file)))
        scores = _of_photo(picture, restorer, frames, np.random.default_rng([1, number]))
        if scores:
            rows.append({"photo": file.name} | {k: asdict(s) for k, s in scores.items()})
    if not rows:
        raise GpenError(
            "no_pictures",
            f"No photograph in {folder} has a face of {LEAST_FACE} pixels.",
            "Name a folder of photographs with faces.",
        )
    mean = {
        kind: {m: float(np.mean([row[kind][m] for row in rows])) for m in Scores.__annotations__}
        for kind in KINDS
    }
    return {
        "engine": version(),
        "machine": machine(str(restorer.model.device)),
        "model": restorer.model.name,
        "frames": frames,
        "photos": rows,
        "mean": mean,
        "less_flicker": 1 - mean["film"]["flicker"] / mean["alone"]["flicker"],
    }


def text(found: dict[str, Any]) -> str:
    """What ``measure_flicker`` gave, to be read."""
    lines = [
        [
            KINDS[kind],
            f"{scores['flicker']:.2f}",
            f"{scores['detail']:.3f}",
            f"{scores['sharpness']:.3f}",
            f"{scores['psnr']:.1f}",
        ]
        for kind, scores in found["mean"].items()
    ]
    head = ["", "flicker", "true detail", "sharpness", "PSNR, dB"]
    less = [
        f"{1 - row['film']['flicker'] / row['alone']['flicker']:.0%}" for row in found["photos"]
    ]
    return "\n\n".join(
        [
            f"{len(found['photos'])} photographs, {found['frames']} frames each, {found['model']}"
            f" ({found['machine']['processor']})",
            table(head, lines),
            f"gpen video flickers {found['less_flicker']:.0%} less than frame by frame"
            f" (of the photographs: {', '.join(less)}).",
        ]
    )


def _of_photo(
    picture: NDArray[Any], restorer: Restorer, frames: int, rng: np.random.Generator
) -> dict[str, Scores] | None:
    """None where no face is large enough."""
    pixels = Pixels(picture)
    faces = restorer.detector.detect(pixels)
    face = max(faces, key=lambda f: f.size[1], default=None)
    if face is None or face.size[1] < LEAST_FACE:
        return None
    image = pixels.rgb((0, 0, pixels.width, pixels.height))
    moves = motion(face.landmarks, min(1.0, FACE / face.size[1]), frames)
    truth = [np.clip(resample(image, move, SIZE), 0, 1) for move in moves]
    source = [damaged(frame, rng) for frame in truth]
    landmarks = [move(face.landmarks) for move in moves]
    exact = _crops(truth, landmarks)
    return {
        "truth": score(exact, exact),
        "source": score(_crops(source, landmarks), exact),
        "alone": score(_crops(frame_by_frame(source, restorer), landmarks), exact),
        "film": score(_crops(as_film(source, restorer), landmarks), exact),
    }


def motion(
    landmarks: Points, scale: float, frames: int, size: tuple[int, int] = SIZE
) -> list[Similarity]:
    """Photograph to frame: a pan, a zoom and a slight turn around a face, there and back.

    Args:
        landmarks: of the face, in pixels of the photograph.
        scale: pixels of a frame for one of the photograph.
        frames: how many.
        size: width and height of a frame.
    """
    middle = landmarks.mean(axis=0)
    moves = []
    for number in range(frames):
        u = 1 - abs(1 - number / (RATE - 1) % 2)
        zoom, turn = scale * (0.92 + 0.16 * u), 0.03 * np.sin(2 * np.pi * u)
        to = np.array(size) / 2 + (60 * (u - 0.5) + 1.5 * np.sin(5 * u), 25 * (u - 0.5))
        matrix = zoom * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        moves.append(Similarity(np.hstack([matrix, (to - matrix @ middle)[:, None]])))
    return moves


def damaged(frame: FloatImage, rng: np.random.Generator) -> NDArray[np.uint8]:
    """One frame with its own grain and compression."""
    height, width = frame.shape[:2]
    small = (round(width / SHRINK), round(height / SHRINK))
    soft = cv2.resize(blur(frame, BLUR), small, interpolation=cv2.INTER_AREA)
    grainy = add_noise(np.asarray(soft, np.float32), NOISE, rng)
    large = cv2.resize(grainy, (width, height), interpolation=cv2.INTER_CUBIC)
    packed = jpeg(np.asarray(large, np.float32), QUALITY)
    return np.rint(packed * 255).astype(np.uint8)


def frame_by_frame(source: Film, restorer: Restorer) -> Film:
    """Each frame restored as a picture; one in which no face is found stays."""
    results = []
    for frame in source:
        try:
            results.append(restorer.restore(frame, RestoreOptions(guard="off")).composite())
        except GpenError as error:
            if error.code != "no_face":
                raise
            results.append(frame)
    return results


def as_film(source: Film, restorer: Restorer) -> Film:
    """All frames restored as ``gpen video`` does."""

    def frames() -> list[ArrayFrame]:
        return [ArrayFrame(frame, number / RATE) for number, frame in enumerate(source)]

    options = RestoreOptions()
    plan = make_plan(
        frames, restorer.detector, threshold=options.threshold, watch=lambda what, done: None
    )
    return [
        frame.array
        for frame in restored_frames(frames, plan, restorer, options)
        if isinstance(frame, ArrayFrame)
    ]


def score(crops: Sequence[FloatImage], truth: Sequence[FloatImage]) -> Scores:
    """See ``Scores``; crops are (SIDE, SIDE, 3) RGB in 0..1."""
    coverage = face_shape(SIDE)[:, :, None]
    changes = [
        float(np.sum((after - before) ** 2 * coverage)) / (3 * float(coverage.sum()))
        for before, after in pairwise(crops)
    ]
    pairs = list(zip(crops, truth, strict=True))
    return Scores(
        255 * float(np.sqrt(np.mean(changes))),
        float(np.median([sharpness(a, b) for a, b in pairs])),
        float(np.median([true_detail(a, b) for a, b in pairs])),
        float(np.mean([psnr(a * coverage, b * coverage) for a, b in pairs])),
    )


def _crops(frames: Sequence[NDArray[Any]], landmarks: list[Points]) -> list[FloatImage]:
    """The face of each frame where it truly is."""
    return [
        cut_crop(Pixels(frame), to_crop(points, SIDE), SIDE)
        for frame, points in zip(frames, landmarks, strict=True)
    ]
