"""A rectangle instead of, or as a limit to, the detector."""

from __future__ import annotations

import numpy as np

from ..pixels import Box
from .detection import Face
from .geometry import TEMPLATES

# Where the detector's box lies in a crop by GPEN's template: medians over the faces of sixteen
# photographs, centre and size in units of the crop's side.
_CENTRE = np.array([0.493, 0.552])
_SIZE = np.array([0.469, 0.625])


def faces_in_region(faces: list[Face], region: Box) -> list[Face]:
    """The faces whose middle lies in the region.

    Args:
        faces: what the detector found.
        region: x0, y0, x1, y1 in pixels, x1 and y1 outside.
    """
    x0, y0, x1, y1 = region

    def inside(face: Face) -> bool:
        x, y = (face.box[0] + face.box[2]) / 2, (face.box[1] + face.box[3]) / 2
        return x0 <= x < x1 and y0 <= y < y1

    return [face for face in faces if inside(face)]


def face_from_region(region: Box) -> Face:
    """An upright face that fills the rectangle as the detector's boxes are filled; score 0."""
    x0, y0, x1, y1 = region
    corners = np.array([[x0, y0], [x1 - 1, y1 - 1]], np.float64)
    centre, extent = corners.mean(axis=0), corners[1] - corners[0] + 1
    side = float(np.sqrt(np.prod(extent / _SIZE)))
    landmarks = centre + (TEMPLATES["gpen"] - _CENTRE) * side
    return Face((float(x0), float(y0), float(x1 - 1), float(y1 - 1)), landmarks, 0.0)
