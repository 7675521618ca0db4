"""The messages as data classes; each travels as one JSON header."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ..errors import GpenError
from .fields import boolean, integer, items, number, numbers, optional_text, text

PROTOCOL = 5
"""Raised whenever a message changes its meaning. ``hello``, ``status`` and ``stop`` never do, so
that a newer client can always send an older engine away."""

SAMPLES = {"u8": 1, "u16": 2, "float": 4}
"""Bytes of one sample: 8 and 16 bit over their whole range, or float32, nominally 0..1."""
TASKS = ("restore", "colorize", "inpaint", "seg2face", "enlarge")
"""What is done to a picture, as the catalogue and the command line call it."""
RESULTS = ("layer", "faces", "merged")
RESULTS_OF = {"inpaint": ("layer", "merged"), "seg2face": ("layer",), "enlarge": ("layer",)}
"""Which of ``RESULTS`` a task gives, where that is not all of them."""
MOST_SIDE = 1 << 19
"""Pixels; what GIMP allows."""
MOST_PIXELS = 1 << 29

Header = Mapping[str, Any]


@dataclass(frozen=True)
class Hello:
    """The engine's first words."""

    protocol: int
    engine: str
    """Version of the engine."""
    pid: int

    @classmethod
    def parse(cls, header: Header) -> Hello:
        return cls(integer(header, "protocol"), text(header, "engine"), integer(header, "pid"))


@dataclass(frozen=True)
class Request:
    """One picture to restore, or to do another task to, and how.

    The picture's rows follow: RGBA, sRGB-encoded, straight alpha, native byte order. With
    ``selected``, the rows of its soft selection follow these: one sample a pixel, linear.

    What a task does otherwise than ``restore``:

    ``colorize`` has no guard and no ``keep_colours``: the patches' colours have the luminance of
        the picture. A client lays them as *LCh Color* above it, or takes ``merged``.
    ``inpaint`` fills the selection, as softly as it is, in each face that it touches; without
        ``selected`` the answer is ``no_hole``.
    ``seg2face`` takes the picture for a square face map; its one patch is all of it. A selection
        is without effect.
    ``enlarge`` gives a new picture: one patch at 0, 0 of :attr:`result_size`, which carries alpha,
        and whose coverage is white everywhere; ``strength`` is that of the faces in it. Faces of
        the request are in pixels of what is sent, those of the reply in pixels of the new
        picture. A selection says which faces are restored; the whole picture is enlarged.
    """

    width: int
    height: int
    sample: str = "u8"
    """One of ``SAMPLES``, of pixels, selection, patches and coverages alike."""
    selected: bool = False
    """A selection follows: only faces that it touches are restored, and only inside of it."""
    model: str = ""
    """Name or path of the weights; empty for the engine's default, or for the known model of the
    task where that is none for restoring."""
    strength: float = 1.0
    """0 original, 1 fully restored. Only ``merged`` results are blended by the engine; for others
    it is the opacity that the client gives the layer."""
    template: str = "gpen"
    keep_colours: bool = True
    threshold: float = 0.9
    detection_size: int = 0
    """Long side of the largest copy that is searched for faces; 0 is full size."""
    fallback: bool = False
    """Where no face is found in the selection, take the selection itself for one."""
    seed: int = 0
    match_grain: bool = False
    """Give restored faces the grain of the picture around them."""
    guard: str = "warn"
    """``off``, ``warn`` or ``skip``: what happens to a face that changed much."""
    guard_similarity: float = 0.8
    """Below it a face has changed much, 0..1."""
    result: str = "layer"
    """``layer``: patches that do not overlap, to be laid on one layer; ``faces``: a patch for each
    face, to be laid one above the other, the last one lowest; ``merged``: patches that do not
    overlap, with the original blended in, which replace its pixels."""
    faces: tuple[FaceInfo, ...] | None = None
    """The faces to restore, each at its own strength; None has the engine find them."""
    task: str = "restore"
    """One of ``TASKS``."""
    scale: int = 2
    """For ``enlarge``: how many times larger the new picture is, 2 or 4."""
    upscaler: str = ""
    """For ``enlarge``: name or path of the network for all but the faces, or ``none`` for
    interpolation; empty for the installed one of this scale, else interpolation."""

    @property
    def result_size(self) -> tuple[int, int]:
        """Width and height within which the patches lie."""
        times = self.scale if self.task == "enlarge" else 1
        return times * self.width, times * self.height

    @property
    def row_bytes(self) -> int:
        """Bytes of one row of pixels."""
        return self.width * 4 * SAMPLES[self.sample]

    @property
    def selection_row_bytes(self) -> int:
        """Bytes of one row of the selection."""
        return self.width * SAMPLES[self.sample]

    @classmethod
    def parse(cls, header: Header) -> Request:
        """Raises GpenError: ``protocol`` when a field is missing or of another type,
        ``too_large`` when the picture is; options are left to the engine to judge."""
        request = cls(
            width=integer(header, "width", least=1),
            height=integer(header, "height", least=1),
            sample=text(header, "sample", among=tuple(SAMPLES)),
            selected=boolean(header, "selected"),
            model=text(header, "model"),
            strength=number(header, "strength"),
            template=text(header, "template"),
            keep_colours=boolean(header, "keep_colours"),
            threshold=number(header, "threshold"),
            detection_size=integer(header, "detection_size", least=0),
            fallback=boolean(header, "fallback"),
            seed=integer(header, "seed", least=0),
            match_grain=boolean(header, "match_grain"),
            guard=text(header, "guard"),
            guard_similarity=number(header, "guard_similarity"),
            result=text(header, "result", among=RESULTS),
            faces=None if header.get("faces") is None else faces_in(header),
            task=text(header, "task", among=TASKS),
            scale=integer(header, "scale", least=1),
            upscaler=text(header, "upscaler"),
        )
        if _is_too_large(request.width, request.height):
            raise GpenError(
                "too_large",
                f"A picture of {request.width} by {request.height} pixels is too large.",
                "Select the part with the faces first.",
            )
        width, height = request.result_size
        if _is_too_large(width, height):
            raise GpenError(
                "too_large",
                f"The enlarged picture would be {width} by {height} pixels, which is too large.",
                "Enlarge it less, or a part of it.",
            )
        return request


