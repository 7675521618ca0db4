"""Colorize: a grey face gets colours, and keeps its light."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from ..faces import Patch
from ..faces.coverage import Mask
from ..faces.patch import Island
from ..pictures import Picture, from_unit, to_srgb
from ..pictures.icc import differs_from_srgb
from ..pixels import FloatImage, Pixels
from ..restore import RestoreOptions, RestoreResult
from ..restore.task import How, Task
from .lightness import grey, linear, luminance, with_chroma_of, with_luminance

STRIP = 256
"""Rows that are made grey at once; lightness takes many times their memory."""


class Colorized(RestoreResult):
    """Faces in colour. ``pixels`` is the picture in RGB, even where a grey one was given.

    The patches' colours have the picture's own luminance already. As the content of a layer in the
    mode *LCh Color* above the picture, with their coverage as its mask, they show the same as
    ``composite()`` (``restore.layering.layer_pixels`` makes that content).
    """

    def change(self, island: Patch | Island) -> tuple[FloatImage, Mask]:
        """See ``RestoreResult.change``.

        Colours are mixed here, in linear light, and rounded once when they are written: the
        luminance of every pixel is the picture's, but for the rounding: within 0.6 of a level of
        the grey that is as light (in a colour space that is not sRGB, as far as the conversion is
        exact).
        """
        share = island.coverage * np.float32(self.strength)
        before = linear(self.pixels.rgb(island.box))
        mixed = before + share[:, :, None] * (linear(island.rgb) - before)
        return with_luminance(mixed, luminance(before)), np.sign(share)


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
        pixels, profile = picture.colour, picture.profile
        if profile is not None and differs_from_srgb(profile):
            pixels = from_unit(to_srgb(picture), pixels.dtype)
        pixels = np.repeat(pixels, 3, axis=2)
        if picture.alpha is not None:
            pixels = np.dstack([pixels, picture.alpha])
        return replace(picture, pixels=pixels, profile=None), notes

    def restore(
        self,
        image: NDArray[Any],
        options: RestoreOptions | None = None,
        **how: Unpack[How],
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
            **how,
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
    plain = np.empty(array.shape, np.float32)
    for y in range(0, pixels.height, STRIP):
        box = (0, y, pixels.width, min(y + STRIP, pixels.height))
        strip = plain[y : box[3]]
        strip[:, :, :3] = grey(pixels.rgb(box))
        opaque = pixels.opaque(box)
        if opaque is not None:
            strip[:, :, 3] = opaque
    return plain
