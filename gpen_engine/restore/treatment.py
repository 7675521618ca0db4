"""What is done to a crop before and after the network, so that the photograph stays what it was."""

from __future__ import annotations

from ..faces.colour import keep_low_frequencies
from ..faces.damage import assess
from ..faces.geometry import resized
from ..faces.tone import Tone, in_grey
from ..pixels import FloatImage
from .options import RestoreOptions


class Treatment:
    """One crop on its way.

    Args:
        crop: (in_size, in_size, 3) RGB in 0..1, as it was cut from the picture.
        scale: pixels of the crop for one of the picture.
        options: what is to be kept.
        toned: whether it is grey or sepia, where that is known already; see ``Tone.of``.

    Attributes:
        original: the crop as it was cut.
        damage: what was wrong with it.
        given: the crop for the network, without a printer's dots.
    """

    def __init__(
        self, crop: FloatImage, scale: float, options: RestoreOptions, toned: bool | None = None
    ) -> None:
        self.original = crop
        self._options = options
        self.damage, clean = assess(crop, scale, options.template)
        self._tone = Tone.of(clean, toned) if options.keep_colours else None
        self.given = in_grey(clean) if self._tone else clean

    def finished(self, restored: FloatImage) -> FloatImage:
        """What the network gave, (out_size, out_size, 3), with the photograph's own tone, colours
        and light, if they are to be kept."""
        if self._tone:
            restored = self._tone.put_on(restored)
        if self._options.keep_colours:
            original = resized(self.original, restored.shape[0])
            restored = keep_low_frequencies(restored, original)
        return restored
