"""Complete Face: a hole in a face is filled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from ..errors import GpenError
from ..faces import Patch
from ..faces.coverage import Mask, face_shape, frame
from ..pixels import FloatImage, Pixels
from ..restore import RestoreOptions, Restorer, RestoreResult
from ..restore.selection import Selection
from ..restore.task import How, Task
from .elsewhere import Elsewhere
from .membrane import continued

FAINT = np.float32(0.02)
"""Weight of what lies in a crop beside its face."""


class Completer(Task):
    """Fills holes in faces with GPEN-Inpainting-1024.

    The network sees the hole painted white, as in its published training. Only the hole is
    replaced, as softly as its mask is.

    Args:
        restorer: the model and the detector.
        hole: (H, W) uint8, uint16 or floating mask of the picture's size, white is the hole; by
            default each picture's selection is its hole.

    Raises:
        GpenError: ``wrong_task``.
    """

    name = models = "inpaint"

    def __init__(self, restorer: Restorer, hole: NDArray[Any] | None = None) -> None:
        super().__init__(restorer)
        self.hole = hole

    def restore(
        self,
        image: NDArray[Any],
        options: RestoreOptions | None = None,
        **how: Unpack[How],
    ) -> RestoreResult:
        """Fills the hole in each face that it touches; see ``Restorer.restore``.

        A selection is the hole, in place of the one that is known. Faces are found in the picture
        as it is. Where the hole hides one from the detector, a region or ``faces`` say where it
        is. With ``options.keep_colours`` the filling is shifted so that its tone continues that of
        the pixels around the hole.

        Raises:
            GpenError: those of ``Restorer.restore``; ``no_face`` also when no face lies at the
                hole, ``bad_image`` for a mask of another size, ``no_hole`` for an empty one.
        """
        options = options or RestoreOptions()
        pixels = Pixels(image)
        hole = self._hole(how.pop("selection", None), pixels)
        painted = _painted(pixels, hole)
        helper = self.restorer.with_parts(
            Elsewhere(self.restorer.detector, pixels, painted, wanted=hole.touches),
            lambda crop: _reach(crop.shape[0], options.template),
        )
        plain = replace(
            options,
            keep_colours=False,  # white is not to be kept
            guard="off",  # a hole is to change
            fallback=options.fallback and options.region is not None,
        )
        try:
            result = helper.restore(painted, plain, **how)
        except GpenError as error:
            if error.code != "no_face" or options.region:
                raise
            raise GpenError(
                "no_face",
                "No face was found where the hole is.",
                "Lower the detection threshold, or say where the face is.",
            ) from error
        patches = list(_evened(result.patches, pixels))
        if options.keep_colours:
            patches = [_toned(patch, pixels, hole) for patch in patches]
        patches = list(hole.limit(patches))
        if not patches:
            raise GpenError(
                "no_face",
                "The hole lies outside of the faces.",
                "Make a hole of the part of a face that is to be filled.",
            )
        shown = [id(patch.face) for patch in patches]
        return RestoreResult(
            pixels,
            patches,
            options.strength,
            result.seconds,
            [*result.notes, *_left_over(patches, hole)],
            [mark for mark in result.marks if id(mark.face) in shown],
        )

    def _hole(self, selection: NDArray[Any] | None, pixels: Pixels) -> Selection:
        """What is to be filled, somewhere at least."""
        if selection is not None or self.hole is None:
            if selection is None or not selection.any():
                raise no_hole()
            return Selection(selection, pixels)
        if self.hole.shape != (pixels.height, pixels.width):
            height, width = self.hole.shape[:2]
            raise GpenError(
                "bad_image",
                f"The mask is {width} by {height} pixels, and the picture {pixels.width} by"
                f" {pixels.height}.",
                "Give a mask of the picture's size.",
            )
        hole = Selection(self.hole, pixels)
        if hole.box() is None:
            raise GpenError(
                "no_hole",
                "The mask is black everywhere, so there is nothing to fill.",
                "Paint the part of the face that is to be filled white in it.",
            )
        return hole


def no_hole() -> GpenError:
    """The error that nothing says what is to be filled."""
    return GpenError(
        "no_hole", "Nothing is selected.", "Select the part of the face that is to be filled in."
    )


def _reach(size: int, template: str) -> Mask:
    """(size, size) how much a crop has to say: whatever lies in it may be filled, but where
    another face lies, that one's own crop knows better."""
    reach: Mask = np.maximum(face_shape(size, template), FAINT * frame(size))
    return reach


def _evened(patches: list[Patch], pixels: Pixels) -> Iterator[Patch]:
    """The patches with coverages that add up to 1 wherever there are any, but for the fade at the
    crops' borders."""
    total = np.zeros((pixels.height, pixels.width), np.float32)
    for patch in patches:
        x0, y0, x1, y1 = patch.box
        total[y0:y1, x0:x1] += patch.coverage
    for patch in patches:
        x0, y0, x1, y1 = patch.box
        here = total[y0:y1, x0:x1]
        own = np.zeros_like(patch.coverage)
        np.divide(patch.coverage * np.minimum(1, here / FAINT), here, out=own, where=here > 0)
        yield replace(patch, coverage=np.minimum(own, 1))


def _painted(pixels: Pixels, hole: Selection) -> NDArray[Any]:
    """A copy of the picture, white wherever the mask is not black."""
    painted = pixels.array.copy()
    painted[:, :, : pixels.colours][hole.pixels.array[:, :, 0] > 0] = pixels.white
    return painted


def _part(hole: Selection, patch: Patch) -> Mask:
    """(h, w) the mask in a patch's box, 0..1."""
    part: Mask = hole.pixels.rgb(patch.box)[:, :, 0]
    return part


def _toned(patch: Patch, pixels: Pixels, hole: Selection) -> Patch:
    """The patch with the network's error in tone around the hole taken back in it."""
    around = _part(hole, patch) == 0
    shift = continued(pixels.rgb(patch.box) - patch.rgb, around)
    rgb: FloatImage = np.clip(patch.rgb + shift, 0, 1)
    return replace(patch, rgb=rgb)


def _left_over(patches: list[Patch], hole: Selection) -> list[str]:
    """What to tell about white parts of the mask that no face reaches."""
    left = hole.pixels.array[:, :, 0] > 0
    for patch in patches:
        x0, y0, x1, y1 = patch.box
        left[y0:y1, x0:x1] &= patch.coverage == 0
    if not left.any():
        return []
    return [f"{int(left.sum())} pixels of the hole lie beyond the faces and stay as they are."]