def _is_too_large(width: int, height: int) -> bool:
    return max(width, height) > MOST_SIDE or width * height > MOST_PIXELS


@dataclass(frozen=True)
class Progress:
    """What the engine is doing."""

    stage: str
    """``waiting`` (for other jobs), ``load`` (of the model), ``detect``, ``restore``, ``paste``;
    a client shows others as they are."""
    done: int
    """Jobs ahead when waiting; parts of the picture searched; faces finished."""
    total: int
    """0 where it is not known."""

    @classmethod
    def parse(cls, header: Header) -> Progress:
        return cls(text(header, "stage"), integer(header, "done"), integer(header, "total"))


@dataclass(frozen=True)
class FaceInfo:
    """A face that was found, in pixels of what was sent; in a reply, of the picture that was made,
    where the task makes one."""

    box: tuple[float, float, float, float]
    landmarks: tuple[float, ...]
    """x and y of left eye, right eye, nose, left and right mouth corner, as seen."""
    score: float
    """The detector's confidence, 0..1; 0 where the selection was taken for a face."""
    similarity: float | None = None
    """How far the restored face agrees with the picture's, 0..1; no measure of identity. None
    when the guard is off."""
    changed: bool = False
    """It is lower than the guard's."""
    restored: bool = True
    """False where the guard left the face as it was; no patch shows it."""
    limits: tuple[str, ...] = ()
    """Why it cannot be restored faithfully: ``small``, ``noisy``."""
    strength: float = 1.0
    """Of this face alone, 0..1. With the result ``faces`` it is the opacity that the client gives
    the face's layer; with others it is in the coverages."""

    @classmethod
    def parse(cls, header: Header) -> FaceInfo:
        x0, y0, x1, y1 = numbers(header, "box", 4)
        return cls(
            (x0, y0, x1, y1),
            numbers(header, "landmarks", 10),
            number(header, "score"),
            None if header.get("similarity") is None else number(header, "similarity"),
            boolean(header, "changed"),
            boolean(header, "restored"),
            tuple(items(header, "limits", str)),
            number(header, "strength"),
        )


