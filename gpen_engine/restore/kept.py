"""Restored crops that are kept while somebody looks at a picture."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from ..faces.damage import Damage
from ..pixels import FloatImage

Key = tuple[str, str | None, str, str, bool, int, bytes]
"""Model's name, sha256 and device, template, whether colours are kept, seed, and landmarks."""
MOST = 1 << 28
"""Bytes: 85 faces at 512 pixels, 5 at 2048."""


class KeptCrop(NamedTuple):
    """One face."""

    crop: FloatImage
    """(out_size, out_size, 3) restored RGB in 0..1."""
    damage: Damage | None = None
    """What was wrong with the original."""
    similarity: float | None = None
    """See ``faces.agreement``; None where nobody asked for it."""


class KeptCrops:
    """Crops of one picture, as many as there is room for; the least recently used ones go first.

    Args:
        most: bytes of all together.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._crops: OrderedDict[Key, KeptCrop] = OrderedDict()

    def get(self, key: Key) -> KeptCrop | None:
        if key in self._crops:
            self._crops.move_to_end(key)
        return self._crops.get(key)

    def put(self, key: Key, kept: KeptCrop) -> None:
        if kept.crop.nbytes > self._most:
            return
        if kept.crop.base is not None:  # a view of a batch, all of which it would hold
            kept = kept._replace(crop=kept.crop.copy())
        self._crops[key] = kept
        while sum(each.crop.nbytes for each in self._crops.values()) > self._most:
            self._crops.popitem(last=False)
