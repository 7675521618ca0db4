"""Tiny films for tests, and what is in film files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from fake_models import FakeModel, swapped
from numpy.typing import NDArray

from gpen_engine import Restorer
from gpen_engine.faces import Detector, Face
from gpen_engine.faces.geometry import TEMPLATES
from gpen_engine.pixels import Pixels

BASE = Fraction(1, 90000)
SIZE = (160, 120)
UNEVEN = [0, 4500, 7500, 10500, 15000, 18000, 21000, 25500, 28500, 31500, 36000, 39000]
"""Time stamps of frames that do not come at an even rate."""


def a_face(x: float, y: float, size: float, score: float = 0.99) -> Face:
    box = (x - size / 2, y - size / 2, x + size / 2, y + size / 2)
    return Face(box, (TEMPLATES["ffhq"] - 0.5) * size * 1.5 + (x, y), score)


class SquareDetector(Detector):
    """Takes the reddest spot of a picture for a face, or the middle of what it is told."""

    def __init__(self, see: Callable[[Pixels], list[Face]] | None = None) -> None:
        self.device, self.dtype = torch.device("cpu"), torch.float32
        self.see = see

    def detect(self, pixels: Pixels, **how: Any) -> list[Face]:
        if self.see:
            return self.see(pixels)
        rgb = pixels.rgb((0, 0, pixels.width, pixels.height))
        red = (rgb[:, :, 0] - rgb[:, :, 1:].max(axis=2)) > 0.4
        if red.sum() < 30:
            return []
        y, x = np.nonzero(red)
        return [a_face(x.mean(), y.mean(), float(np.sqrt(red.sum())))]


def fake_restorer(paint: Callable[[Any], Any] = swapped, **more: Any) -> Restorer:
    """Finds red squares and exchanges their red and blue."""
    return Restorer(FakeModel(paint, **more), detector=SquareDetector(), device="cpu")


def picture(place: int, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    """A red square on a pattern, (h, w, 3)."""
    width, height = size
    y, x = np.mgrid[:height, :width]
    image = np.dstack([x * 200 // width, y * 200 // height, (x + y) % 64]).astype(np.uint8)
    image[:, :, 0] //= 2
    image[40:80, 40 + place : 80 + place] = (220, 40, 30)
    return image


@dataclass
class Clip:
    """What a test's film has."""

    stamps: Sequence[int] = tuple(UNEVEN)
    codec: str = "libx264"
    format: str = "yuv420p"
    tags: tuple[int, int, int, int] = (1, 1, 1, 1)
    """Matrix, range, primaries, transfer."""
    audio: bool = True
    subtitles: str | None = None
    turn: int = 0
    pixel_form: Fraction = Fraction(1)
    size: tuple[int, int] = SIZE
    picture: Callable[[int], NDArray[np.uint8]] | None = None

    def write(self, path: Path) -> Path:
        draw = self.picture or (lambda number: picture(2 * number, self.size))
        with av.open(str(path), "w") as out:
            stream = out.add_stream(self.codec, 24, options={"crf": "18"})
            context = stream.codec_context
            context.width, context.height = self.size
            context.pix_fmt, context.time_base = self.format, BASE
            context.colorspace, context.color_range = self.tags[:2]
            context.color_primaries, context.color_trc = self.tags[2:]
            context.sample_aspect_ratio = self.pixel_form
            stream.metadata["title"] = "Reel 7"
            out.metadata["title"] = "A film"
            if self.turn:
                stream.set_display_rotation(self.turn)
            sound = out.add_stream("aac", 48000) if self.audio else None
            text = out.add_mux_stream(self.subtitles) if self.subtitles else None
            out.set_chapters(
                [{"id": 1, "start": 0, "end": 20000, "time_base": BASE,
                  "metadata": {"title": "One"}}]
            )  # fmt: skip
            out.start_encoding()
            if text is not None:
                line = av.Packet(b"Hello")
                line.stream, line.time_base = text, Fraction(1, 1000)
                line.pts = line.dts = 40
                line.duration = 200
                out.mux(line)
            rng = np.random.default_rng(1)
            for number, stamp in enumerate(self.stamps):
                rgb = av.VideoFrame.from_ndarray(draw(number), "rgb24")
                frame = rgb.reformat(
                    format=self.format, dst_colorspace=self.tags[0], dst_color_range=self.tags[1]
                )
                frame.pts, frame.time_base = stamp, BASE
                out.mux(stream.encode(frame))
                if sound is not None:
                    noise = rng.normal(0, 0.1, (2, 2048)).astype(np.float32)
                    heard = av.AudioFrame.from_ndarray(noise, "fltp")
                    heard.sample_rate, heard.pts = 48000, 2048 * number
                    heard.time_base = Fraction(1, 48000)
                    out.mux(sound.encode(heard))
            for coded in filter(None, (stream, sound)):
                out.mux(coded.encode(None))
        return path


@dataclass
class Content:
    """What a film file holds."""

    times: list[Fraction]
    tags: set[tuple[int, int, int, int]]
    format: str
    planes: list[list[NDArray[Any]]]
    """Of each frame, as decoded."""
    rgb: list[NDArray[np.uint8]]
    packets: dict[str, list[tuple[Fraction, bytes]]]
    """Of all other streams, by kind: time and content."""
    turn: int
    pixel_form: Fraction | None
    metadata: dict[str, str]
    chapters: int


def read(path: Path) -> Content:
    times, tags, planes, rgb, turn, name = [], set(), [], [], 0, ""
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        for frame in film.decode(stream):
            times.append(frame.pts * frame.time_base)
            tags.add((frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc))
            turn, name = frame.rotation, frame.format.name
            wide = 2 if frame.format.components[0].bits > 8 else 1
            kind = np.uint16 if wide == 2 else np.uint8
            rows = [np.frombuffer(p, kind).reshape(-1, p.line_size // wide) for p in frame.planes]
            many = 4 if name == "bgr0" else 1  # samples of a packed pixel
            cut = [
                r[: p.height, : p.width * many].copy()
                for r, p in zip(rows, frame.planes, strict=True)
            ]
            planes.append(cut)
            rgb.append(frame.to_ndarray(format="rgb24"))
        pixel_form = stream.sample_aspect_ratio
        metadata, chapters = dict(film.metadata), len(film.chapters())
    packets: dict[str, list[tuple[Fraction, bytes]]] = {}
    with av.open(str(path)) as film:
        for packet in film.demux():
            if packet.stream.type != "video" and packet.size:
                time = packet.pts * packet.time_base
                packets.setdefault(packet.stream.type, []).append((time, bytes(packet)))
    return Content(times, tags, name, planes, rgb, packets, turn, pixel_form, metadata, chapters)
