"""Random similarities, and pictures in which a place can be read from the pixels."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from gpen_engine.faces.geometry import Similarity
from gpen_engine.pixels import FloatImage

angles = st.floats(-np.pi, np.pi)


def similarity(scale: float, angle: float, dx: float = 0, dy: float = 0) -> Similarity:
    """Turns by the angle (radians), scales, and shifts."""
    a, b = scale * np.cos(angle), scale * np.sin(angle)
    return Similarity(np.array([[a, -b, dx], [b, a, dy]]))


def about(middle: tuple[float, float], size: int, scale: float, angle: float = 0.0) -> Similarity:
    """The map that takes ``middle`` of a picture to the middle of a crop of this side."""
    turned = similarity(scale, angle)
    shift = (size - 1) / 2 - turned(np.array([middle]))[0]
    return similarity(scale, angle, *shift)


similarities = st.builds(
    similarity,
    st.floats(0.05, 20),
    angles,
    st.floats(-1000, 1000),
    st.floats(-1000, 1000),
)


def ramps(width: int, height: int) -> FloatImage:
    """A picture whose red is x and whose green is y, in units of a 1024th: (h, w, 3)."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x, y, np.full_like(x, 512)], axis=2).astype(np.float32) / np.float32(1024)


def places(ramp_pixels: FloatImage) -> FloatImage:
    """What pixels of ``ramps`` say about where they come from: (..., 2), x and y."""
    return ramp_pixels[..., :2] * np.float32(1024)
