"""What may be chosen for one restoration, and how its progress is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ..errors import GpenError
from ..faces.detection import check_limit
from ..faces.geometry import TEMPLATES
from ..pixels import Box
from .marks import GUARDS


@dataclass(frozen=True)
class RestoreOptions:
    """Choices for one picture.

    Raises:
        GpenError: ``bad_option`` when a value is out of its range.
    """

    strength: float = 1.0
    """0 leaves the original bit for bit, 1 restores fully; blended at full resolution."""
    template: str = "gpen"
    """How faces are framed: ``gpen`` (the published one) or ``ffhq`` (11.6 % tighter)."""
    keep_colours: bool = True
    """Keep the original's low frequencies, so that skin tone and light do not change. A grey,
    sepia or otherwise toned photograph is restored in its luminance and keeps its tone."""
    threshold: float = 0.9
    """Least confidence of the face detector, 0..1."""
    detection_size: int = 0
    """Long side in pixels, at least 64, of the largest copy of the picture that is searched for
    faces; 0 means full size. Smaller is faster and misses small faces."""
    region: Box | None = None
    """Restore only faces whose middle lies in this rectangle (x0, y0, x1, y1 in pixels, x1 and y1
    outside)."""
    fallback: bool = True
    """Where the region holds no face, take the rectangle itself for the face; where a selection
    holds none, its bounding box."""
    aligned: bool = False
    """The whole picture is one aligned crop: no detection, no mask."""
    match_grain: bool = False
    """Give the restored face the grain of the photograph around it: noise of the same strength and
    fineness. Off by default: a restoration is asked for to get rid of grain, and added noise is one
    thing more that was not in the picture."""
    guard: str = "warn"
    """What happens to a face that changed much: ``off`` does not look, ``warn`` marks it in the
    result, ``skip`` leaves it as it was."""
    guard_similarity: float = 0.8
    """A face whose agreement before and after (0..1, see ``faces.agreement``) is lower has changed
    much. Of the embedded model's validation faces the default marks none after slight damage, and
    one in six after the strong one of the papers or in a worn old photograph (quality bench)."""
    seed: int = 0
    """Seeds the noise of networks whose output is larger than their input (others ignore it), and
    the grain."""

    def __post_init__(self) -> None:
        for name in ("strength", "threshold", "guard_similarity"):
            if not 0 <= getattr(self, name) <= 1:
                words = name.replace("guard_", "guard's ")
                raise GpenError("bad_option", f"The {words} must lie between 0 and 1.")
        if self.guard not in GUARDS:
            raise GpenError(
                "bad_option",
                f'There is no guard "{self.guard}".',
                f"Choose one of {', '.join(GUARDS)}.",
            )
        if self.template not in TEMPLATES:
            raise GpenError(
                "bad_option",
                f'There is no template "{self.template}".',
                f"Choose {' or '.join(TEMPLATES)}.",
            )
        check_limit(self.detection_size)
        if self.region and (self.region[0] >= self.region[2] or self.region[1] >= self.region[3]):
            raise GpenError("bad_option", "The region is empty.", "Give x0,y0,x1,y1 with x0 < x1.")
        if self.aligned and self.region:
            raise GpenError("bad_option", "An aligned picture has no region.", "Give one of them.")


class Stage(StrEnum):
    """What a restoration is doing."""

    DETECT = "detect"
    RESTORE = "restore"
    PASTE = "paste"
    ENLARGE = "enlarge"
    """All but the faces; only where a picture is enlarged."""


@dataclass(frozen=True)
class Progress:
    """How far a restoration has come."""

    stage: Stage
    done: int
    """Finished in this stage: tiles in ``DETECT`` and ``ENLARGE``, faces in the others."""
    total: int
    """Tiles or faces in all."""


ProgressHook = Callable[[Progress], None]
CancelHook = Callable[[], bool]
"""Asked between tiles, batches and faces; True stops with the error ``cancelled``."""


def untold(progress: Progress) -> None:
    """The progress hook of those who do not care."""


def never() -> bool:
    """The cancel hook of those who wait."""
    return False
