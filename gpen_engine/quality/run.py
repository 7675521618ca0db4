"""One run of the quality bench: every face, damaged in every way, against every contender."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..faces import Face
from ..faces.agreement import agreements
from ..faces.coverage import face_shape
from ..pixels import FloatImage
from ..restore import RestoreOptions, Restorer
from ..training.data import list_pictures, read_crop, template_square
from ..version import version
from .colour import colour_error
from .contenders import contenders, restored
from .damage import CLASSES, MEAN_OF, SIDE, damaged
from .landmarks import FOUND, landmark_error, most_likely
from .measures import psnr, seam, sharpness, ssim, true_detail

Row = dict[str, Any]
MEASURES = (
    "psnr",
    "ssim",
    "sharpness",
    "detail",
    "landmarks",
    "not_found",
    "changed",
    "colour",
    "seam",
)
MEDIANS = ("sharpness", "detail", "landmarks", "seam")
"""Of these the median is reported, for one ratio or one false face would outweigh all; of the
others the mean. Faces without landmarks count as the farthest."""


@dataclass(frozen=True)
class Settings:
    """Choices for one run."""

    folder: Path
    """Aligned crops, squares with or without the margin of ``training.data``."""
    faces: int | None = None
    """How many of them, spread evenly; None is all."""
    classes: tuple[str, ...] = tuple(CLASSES)
    """Of damage."""
    strengths: tuple[float, ...] = tuple(sorted({0.2, 0.4, 0.6, 0.8, 1.0, RestoreOptions.strength}))
    keep_colours: bool = True
    """See ``RestoreOptions``."""
    seed: int = 1
    """Of the damages' severities."""

    @property
    def shown(self) -> float:
        """The strength that tables of classes and sheets show: the default one, or the highest."""
        default = RestoreOptions.strength
        return default if default in self.strengths else max(self.strengths)


@dataclass
class Case:
    """One face with one damage."""

    file: str
    damage: str
    scores: dict[str, Row]
    """By contender: what each measure says; ``landmarks`` is None where there are none."""


def measure(
    restorer: Restorer,
    settings: Settings,
    watch: Callable[[str, int, int], None] = lambda damage, done, total: None,
) -> tuple[list[Case], Row]:
    """Damages, restores and scores every face.

    Args:
        restorer: the model, and the detector that looks for landmarks.
        settings: what to measure.
        watch: told before each face its damage, how many were measured, and of how many.

    Returns:
        Every case, and the report as JSON has it.

    Raises:
        GpenError: ``no_pictures``, ``bad_image``; those of ``Restorer.restore``.
    """
    started = time.perf_counter()
    truths = Truths(settings)
    faces = {file: most_likely(restorer.detector, truths[file]) for file in truths.files}
    coverage = face_shape(SIDE)
    cases: list[Case] = []
    for name in settings.classes:
        for file in truths.files:
            watch(name, len(cases), len(settings.classes) * len(truths.files))
            image, truth = damaged(truths[file], name, file.name, settings.seed)
            made = contenders(image, restorer, settings.strengths, settings.keep_colours)
            alike = agreements(restorer.detector, [(image, result) for result in made.values()])
            scores = {}
            for (contender, result), similarity in zip(made.items(), alike, strict=True):
                pasted = image + coverage[:, :, None] * (result - image)
                scores[contender] = {
                    "psnr": psnr(result, truth),
                    "ssim": ssim(result, truth),
                    "sharpness": sharpness(result, truth),
                    "detail": true_detail(result, truth),
                    **_landmarks(most_likely(restorer.detector, result), faces[file]),
                    "changed": float(similarity < RestoreOptions.guard_similarity),
                    "colour": colour_error(result, truth),
                    "seam": seam(pasted, truth, coverage),
                }
            cases.append(Case(file.name, name, scores))
    return cases, _report(cases, restorer, settings, time.perf_counter() - started)


def _report(cases: list[Case], restorer: Restorer, settings: Settings, seconds: float) -> Row:
    model = restorer.model
    damages = {n: summary([c for c in cases if c.damage == n]) for n in settings.classes}
    counted = [name for name in MEAN_OF if name in damages]
    return {
        "engine": version(),
        "model": {"name": model.name, "sha256": model.sha256, "size": model.config.in_size},
        "settings": {**asdict(settings), "folder": settings.folder.name},
        "faces": len({case.file for case in cases}),
        "shown": restored(settings.shown),
        "damages": damages,
        "mean_of": counted,
        "mean": mean([damages[name] for name in counted]),
        "cases": [rounded(asdict(case)) for case in cases],
        "took_seconds": round(seconds, 1),
    }


class Truths:
    """The clean faces, read when they are asked for."""

    def __init__(self, settings: Settings) -> None:
        files = list_pictures([settings.folder])
        count = min(settings.faces or len(files), len(files))
        self.files = [files[i * len(files) // count] for i in range(count)]

    def __getitem__(self, file: Path) -> FloatImage:
        """(SIDE, SIDE, 3) float32 RGB in 0..1."""
        return template_square(read_crop(file), SIDE)


def _landmarks(found: Face | None, truth: Face | None) -> Row:
    error = found and truth and landmark_error(found.landmarks, truth.landmarks)
    return {"landmarks": error, "not_found": float(found is None or found.score < FOUND)}


def summary(cases: list[Case]) -> dict[str, Row]:
    """By contender: each measure over some cases, as ``MEDIANS`` says; None where there is none."""
    found: dict[str, Row] = {}
    for contender in cases[0].scores if cases else ():
        rows = [case.scores[contender] for case in cases]
        found[contender] = {}
        for name in MEASURES:
            values = [math.inf if row[name] is None else row[name] for row in rows]
            middle = (statistics.median if name in MEDIANS else statistics.fmean)(values)
            found[contender][name] = rounded(middle) if math.isfinite(middle) else None
    return found


def mean(summaries: list[dict[str, Row]]) -> dict[str, Row]:
    """By contender: the mean of each measure over classes, each of which weighs the same."""
    found: dict[str, Row] = {}
    for contender in summaries[0] if summaries else ():
        found[contender] = {}
        for name in MEASURES:
            values = [s[contender][name] for s in summaries if s[contender][name] is not None]
            found[contender][name] = rounded(statistics.fmean(values)) if values else None
    return found


def rounded(value: Any) -> Any:
    """Numbers with four digits behind the point, in whatever holds them."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, float):
        return round(value, 4)
    return value
