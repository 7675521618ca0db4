"""Enlarge with Faces: a new picture, the faces by GPEN, the rest by an upscaler."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Unpack

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import GpenError
from ..faces import Face
from ..pictures import Picture, from_srgb, from_unit, is_srgb
from ..pixels import Pixels
from ..provenance import Invention
from ..restore import Progress, RestoreOptions, Restorer, RestoreResult, Stage
from ..restore.options import never, untold
from ..restore.task import How, Task
from ..version import version
from ..wire import COARSE, side_of
from .elsewhere import Elsewhere, enlarged
from .membrane import continued
from .upscaling import Upscaler

SCALES = (2, 4)
MOST = 500_000_000
"""Pixels of the new picture; as many are read."""


class Enlarger(Task):
    """Makes a picture two or four times larger.

    Faces are found in the picture as it is, cut from it as plainly enlarged as in the published
    code, restored, and pasted onto the new picture at the size that they have there.

    Args:
        restorer: model, detector and parser for the faces.
        scale: one of ``SCALES``.
        upscaler: what enlarges all else; None means Lanczos interpolation.

    Raises:
        GpenError: ``wrong_task``; ``bad_option`` for another scale.
    """

    name, models = "enlarge", "restore"

    def __init__(
        self, restorer: Restorer, scale: int = 2, upscaler: Upscaler | None = None
    ) -> None:
        super().__init__(restorer)
        check_scale(scale)
        self.scale = scale
        self.upscaler = upscaler

    @property
    def told(self) -> Mapping[str, Any]:
        network = self.upscaler
        return {
            "scale": self.scale,
            "upscaler": network and network.name,
            "upscaler_sha256": network and network.sha256,
        }

    def prepared(self, picture: Picture, options: RestoreOptions) -> tuple[Picture, list[str]]:
        return picture, []

    def restore(
        self,
        image: NDArray[Any],
        options: RestoreOptions | None = None,
        **how: Unpack[How],
    ) -> RestoreResult:
        """The enlarged picture and its faces; see ``Restorer.restore``.

        Without a face it is enlarged all the same. An upscaler clips floating-point pictures to
        0..1; interpolation does not.

        Args:
            image: see ``Restorer.restore``.
            options: a region counts in pixels of this picture; ``strength`` is that of the faces.
            how: see ``Restorer.restore``; selection and faces are those of this picture, too. In
                ``progress`` the upscaler's tiles come after the faces; ``cancel`` is asked between
                them.

        Returns:
            Picture, faces and patches at the new size.

        Raises:
            GpenError: those of ``Restorer.restore`` but ``no_face``; ``too_large``.
        """
        options = options or RestoreOptions()
        pixels = _solid(Pixels(image))
        check_size(pixels.width, pixels.height, self.scale)
        canvas = _interpolated(pixels.array, self.scale)
        result = self._faces(pixels, canvas, options, how)
        notes, seconds = [*result.notes, *self._advice(result.faces, options)], dict(result.seconds)
        if self.upscaler:
            started = time.perf_counter()
            progress, cancel = how.get("progress", untold), how.get("cancel", never)

            def tiled(done: int, total: int) -> None:
                progress(Progress(Stage.ENLARGE, done, total))
                if cancel():
                    raise GpenError("cancelled", "The enlarging was cancelled.")

            # The faces have their pixels by now, and the canvas can be what lies below them.
            self.upscaler.enlarge(pixels, canvas, self.scale, progress=tiled, note=notes.append)
            seconds["network"] = seconds.get("network", 0) + time.perf_counter() - started
        else:
            notes.append("The picture was interpolated; no upscaler was used.")
        return replace(result, seconds=seconds, notes=notes)

    def _faces(
        self,
        pixels: Pixels,
        canvas: NDArray[Any],
        options: RestoreOptions,
        how: How,
    ) -> RestoreResult:
        restorer = self.restorer.with_parts(
            Elsewhere(self.restorer.detector, pixels, canvas, scale=self.scale),
            self.restorer.parser,
        )
        selection, faces = how.get("selection"), how.get("faces")
        if selection is not None:
            how["selection"] = _interpolated(selection[:, :, None], self.scale, soft=True)[:, :, 0]
        if faces is not None:
            how["faces"] = [enlarged(face, self.scale) for face in faces]
        region = options.region
        if region:
            x0, y0, x1, y1 = (self.scale * v for v in region)
            region = (x0, y0, x1, y1)
        try:
            return restorer.restore(canvas, replace(options, region=region), **how)
        except GpenError as error:
            if error.code != "no_face":
                raise
            return RestoreResult(Pixels(canvas), [], options.strength, {}, [error.sentence])

    def _advice(self, faces: list[Face], options: RestoreOptions) -> list[str]:
        """Says so when the model gives less than the new picture could show."""
        size = self.model.config.out_size
        sides = [side_of(face.landmarks.ravel().tolist(), options.template) for face in faces]
        largest = round(max(sides, default=0))
        if largest <= COARSE * size:
            return []
        return [
            f"The largest face takes {largest} pixels in the new picture;"
            f" {self.model.name} gives {size}, and a larger model would show more."
        ]

    def invention(self, result: RestoreResult) -> Invention | None:
        """An upscaler invents detail even where it finds no face."""
        invention, network = super().invention(result), self.upscaler
        if invention or network is None:
            return invention
        made = (network.name, network.sha256, 1.0, 0, version())
        return Invention(*made, self.source_type, self.name)

    def canvas(self, picture: Picture, result: RestoreResult) -> NDArray[Any]:
        """The enlarged picture in the file's own colours."""
        pixels = result.pixels
        if is_srgb(picture):
            return pixels.array
        colours = from_srgb(pixels.array[:, :, : pixels.colours], picture)
        alpha = pixels.array[:, :, pixels.colours :]
        return from_unit(np.concatenate([colours, alpha], axis=2), picture.pixels.dtype)


