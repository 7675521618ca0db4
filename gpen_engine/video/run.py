"""From a film to a film with its faces restored."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..errors import GpenError
from ..provenance import Invention
from ..restore.options import RestoreOptions
from ..restore.restorer import Restorer
from ..version import version
from .encoding import choose_encoder
from .film import Film
from .frames import Frame
from .plan import Plan, Watch, make_plan
from .restoring import restored_frames
from .sequence import Sequence, is_sequence
from .shots import ShotStrengths, of_shots
from .targets import check_film_target, film_target, is_film_name, picture_target

RATE = Fraction(24)
"""Frames a second of pictures, if nothing else is said."""


@dataclass(frozen=True)
class FilmOptions:
    """How a film is written, beside ``RestoreOptions``.

    Raises:
        GpenError: ``bad_option``.
    """

    codec: str | None = None
    """A name of ``encoding.ENCODERS``; None is the target's usual one."""
    crf: int | None = None
    """Constant quality, 0..51, smaller is better; None is the codec's default here."""
    rate: Fraction = RATE
    """Frames a second where the source is pictures."""
    shots: ShotStrengths = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.crf is not None and not 0 <= self.crf <= 51:
            raise GpenError("bad_option", "The constant quality (crf) lies between 0 and 51.")
        if not 0 < self.rate <= 1000:
            raise GpenError("bad_option", "The frame rate must lie between 0 and 1000.")


@dataclass(frozen=True)
class FilmReport:
    """What was done to a film."""

    source: Path
    target: Path
    plan: Plan
    strengths: list[float]
    """Of the shots."""
    format: str
    """Of the written pixels, in FFmpeg's names, or ``pictures``."""
    seconds: dict[str, float]
    """Wall time: ``find`` (the first pass), ``restore`` (the second), ``network`` (a part of it)
    and ``total``."""
    device: str
    dtype: str
    model: str
    sha256: str | None
    options: RestoreOptions
    notes: list[str]

    def as_json(self) -> dict[str, Any]:
        """For ``json.dumps``."""
        shots = [
            shot | {"strength": strength}
            for shot, strength in zip(self.plan.as_json(), self.strengths, strict=True)
        ]
        return {
            "source": str(self.source),
            "target": str(self.target),
            "frames": len(self.plan.times),
            "format": self.format,
            "shots": shots,
            "seconds": {stage: round(value, 3) for stage, value in self.seconds.items()},
            "frames_per_second": round(len(self.plan.times) / self.seconds["total"], 3),
            "device": self.device,
            "dtype": self.dtype,
            "model": self.model,
            "sha256": self.sha256,
            "options": asdict(self.options),
            "notes": self.notes,
            "engine": version(),
        }


def restore_film(
    restorer: Restorer,
    source: Path,
    target: Path,
    options: RestoreOptions,
    film_options: FilmOptions | None = None,
    *,
    force: bool = False,
    quality: int = 95,
    watch: Watch = lambda what, done: None,
) -> FilmReport:
    """Restores the faces of a film, steadily over time, in two passes.

    Args:
        restorer: model and detector.
        source: a film file, a folder of pictures, or ``folder/name_%05d.png``.
        target: a film file, a folder, or ``folder/name_%05d.png``; written whole or not at all.
        options: what is done to each face; its strength is that of shots without their own.
        film_options: how the film is written.
        force: what exists is replaced.
        quality: 1..100, of JPEG and WebP pictures.
        watch: see ``Watch``.

    Raises:
        GpenError: ``output_exists``, ``bad_output``, ``cannot_write``, ``bad_video``,
            ``bad_option``; those of ``read_picture``.
    """
    started = time.perf_counter()
    how = film_options or FilmOptions()
    check_film_target(source, target, force=force)
    notes: list[str] = []
    origin = Sequence(source, how.rate) if is_sequence(source) else Film(source)
    if is_film_name(target):
        choose_encoder(target, how.codec)  # would fail only after the first pass
    model = restorer.model
    plan = make_plan(
        origin.frames,
        restorer.detector,
        threshold=options.threshold,
        size=options.detection_size,
        watch=watch,
    )
    found = time.perf_counter()
    seconds = {"find": found - started, "restore": 0.0, "network": 0.0}

    def network(spent: float) -> None:
        seconds["network"] += spent

    strengths = of_shots(how.shots, len(plan.shots), options.strength)
    tracks = sum(map(len, plan.tracks))
    told = Invention(model.name, model.sha256 or "", options.strength, tracks, version())
    opened = (
        film_target(origin, target, how.codec, how.crf, told)
        if is_film_name(target)
        else picture_target(origin, target, told, quality=quality, force=force)
    )
    with opened as into:

        def again() -> Iterable[Frame]:
            if isinstance(origin, Film):
                return origin.frames(into.pixels, into.copy)
            return origin.frames()

        for frame in restored_frames(
            again,
            plan,
            restorer,
            options,
            strengths=strengths,
            watch=watch,
            note=notes.append,
            network=network,
        ):
            into.write(frame)
    ended = time.perf_counter()
    seconds |= {"restore": ended - found, "total": ended - started}
    unusual = origin.notes if isinstance(origin, Film) else []
    return FilmReport(
        source=source,
        target=target,
        plan=plan,
        strengths=strengths,
        format=into.format,
        seconds=seconds,
        device=str(model.device),
        dtype=str(model.dtype).removeprefix("torch."),
        model=model.name,
        sha256=model.sha256,
        options=options,
        notes=[*unusual, *([into.note] if into.note else []), *notes],
    )
