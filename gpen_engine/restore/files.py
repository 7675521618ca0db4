"""From a picture file to a picture file with its faces restored."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checkpoints.records import sha256_of
from ..errors import GpenError
from ..faces import Face
from ..pictures import (
    Picture,
    from_srgb,
    is_srgb,
    read_picture,
    to_srgb,
    to_unit,
    write_picture,
)
from ..pictures.formats import FORMATS
from ..provenance import marked
from ..version import version
from .marks import Mark
from .options import CancelHook, ProgressHook, RestoreOptions
from .restorer import Restorer
from .task import Task

STAGES = ("read", "colour", "detect", "align", "network", "guard", "mask", "paste", "write")
"""What a file goes through. ``colour`` is the way to sRGB; the way back is part of ``paste``, and
so is what keeps the photo's skin tone."""
QUALITY = 95
"""Of JPEG and WebP files, 1..100."""


@dataclass(frozen=True)
class FileReport:
    """What was done to one file."""

    source: Path
    target: Path
    task: str
    task_options: Mapping[str, Any]
    """The task's own choices beside ``options``."""
    width: int
    """Of the written picture, upright, in pixels."""
    height: int
    depth: int
    """Bits a sample that the source has: 8, 16, or 32 for floating point; film has others."""
    faces: list[Face]
    """The restored ones, from left to right."""
    seconds: dict[str, float]
    """Wall time of each of ``STAGES``, and ``total``; 0 for stages that were not needed."""
    device: str
    """Where the network ran."""
    dtype: str
    """Precision of the network's convolutions."""
    model: str
    sha256: str | None
    """Of the model's file."""
    options: RestoreOptions
    quality: int
    notes: list[str]
    """Sentences for the user about what went otherwise than asked."""
    marks: list[Mark]
    """What is to be said of each face, also of those that were left alone."""
    source_sha256: str
    """Of the file that was restored, as it was then."""
    target_sha256: str
    """Of the file that was written."""

    def as_json(self) -> dict[str, Any]:
        """For ``json.dumps``: pixels rounded to a hundredth, seconds to a tenth of a thousandth."""
        return {
            "source": str(self.source),
            "target": str(self.target),
            "source_sha256": self.source_sha256,
            "target_sha256": self.target_sha256,
            "task": self.task,
            "task_options": dict(self.task_options),
            "width": self.width,
            "height": self.height,
            "depth": self.depth,
            "faces": [mark.as_json() for mark in self.marks],
            "seconds": {stage: round(value, 4) for stage, value in self.seconds.items()},
            "device": self.device,
            "dtype": self.dtype,
            "model": self.model,
            "sha256": self.sha256,
            "options": asdict(self.options),
            "quality": self.quality,
            "notes": self.notes,
            "engine": version(),
        }


def restore_file(
    restorer: Restorer | Task,
    source: str | Path,
    target: str | Path,
    options: RestoreOptions | None = None,
    *,
    force: bool = False,
    quality: int = QUALITY,
    progress: ProgressHook = lambda _: None,
    cancel: CancelHook = lambda: False,
) -> FileReport:
    """Restores the faces of a picture file; pixels that no face covers stay bit-identical.

    Other tasks do to the file what they do to a picture.

    Depth, colour profile, EXIF, XMP and alpha are kept as far as the target's format can hold
    them. What was invented is told in the XMP, see ``provenance``.
    With ``options.aligned``, a picture smaller than the model's output is enlarged to it.

    Args:
        restorer: model and detector, or a task that has them.
        source: a picture of one of the formats that are read.
        target: written whole or not at all; its suffix is the format.
        options: what is to be done; a region counts in pixels of the upright picture.
        force: an existing target is replaced, be it the source itself.
        quality: 1..100, for JPEG and WebP.
        progress: see ``Restorer.restore``.
        cancel: see ``Restorer.restore``.

    Raises:
        GpenError: those of ``check_target``, ``read_picture``, ``Restorer.restore`` and
            ``write_picture``.
    """
    source, target, options = Path(source), Path(target), options or RestoreOptions()
    task = restorer if isinstance(restorer, Task) else Task(restorer)
    check_target(source, target, force=force)
    clock = _Clock()
    with clock.stage("read"):
        picture = read_picture(source)
    depth, film = picture.bits, picture.film
    picture, notes = task.prepared(picture, options)
    with clock.stage("colour"):
        pixels = srgb_pixels(picture)
    result = task.restore(pixels, options, progress=progress, cancel=cancel)
    del pixels
    clock.seconds |= result.seconds
    with clock.stage("paste"):
        restored = task.canvas(picture, result)
        if not restored.flags.writeable:  # as what Pillow decodes
            restored = restored.copy()
        result.paste(restored, lambda rgb: from_srgb(rgb, picture), picture.limits)
    height, width = restored.shape[:2]
    with clock.stage("write"):
        source_sum = sha256_of(source)  # before the target, which may be the same file
        written = replace(picture, pixels=restored)
        if invention := task.invention(result):
            written = replace(written, xmp=marked(picture.xmp, invention))
        write_picture(target, written, force=force, quality=quality)
    return FileReport(
        source=source,
        target=target,
        task=task.name,
        task_options=task.told,
        width=width,
        height=height,
        depth=depth,
        faces=result.faces,
        seconds=clock.all(),
        device=str(task.model.device),
        dtype=str(task.model.dtype).removeprefix("torch."),
        model=task.model.name,
        sha256=task.model.sha256,
        options=options,
        quality=quality,
        notes=[*(film.notes if film else ()), *notes, *result.notes],
        marks=result.marks,
        source_sha256=source_sum,
        target_sha256=sha256_of(target),
    )


def check_target(source: Path, target: Path, *, force: bool = False) -> None:
    """What would make writing fail after a long time of restoring, found before.

    Raises:
        GpenError: ``output_exists``, ``bad_output``, ``cannot_write`` or ``film_missing``.
    """
    suffixes = [suffix for format in FORMATS for suffix in format.suffixes]
    if target.suffix.lower() not in suffixes:
        raise GpenError(
            "bad_output",
            f"The name {target.name} does not end as a picture's that can be written.",
            f"End it in one of {', '.join(suffixes)}, or name a folder that exists.",
        )
    next(format for format in FORMATS if target.suffix.lower() in format.suffixes).need()
    if target.exists() and not force:
        if source.exists() and target.samefile(source):
            raise GpenError(
                "output_exists",
                f"The result would replace the picture {source} itself.",
                "Choose another name, or allow overwriting (--force).",
            )
        raise GpenError(
            "output_exists",
            f"The file {target} already exists.",
            "Choose another name, or allow overwriting (--force).",
        )
    if not target.parent.is_dir():
        raise GpenError(
            "cannot_write",
            f"There is no folder {target.parent} to write to.",
            "Make the folder first, or choose another.",
        )


def srgb_pixels(picture: Picture) -> NDArray[Any]:
    """What the network is to see: the pixels themselves, or in sRGB when they are in another
    space; alpha goes along, because fully transparent pixels are not touched."""
    if is_srgb(picture):
        return picture.pixels
    colour = to_srgb(picture)
    return colour if picture.alpha is None else np.dstack([colour, to_unit(picture.alpha)])


class _Clock:
    """Adds up the wall time of stages."""

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0) + time.perf_counter() - started

    def all(self) -> dict[str, float]:
        """Every stage and the total."""
        total = time.perf_counter() - self.started
        return {stage: self.seconds.get(stage, 0.0) for stage in STAGES} | {"total": total}
