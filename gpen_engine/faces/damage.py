"""How damaged a face is, before it is restored."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..pixels import LUMA, FloatImage
from .geometry import TEMPLATES, resized
from .screen import Screen, find_screen, without_screen

MOST_NOISE = 20 / 255
"""Standard deviation of the heaviest noise that the networks were trained on."""
LEAST_EYES = 7.0
"""Pixels between the eyes of the smallest face that they were trained on: a crop that was shrunk
to a tenth, and a little more."""
MIDDLE = (0.35, 0.7)
"""Rows and columns of a crop that are face, in units of its side."""
LEAST_SIDE = 16
"""Of smaller crops the noise cannot be told from the face."""
_DETAIL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6
"""Immerkaer's mask (1996): edges and slopes give 0, white noise of deviation 1 gives 1."""


@dataclass(frozen=True)
class Damage:
    """What was measured in one crop."""

    noise: float
    """Standard deviation of the luminance's noise, 0..1, at the finer of what the picture and the
    crop have, without the screen."""
    eyes: float
    """Distance of the eyes in pixels of the picture."""
    screen: Screen | None
    """The dots of a printed picture, in pixels of the crop."""

    @property
    def limits(self) -> tuple[str, ...]:
        """Why no network can know how this face was: ``small``, ``noisy``."""
        reasons = {"small": self.eyes < LEAST_EYES, "noisy": self.noise > MOST_NOISE}
        return tuple(reason for reason, applies in reasons.items() if applies)


def assess(crop: FloatImage, scale: float, template: str = "gpen") -> tuple[Damage, FloatImage]:
    """Measures the damage of a crop and takes a halftone screen out of it.

    Args:
        crop: (size, size, 3) RGB in 0..1.
        scale: pixels of the crop for one of the picture.
        template: how it is aligned.

    Returns:
        The damage; the crop, unchanged unless there is a screen.
    """
    size = crop.shape[0]
    screen = find_screen(crop)
    if screen:
        crop = without_screen(crop, screen)
    left, right = TEMPLATES[template][:2]
    eyes = float(np.hypot(*(right - left))) * size / scale
    small = resized(crop, max(1, round(size / scale))) if scale > 1 else crop
    return Damage(_noise(small), eyes, screen), crop


def _noise(crop: FloatImage) -> float:
    """From the median of the fine detail in the face, so that edges do not count."""
    if crop.shape[0] < LEAST_SIDE:
        return 0.0
    detail = cv2.filter2D(crop @ LUMA, -1, _DETAIL, borderType=cv2.BORDER_REFLECT_101)
    first, end = (round(crop.shape[0] * part) for part in MIDDLE)
    return 1.4826 * float(np.median(np.abs(detail[first:end, first:end])))
