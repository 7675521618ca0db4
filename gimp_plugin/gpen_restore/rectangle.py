"""Rectangles of pixels, and how much of a layer is sent for a selection."""

from __future__ import annotations

from typing import NamedTuple

LEAST_MARGIN = 1024
"""Pixels around a selection that are sent in any case, so that faces it only touches are whole."""


class Rectangle(NamedTuple):
    """As GIMP and GEGL give them: the upper left corner and the size, in pixels."""

    x: int
    y: int
    width: int
    height: int


def surroundings(selected: Rectangle, width: int, height: int) -> Rectangle:
    """The part of a layer in which the faces of a selection are found.

    Args:
        selected: the selection's bounds inside of the layer.
        width: of the layer.
        height: of the layer.

    Returns:
        The bounds, enlarged on each side by twice the longer of them and by no less than
        ``LEAST_MARGIN``, inside of the layer.
    """
    margin = max(2 * max(selected.width, selected.height), LEAST_MARGIN)
    x0, y0 = max(0, selected.x - margin), max(0, selected.y - margin)
    x1 = min(width, selected.x + selected.width + margin)
    y1 = min(height, selected.y + selected.height + margin)
    return Rectangle(x0, y0, x1 - x0, y1 - y0)
