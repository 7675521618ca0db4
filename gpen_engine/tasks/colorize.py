"""Colorize: a grey face gets colours, and keeps its light."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..faces import Patch
from ..faces.patch import islands
from ..pictures import Picture, from_unit, is_srgb, to_srgb
from ..pixels import FloatImage, Pixels, add_change
from ..restore import RestoreOptions, RestoreResult
from ..restore.options import CancelHook, ProgressHook
from ..restore.task import Task
from .lightness import grey, linear, luminance, with_chroma_of, with_luminance


class Colorized(RestoreResult):
    """Faces in colour. ``pixels`` is the picture in RGB, even where a grey one was given.

    The patches' colours have the picture's own luminance already. As the content of a layer in the
    mode *LCh Color* above the picture, with their coverage as its mask, they show the same as
    ``composite()`` (``restore.layering.layer_pixels`` makes that content).
    """

    def composite(
        self,
        onto: NDArray[Any] | None = None,
        convert: Callable[[FloatImage], FloatImage] | None = None,
        limits: tuple[float, float] = (0.0, 1.0),
    ) -> NDArray[Any]:
        """The picture with its faces in colour; see ``RestoreResult.composite``.

        Colours are mixed in linear light and rounded once: the luminance of every pixel is the
        picture's, but for the rounding: within 0.6 of a level of the grey that is as light (in a
        colour space that is not sRGB, as far as the conversion is exact).
        """
        base = (self.pixels.given if onto is None else onto).copy()
        for island in islands(self.patches):
            share = island.coverage * np.float32(self.strength)
            before = linear(self.pixels.rgb(island.box))
            mixed = before + share[:, :, None] * (linear(island.rgb) - before)
            rgb = with_luminance(mixed, luminance(before))
            add_change(base, island.box, convert(rgb) if convert else rgb, share > 0, limits)
        return base


class Colorizer(Task):
    """Gives grey faces the colours that GPEN-Colorization-1024 sees in them.

    Luminance (CIE Y, so L* too) stays the picture's: only the colour of the network's output is
    taken, and of that only as much as fits.
    """

    name = models = "colorize"

    def prepared(self, picture: Picture, options: RestoreOptions) -> tuple[Picture, list[str]]:
        """Grey pictures become RGB: sRGB, when they had a profile of their own."""
        picture, notes = super().prepared(picture, options)
        if not picture.is_grey:
            return picture, notes
        pixels = picture.colour
        if not is_srgb(picture):
            pixels = from_unit(to_srgb(picture), pixels.dtype)
        pixels = np.repeat(pixels, 3, axis=2)
        if picture.alpha is not None:
            pixels = np.dstack([pixels, picture.alpha])
        return replace(picture, pixels=pixels, profile=None, film=None), notes

    def restore(
        self,
        image: NDArray[Any],
        options: RestoreOptions | None = None,
        *,
        progress: ProgressHook = lambda _: None,
        cancel: CancelHook = lambda: False,
    ) -> Colorized:
        """Colorizes the faces of a picture; see ``Restorer.restore``.

        A picture that has colours already, such as a brown print, is taken for the grey of the
        same luminance. ``options.keep_colours`` and the guard are without effect.
        """
        options = options or RestoreOptions()
        pixels = Pixels(_in_rgb(image))
        result = self.restorer.restore(
            _in_grey(pixels),
            # These colours are grey, and no face changes whose light does not.
            replace(options, keep_colours=False, guard="off"),
            progress=progress,
            cancel=cancel,
        )
        patches = [_own_light(patch, pixels) for patch in result.patches]
        return Colorized(
            pixels, patches, result.strength, result.seconds, result.notes, result.marks
        )


def _own_light(patch: Patch, pixels: Pixels) -> Patch:
    light = luminance(linear(pixels.rgb(patch.box)))
    return replace(patch, rgb=with_chroma_of(patch.rgb, light))


def _in_rgb(image: NDArray[Any]) -> NDArray[Any]:
    """The same in RGB or RGBA."""
    view = Pixels(image).array
    if view.shape[2] > 2:
        return view
    return np.dstack([view[:, :, :1]] * 3 + [view[:, :, 1:]])


def _in_grey(pixels: Pixels) -> NDArray[Any]:
    """What the network is to see: RGB of the same size, grey; alpha goes along."""
    array = pixels.array
    colours = array[:, :, :3]
    if all(np.array_equal(colours[:, :, 0], colours[:, :, c]) for c in (1, 2)):
        return array
    whole = (0, 0, pixels.width, pixels.height)
    plain = grey(pixels.rgb(whole))
    if array.shape[2] == 3:
        return plain
    opaque = pixels.opaque(whole)
    return np.dstack([plain, np.asarray(opaque, np.float32)])
