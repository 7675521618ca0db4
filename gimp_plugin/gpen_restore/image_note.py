"""The note in an image's metadata that parts of it were invented; files that are exported from it
carry it on."""

from __future__ import annotations

import re
from typing import Any

from gi.repository import Gimp
from log import LOG

from gpen_engine.wire.source_types import COMPOSITE, stays

TAG = "Xmp.iptcExt.DigitalSourceType"
"""As GIMP's library for metadata calls IPTC's property."""
_KNOWN = re.compile(rf'\s*<tag name="{re.escape(TAG)}"[^>]*>([^<]*)</tag>')
_END = "</metadata>"


def note(image: Any) -> bool:
    """Notes it in an image, as a step of undo; False when GIMP does not understand its own
    metadata, which then stays as it is.

    An image that says already that all of it was generated goes on saying so.
    """
    known = image.get_metadata() or Gimp.Metadata.new()
    # Without the typelib of GExiv2, which few systems have, single properties cannot be set.
    fresh = Gimp.Metadata.deserialize(noted(known.serialize() or ""))
    if fresh is None or not image.set_metadata(fresh):
        LOG.warning("the image's metadata takes no note: %s", Gimp.get_pdb().get_last_error())
        return False
    return True


def noted(metadata: str) -> str:
    """GIMP's text form of metadata with the note in it; all else stays to the letter."""
    before = _KNOWN.search(metadata)
    kept = _KNOWN.sub("", metadata)
    place = kept.rfind(_END)
    if place < 0:  # there was nothing
        kept = f"<?xml version='1.0' encoding='UTF-8'?>\n<metadata>\n{_END}\n"
        place = kept.rfind(_END)
    value = stays(before[1] if before else "", COMPOSITE)
    return f'{kept[:place]}  <tag name="{TAG}">{value}</tag>\n{kept[place:]}'
