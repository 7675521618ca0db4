"""Writes a film file beside its source: new pictures, everything else as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import GpenError
from .encoding import Encoder
from .film import Film, need_av

if TYPE_CHECKING:
    from av import VideoFrame

METADATA = {"movflags": "use_metadata_tags"}
"""So that MP4 and MOV keep names of notes that they do not know."""


class FilmWriter:
    """A film being written; used by ``film_written``."""

    def __init__(
        self,
        path: Path,
        encoder: Encoder,
        format: str,
        crf: int | None,
        *,
        size: tuple[int, int],
        rate: Fraction,
        time_base: Fraction,
    ) -> None:
        av = need_av()
        self.av = av
        options = {}
        if path.suffix.lower() in (".mp4", ".mov", ".m4v"):
            # A start later than 0 counts in the film's own ticks, too.
            options = {**METADATA, "movie_timescale": str(min(time_base.denominator, 2**31 - 1))}
        self.container = av.open(str(path), "w", container_options=options)
        given = dict(encoder.options)
        if encoder.crf is not None:
            given["crf"] = str(encoder.crf if crf is None else crf)
        try:
            self.stream = self.container.add_stream(encoder.name, rate, options=given)
        except ValueError as error:
            raise GpenError(
                "bad_output",
                f"A {path.suffix} file cannot hold pictures of {encoder.name}.",
                "Choose .mkv, which can hold all, or another --codec.",
            ) from error
        context = self.stream.codec_context
        context.width, context.height = size
        context.pix_fmt = format
        context.time_base = time_base
        context.flags |= av.codec.context.Flags.frame_duration
        context.thread_type = "AUTO"
        self.streams: dict[int, Any] = {}

    def take_after(self, film: Film) -> None:
        """Tags, notes, chapters and all other streams, from the source."""
        av, first, left_out = self.av, film.first, 0
        context = self.stream.codec_context
        for tag in ("colorspace", "color_range", "color_primaries", "color_trc"):
            setattr(context, tag, getattr(first, tag))
        context.sample_aspect_ratio = film.pixel_form
        if film.display_matrix:
            self.stream.set_display_matrix(np.frombuffer(film.display_matrix, np.int32, 9))
        with av.open(str(film.path), metadata_errors="replace") as source:
            self.container.metadata.update(source.metadata)
            pictures = source.streams.video[0]
            self.stream.metadata.update(pictures.metadata)
            self.stream.disposition = pictures.disposition
            for stream in source.streams:
                if stream.type == "data":  # chapters' own track, in MP4, or a camera's records
                    left_out += not source.chapters()
                elif stream.index != pictures.index:
                    self.streams[stream.index] = self._copied(stream)
            self.container.set_chapters(source.chapters())
        if left_out:
            film.notes.append(f"Data streams of the film are not copied ({left_out}).")
        self.start()

    def start(self) -> None:
        """Writes the head of the file.

        Raises:
            GpenError: ``bad_output`` when this kind of file cannot hold what it is to hold.
        """
        try:
            self.container.start_encoding()
        except (self.av.error.FFmpegError, ValueError) as error:
            kinds = sorted({stream.type for stream in self.streams.values()})
            context = self.stream.codec_context
            raise GpenError(
                "bad_output",
                f"Pictures of {context.width} × {context.height} ({context.pix_fmt}) cannot be"
                f" written by {context.name} into a {Path(self.container.name).suffix} file"
                f"{' with the ' + ' and '.join(kinds) + ' of the source' if kinds else ''}.",
                "Choose .mkv and --codec ffv1, which hold nearly everything.",
            ) from error

    def _copied(self, stream: Any) -> Any:
        try:
            new = self.container.add_stream_from_template(stream)
        except (self.av.error.FFmpegError, ValueError) as error:
            raise GpenError(
                "bad_output",
                f"Stream {stream.index} of the source ({stream.type}) cannot be copied into a"
                f" {Path(self.container.name).suffix} file.",
                "Choose .mkv, which can hold nearly all.",
            ) from error
        new.metadata.update(stream.metadata)
        with suppress(AttributeError, TypeError):  # attachments have none
            new.disposition = stream.disposition
        return new

    def copy(self, packet: Any) -> None:
        """A packet of another stream, as it is."""
        stream = self.streams.get(packet.stream.index)
        if stream is not None and packet.dts is not None:
            packet.stream = stream
            self.container.mux(packet)

    def write(self, frame: VideoFrame) -> None:
        """The next frame; its time stamp is kept."""
        frame.pict_type = self.av.video.frame.PictureType.NONE  # the decoder's is no wish of ours
        self.container.mux(self.stream.encode(frame))

    def finish(self) -> None:
        self.container.mux(self.stream.encode(None))


@contextmanager
def film_written(path: Path, *words: Any, **more: Any) -> Iterator[FilmWriter]:
    """A writer that is finished when the block succeeds, and closed in any case.

    Args:
        path: a temporary name; see ``files.replacing``.
        words, more: see ``FilmWriter``.
    """
    writer = FilmWriter(path, *words, **more)
    try:
        yield writer
        writer.finish()
        writer.container.close()
    finally:
        with suppress(Exception):  # what ended the block is the error, not this
            writer.container.close()
