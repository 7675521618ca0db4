"""Which encoder writes a film, and the pixels it gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ..errors import GpenError
from .film import need_av
from .film_frame import is_editable


@dataclass(frozen=True)
class Encoder:
    """One way to write pictures."""

    name: str
    """FFmpeg's."""
    crf: int | None
    """The default of its constant quality (smaller is better); None where it has none."""
    options: Mapping[str, str]


ENCODERS: Mapping[str, Encoder] = MappingProxyType(
    {
        "h264": Encoder("libx264", 14, {"preset": "medium"}),
        "hevc": Encoder("libx265", 15, {"preset": "medium", "x265-params": "log-level=error"}),
        "vp9": Encoder("libvpx-vp9", 16, {"b": "0", "cpu-used": "3", "row-mt": "1"}),
        "prores": Encoder("prores_ks", None, {"profile": "3"}),
        "ffv1": Encoder("ffv1", None, {"level": "3", "slicecrc": "1"}),
    }
)
"""By the names that users choose; ffv1 loses nothing."""

CONTAINERS: Mapping[str, str] = MappingProxyType(
    {".mkv": "h264", ".mp4": "h264", ".mov": "h264", ".m4v": "h264", ".webm": "vp9"}
)
"""Suffixes of films that are written, and the encoder where none is chosen. AVI is not among them:
it knows no time stamps."""


def choose_encoder(target: Path, name: str | None) -> Encoder:
    """By the user's name, or the file's.

    Raises:
        GpenError: ``bad_option``; ``encoder_missing`` where this FFmpeg was built without it.
    """
    chosen = name or CONTAINERS[target.suffix.lower()]
    if chosen not in ENCODERS:
        raise GpenError(
            "bad_option", f'There is no codec "{chosen}".', f"Choose {', '.join(ENCODERS)}."
        )
    encoder = ENCODERS[chosen]
    av = need_av()
    try:
        av.codec.Codec(encoder.name, "w")
    except (av.error.FFmpegError, ValueError) as error:
        raise GpenError(
            "encoder_missing",
            f"This build of PyAV has no encoder for {chosen}.",
            "Choose another with --codec; ffv1 is always there.",
        ) from error
    return encoder


def choose_format(encoder: Encoder, source: str) -> tuple[str, str | None]:
    """The pixel format nearest to the source's that the encoder takes and faces can be put into.

    Returns:
        Its name, and a sentence about what is lost, if anything is.
    """
    av = need_av()
    known = [f.name for f in av.codec.Codec(encoder.name, "w").video_formats or ()]
    possible = [name for name in known if is_editable(name)]
    if source in possible:
        return source, None
    best, _ = av.codec.codec.find_best_pix_fmt_of_list(possible, source, False)
    return best.name, f"Pixels are written as {best.name}; the source has {source}."
