"""``gpen video``: a film, or numbered pictures."""

from __future__ import annotations

import functools
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import GpenError
from .choices import FACES, FILES, Choices, with_choices
from .console import guarded, progress_bar
from .reporting import reported

if TYPE_CHECKING:
    from ..video.run import FilmReport

STILL_ONLY = ("preset", "region", "fallback", "aligned", "guard", "guard_similarity")
"""What can be chosen for pictures only."""


@guarded
@functools.partial(with_choices, without=STILL_ONLY)
def video(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="A film, a folder of pictures, or name_%05d.png.")
    ],
    *,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="A film (.mkv, .mp4, .mov, .webm), a folder, or folder/name_%05d.png.",
        ),
    ],
    shot_strength: Annotated[
        str | None,
        typer.Option(
            metavar="S,S,...|FILE",
            rich_help_panel=FACES,
            help="Strengths of the first shots; or a file with lines such as: 7 0.5",
        ),
    ] = None,
    codec: Annotated[
        str | None,
        typer.Option(
            metavar="h264|hevc|vp9|prores|ffv1",
            rich_help_panel=FILES,
            help="How the film is written; ffv1 loses nothing. By default what suits OUT.",
        ),
    ] = None,
    crf: Annotated[
        int | None,
        typer.Option(
            metavar="0..51",
            rich_help_panel=FILES,
            help="Quality of h264, hevc, vp9: smaller is better; 14 to 16 if not given.",
        ),
    ] = None,
    rate: Annotated[
        str,
        typer.Option(
            metavar="N", rich_help_panel=FILES, help="Frames a second of pictures; 24000/1001 too."
        ),
    ] = "24",
    choices: Choices,
) -> None:
    """Restores the faces of a film, steadily from frame to frame.

    Every frame keeps its time; sound, subtitles and notes are copied.

    The first pass looks for faces, in copies of at most 960 pixels unless --detection-size says
    more; the second restores them.
    """
    with reported(choices.json) as entries:
        options = choices.options()
        from ..video.run import FilmOptions, restore_film
        from ..video.shots import parse_shot_strengths
        from ..video.targets import check_film_target

        shots = {} if shot_strength is None else parse_shot_strengths(shot_strength)
        how = FilmOptions(codec, crf, parse_rate(rate), shots)
        check_film_target(source, output, force=choices.force)  # before a model is loaded
        restorer = choices.restorer()
        with progress_bar(quiet=choices.quiet) as bars:
            bar = bars.add_task(source.name, total=None)
            most = 0

            def watch(what: str, done: int) -> None:
                nonlocal most
                bars.update(bar, description=f"{source.name}: {what}", completed=done)
                if what == "restoring":
                    bars.update(bar, total=most + 1)
                else:
                    most = max(most, done)

            report = restore_film(
                restorer,
                source,
                output,
                options,
                how,
                force=choices.force,
                quality=choices.quality,
                watch=watch,
            )
        entries.append(report.as_json())
        if not choices.quiet and choices.json != "-":
            print(described(report))


def described(report: FilmReport) -> str:
    """What was done, in a few lines."""
    frames, shots = len(report.plan.times), len(report.plan.shots)
    tracks = sum(len(tracks) for tracks in report.plan.tracks)
    seconds = report.seconds["total"]
    line = (
        f"{report.target}: {frames} {'frame' if frames == 1 else 'frames'},"
        f" {shots} {'shot' if shots == 1 else 'shots'},"
        f" {tracks} {'face' if tracks == 1 else 'faces'} in {seconds:.1f} s,"
        f" {frames / seconds:.1f} frames a second ({report.model}, {report.device})"
    )
    return "\n".join([line, *(f"  {note}" for note in report.notes)])


def parse_rate(text: str) -> Fraction:
    """Frames a second, ``25``, ``23.976`` or ``24000/1001``; raises GpenError ``bad_option``."""
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise GpenError(
            "bad_option", f'"{text}" is no frame rate.', "Give a number, such as 25 or 24000/1001."
        ) from error