def faces_in(header: Header) -> tuple[FaceInfo, ...]:
    """The list ``faces`` of a header."""
    return tuple(FaceInfo.parse(face) for face in items(header, "faces", dict))


@dataclass(frozen=True)
class PatchInfo:
    """A restored rectangle, in pixels of what was sent; of the new picture, where one is made."""

    x: int
    y: int
    width: int
    height: int
    faces: tuple[int, ...]
    """Which of the reply's faces it shows."""

    @classmethod
    def parse(cls, header: Header) -> PatchInfo:
        return cls(
            integer(header, "x", least=0),
            integer(header, "y", least=0),
            integer(header, "width", least=1),
            integer(header, "height", least=1),
            tuple(int(value) for value in numbers(header, "faces")),
        )


@dataclass(frozen=True)
class Reply:
    """What came of a request. For each patch its rows follow, RGBA as they were sent, then the
    rows of its coverage, one sample a pixel. Pixels that are not covered are transparent, in a
    merged result as they were."""

    model: str
    sha256: str | None
    """Of the weights file."""
    device: str
    engine: str
    faces: tuple[FaceInfo, ...]
    patches: tuple[PatchInfo, ...]
    notes: tuple[str, ...] = ()
    """Sentences for the user about what went otherwise than asked."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Wall time of each stage in the engine, ``receive`` (of the picture) the first."""
    task: str = "restore"
    """As in the request."""
    upscaler: str = ""
    """Name of the network that enlarged all but the faces; empty where none did."""

    @classmethod
    def parse(cls, header: Header) -> Reply:
        seconds = header.get("seconds")
        return cls(
            model=text(header, "model"),
            sha256=optional_text(header, "sha256"),
            device=text(header, "device"),
            engine=text(header, "engine"),
            faces=faces_in(header),
            patches=tuple(PatchInfo.parse(patch) for patch in items(header, "patches", dict)),
            notes=tuple(items(header, "notes", str)),
            seconds={k: number(seconds, k) for k in seconds} if isinstance(seconds, dict) else {},
            task=text(header, "task"),
            upscaler=text(header, "upscaler"),
        )


@dataclass(frozen=True)
class Status:
    """How the engine is."""

    state: str
    """``starting``, ``idle`` or ``working``."""
    engine: str
    pid: int
    device: str
    """Such as ``cpu`` or ``cuda:0 (NVIDIA H200)``; empty while starting."""
    models: tuple[str, ...]
    """Loaded and warm, the last used first."""
    memory: int
    """Bytes that the process holds."""
    waiting: int
    """Jobs in the queue."""
    uptime: float
    """Seconds."""
    log: str
    """The log folder."""

    @classmethod
    def parse(cls, header: Header) -> Status:
        return cls(
            state=text(header, "state"),
            engine=text(header, "engine"),
            pid=integer(header, "pid"),
            device=text(header, "device"),
            models=tuple(items(header, "models", str)),
            memory=integer(header, "memory"),
            waiting=integer(header, "waiting"),
            uptime=number(header, "uptime"),
            log=text(header, "log"),
        )


def as_header(kind: str, message: Any = None) -> dict[str, Any]:
    """The header of a data class, or of a message that has no more than its kind."""
    return {"kind": kind, **(asdict(message) if message is not None else {})}


def error_header(error: GpenError) -> dict[str, Any]:
    return {"kind": "error", "code": error.code, "sentence": error.sentence, "hint": error.hint}


def parse_error(header: Header) -> GpenError:
    """The engine's error, to be raised on this side."""
    return GpenError(text(header, "code"), text(header, "sentence"), text(header, "hint"))