def check_scale(scale: int) -> None:
    """Raises GpenError: ``bad_option`` for another than ``SCALES``."""
    if scale not in SCALES:
        raise GpenError(
            "bad_option",
            f"Pictures are not enlarged {scale} times.",
            f"Choose {' or '.join(map(str, SCALES))}.",
        )


def check_size(width: int, height: int, scale: int) -> None:
    """Raises GpenError: ``too_large`` when a picture would have more than ``MOST`` pixels."""
    if width * height * scale**2 > MOST:
        raise GpenError(
            "too_large",
            f"The picture would have more than {MOST // 10**6} megapixels.",
            "Enlarge it less, or a part of it.",
        )


def _interpolated(array: NDArray[Any], scale: int, *, soft: bool = False) -> NDArray[Any]:
    """(h, w, C) at a multiple of its size, of the same type: sharp, or without any overshoot."""
    size = (scale * array.shape[1], scale * array.shape[0])
    known = array.astype(np.float32) if array.dtype == np.float16 else array
    way = cv2.INTER_LINEAR if soft else cv2.INTER_LANCZOS4
    large = cv2.resize(known, size, interpolation=way)
    return large.astype(array.dtype, copy=False).reshape(size[1], size[0], array.shape[2])


def _solid(pixels: Pixels) -> Pixels:
    """The same picture with colours also where it is transparent, so that none of what an editor
    left there bleeds into the edges."""
    whole = (0, 0, pixels.width, pixels.height)
    opaque = pixels.opaque(whole)
    if opaque is None or opaque.all():
        return pixels
    rgb = continued(pixels.rgb(whole), opaque)[:, :, : pixels.colours] * np.float32(pixels.white)
    array = pixels.array.copy()
    if array.dtype.kind == "u":
        rgb = np.rint(rgb)
    array[:, :, : pixels.colours][~opaque] = rgb[~opaque].astype(array.dtype)
    return Pixels(array)
