"""Face from Map: a picture in the colours of 19 classes becomes a face."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, Unpack

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import GpenError
from ..faces import Face, Patch
from ..faces.geometry import TEMPLATES, resized
from ..pictures import Picture, from_unit, to_srgb
from ..pixels import Pixels
from ..provenance import GENERATED
from ..restore import Progress, RestoreOptions, Restorer, RestoreResult, Stage
from ..restore.marks import Mark
from ..restore.options import never, untold
from ..restore.task import How, Task
from .palette import COLOURS, nearest


class FaceDrawer(Task):
    """Draws a face from a map of its parts with GPEN-Seg2face-512.

    Args:
        restorer: the model.
        keep_size: the face is as large as its map, even where the network gives more.

    Raises:
        GpenError: ``wrong_task``.
    """

    name = models = "seg2face"
    source_type = GENERATED

    def __init__(self, restorer: Restorer, *, keep_size: bool = False) -> None:
        super().__init__(restorer)
        self.keep_size = keep_size

    def prepared(self, picture: Picture, options: RestoreOptions) -> tuple[Picture, list[str]]:
        """The map in sRGB, which its colours are told in."""
        if picture.profile is None:
            return picture, []
        colours = from_unit(to_srgb(picture), picture.pixels.dtype)
        layers = [colours] if picture.alpha is None else [colours, picture.alpha]
        return replace(picture, pixels=np.dstack(layers), profile=None), []

    def restore(
        self,
        image: NDArray[Any],
        options: RestoreOptions | None = None,
        **how: Unpack[How],
    ) -> RestoreResult:
        """The face of a map.

        Colours that no class has snap to the nearest, and what is transparent is background. The
        network gets the colours in 0..1 and answers in 0..1, as it was published.

        Args:
            image: (S, S), (S, S, C) as ``Pixels`` takes them, framed as an aligned face.
            options: ``strength`` mixes map and face; those about finding faces have no effect.
            how: ``progress`` and ``cancel`` of ``Restorer.restore``; the others have no effect.

        Returns:
            One patch, the whole picture: RGB of the map's type, without alpha, and at least as
            large as the network's output unless the size is kept.

        Raises:
            GpenError: ``not_square``, ``bad_option`` for a region, ``cancelled``,
                ``out_of_memory``, ``bad_image``.
        """
        options = options or RestoreOptions()
        pixels = Pixels(image)
        progress, cancel = how.get("progress", untold), how.get("cancel", never)
        if options.region:
            raise GpenError("bad_option", "A face map has no region.", "Leave --region out.")
        check_square(pixels.width, pixels.height)
        if cancel():
            raise GpenError("cancelled", "The drawing was cancelled.")
        classes, strangers = nearest(_as_8_bits(pixels))
        notes = [_told(strangers)] if strangers else []
        config, started = self.model.config, time.perf_counter()
        crop = COLOURS[_at_size(classes, config.in_size)].astype(np.float32) / np.float32(255)
        progress(Progress(Stage.RESTORE, 0, 1))
        (face,) = self.restorer.run([crop], seed=options.seed, note=notes.append, normalised=False)
        seconds = {"network": time.perf_counter() - started}
        if cancel():
            raise GpenError("cancelled", "The drawing was cancelled.")
        side = pixels.width if self.keep_size else max(pixels.width, config.out_size)
        below = COLOURS[_at_size(classes, side)].astype(np.float32) / np.float32(255)
        patch = Patch(
            Face((0, 0, side, side), TEMPLATES["gpen"] * side, 1.0),
            (0, 0, side, side),
            resized(face, side),
            np.ones((side, side), np.float32),
        )
        progress(Progress(Stage.PASTE, 1, 1))
        canvas = Pixels(_of_type(below, pixels))
        marks = [Mark(patch.face)]
        return RestoreResult(canvas, [patch], options.strength, seconds, notes, marks)

    def canvas(self, picture: Picture, result: RestoreResult) -> NDArray[Any]:
        """A map of the result's size."""
        return result.pixels.array


def check_square(width: int, height: int) -> None:
    """Raises GpenError: ``not_square`` for what cannot be a face map."""
    if width != height:
        raise GpenError(
            "not_square",
            f"A face map is square; this picture is {width} by {height}.",
            "Crop it to a square around the face, as an aligned face is framed.",
        )


def _as_8_bits(pixels: Pixels) -> NDArray[np.uint8]:
    """(H, W, 3) the map's colours, black where it is more than half transparent."""
    whole = (0, 0, pixels.width, pixels.height)
    rgb = np.rint(pixels.rgb(whole) * 255).astype(np.uint8)
    if pixels.array.shape[2] in (2, 4):
        rgb[~(pixels.array[:, :, -1] >= pixels.white / 2)] = 0
    return rgb


def _at_size(classes: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The map at another size; no class appears that was not there."""
    if classes.shape[0] == side:
        return classes
    sized = cv2.resize(classes, (side, side), interpolation=cv2.INTER_NEAREST_EXACT)
    return np.asarray(sized, np.uint8)


def _of_type(unit: NDArray[np.float32], pixels: Pixels) -> NDArray[Any]:
    if pixels.array.dtype.kind == "f":
        return unit.astype(pixels.array.dtype)
    return from_unit(unit, pixels.array.dtype)


def _told(strangers: int) -> str:
    return (
        f"{strangers} {'pixel has' if strangers == 1 else 'pixels have'} a colour of no class;"
        " the nearest one was taken."
    )
