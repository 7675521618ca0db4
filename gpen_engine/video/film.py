"""Film files: what they are, and their frames in order."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import GpenError
from .film_frame import FilmFrame, is_editable, turn_of

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer

PLAIN = "rgb24"
"""What a format that is not editable becomes, if nothing better is asked for."""


class Film:
    """A film file, opened anew for each pass.

    Args:
        path: any container and codec that FFmpeg reads.

    Attributes:
        width, height: of the stored frames, in pixels.
        format: of their pixels, in FFmpeg's names.
        rate: average frames a second.
        time_base: seconds of one tick of time stamps.
        first: the first frame, with all tags.
        turned, pixel_form: see ``FilmFrame``.
        display_matrix: 36 bytes that turn the frames upright, or None.
        notes: sentences for the user about what is unusual.

    Raises:
        GpenError: ``file_missing``; ``bad_video`` when it is no film, has no pictures, or is
            damaged at its beginning; ``video_missing`` without PyAV.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: list[str] = []
        with self._opened() as container:
            stream = container.streams.video[0]
            self.width, self.height = stream.codec_context.width, stream.codec_context.height
            rate = stream.average_rate or stream.guessed_rate or Fraction(25)
            self.rate = Fraction(rate)
            self.time_base = Fraction(stream.time_base or 1 / self.rate)
            self.pixel_form = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
            self.stated_end = _stated_end(stream)
            with self._understood():
                frame = next(container.decode(stream), None)
            if frame is None:
                raise self._damaged("holds no frame that can be read")
            self.first = frame
            self.format = frame.format.name
            self.display_matrix = _display_matrix(frame)
            self.turned = turn_of(self.display_matrix)
            if frame.interlaced_frame:
                self.notes.append(
                    "The film is interlaced; its frames are restored and written as whole ones."
                )

    def frames(
        self, format: str | None = None, others: Callable[[Any], None] | None = None
    ) -> Iterator[FilmFrame]:
        """Every frame in the order of showing.

        Args:
            format: that pixels are converted to; None keeps theirs where it is editable.
            others: gets the packets of all other streams meanwhile.

        Raises:
            GpenError: ``bad_video`` at the first frame that is damaged.
        """
        ticks = -1
        step = max(1, round(1 / self.rate / self.time_base))
        with self._opened() as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            wanted = container.streams if others else [stream]
            number = 0
            with self._understood(lambda: number):
                for packet in container.demux(*wanted):
                    if packet.stream.index != stream.index:
                        if others and packet.size:
                            others(packet)
                        continue
                    if packet.is_corrupt:
                        raise self._damaged(f"is damaged or cut short after frame {number}")
                    for frame in stream.decode(packet):
                        if frame.pts is None:
                            frame.pts, frame.time_base = ticks + step, self.time_base
                        ticks = frame.pts
                        yield self._prepared(frame, format, number)
                        number += 1
        end = float(ticks * self.time_base)
        if end + max(2 / float(self.rate), 0.1) < self.stated_end:
            note = (
                f"The film says it lasts {self.stated_end:.2f} s, but its last frame comes at"
                f" {end:.2f} s: it may be cut short."
            )
            self.notes += [note] if note not in self.notes else []

    def _prepared(self, frame: VideoFrame, format: str | None, number: int) -> FilmFrame:
        if (frame.width, frame.height) != (self.width, self.height):
            raise GpenError(
                "bad_video",
                f"The film changes from {self.width} × {self.height} to {frame.width} ×"
                f" {frame.height} pixels at frame {number + 1}.",
                "Cut it there, and restore the parts one by one.",
            )
        format = format or (frame.format.name if is_editable(frame.format.name) else PLAIN)
        frame = converted(frame, format)
        frame.make_writable()
        return FilmFrame(frame, float(frame.time), self.turned, self.pixel_form)

    @contextmanager
    def _opened(self) -> Iterator[InputContainer]:
        av = need_av()
        if not self.path.exists():
            raise GpenError(
                "file_missing", f"There is no file {self.path}.", "Check its name and its folder."
            )
        with self._understood():
            container = av.open(str(self.path), metadata_errors="replace")
        with container:
            if not container.streams.video:
                raise GpenError(
                    "bad_video", f"There are no pictures in {self.path.name}, only sound or text."
                )
            yield container

    @contextmanager
    def _understood(self, number: Callable[[], int] = lambda: 0) -> Iterator[None]:
        """FFmpeg's errors as ours."""
        av = need_av()
        try:
            yield
        except av.error.FFmpegError as error:
            if number():
                raise self._damaged(f"is damaged after frame {number()}") from error
            raise GpenError(
                "bad_video",
                f"The file {self.path.name} is not a film that can be read, or it is damaged.",
                "Copy it again from where it came from; other programs may tell more about it.",
            ) from error

    def _damaged(self, how: str) -> GpenError:
        return GpenError(
            "bad_video",
            f"The film {self.path.name} {how}.",
            "Copy it again from where it came from, or cut the damaged part off.",
        )


def converted(frame: VideoFrame, format: str, matrix: int | None = None) -> VideoFrame:
    """The frame in another pixel format, with its time and colour tags.

    Args:
        frame: any.
        format: in FFmpeg's names.
        matrix: of the result's colours, where the frame is RGB and it is not; limited range.
    """
    if frame.format.name == format:
        return frame
    limits = {} if matrix is None else {"src_color_range": 2, "dst_color_range": 1}
    new = frame.reformat(format=format, dst_colorspace=matrix, **limits)
    if matrix is not None:
        new.colorspace = new.color_primaries = new.color_trc = matrix
    if frame.pts is not None:
        new.pts, new.time_base, new.duration = frame.pts, frame.time_base, frame.duration
    return new


def need_av() -> Any:
    """PyAV.

    Raises:
        GpenError: ``video_missing``.
    """
    try:
        import av
    except ImportError as error:
        raise GpenError(
            "video_missing",
            "Films need the package PyAV, which is not installed.",
            f"Install it: {sys.executable} -m pip install av",
        ) from error
    return av


def _stated_end(stream: Any) -> float:
    """When the file says that the pictures end, in seconds; 0 when it does not say."""
    if stream.duration is not None:
        return float(((stream.start_time or 0) + stream.duration) * stream.time_base)
    clock = re.fullmatch(r"(\d+):(\d+):([\d.]+)", stream.metadata.get("DURATION", ""))  # Matroska's
    return (
        sum(float(n) * s for n, s in zip(clock.groups(), (3600, 60, 1), strict=True))
        if clock
        else 0.0
    )


def _display_matrix(frame: VideoFrame) -> bytes | None:
    data: Any = frame.side_data.get("DISPLAYMATRIX")
    return bytes(data) if data is not None else None
