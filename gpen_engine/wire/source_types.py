"""IPTC's terms for how a picture came to be, as both sides write them into metadata."""

from __future__ import annotations

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
"""Where the terms live; an address of it is a property's value."""
COMPOSITE = "compositeWithTrainedAlgorithmicMedia"
"""A photograph with parts that a trained network made."""
GENERATED = "trainedAlgorithmicMedia"
"""All of it made by a network: stays true, whatever is restored in it."""


def stays(before: str, made: str) -> str:
    """The address of the term for a picture to which something was done.

    Args:
        before: the address that it carried until now, or the term alone; empty for none.
        made: the term for what was done.
    """
    generated = before.strip().rpartition("/")[2] == GENERATED
    return SOURCE_TYPES + (GENERATED if generated else made)
