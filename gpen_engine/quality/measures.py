"""How near an image is to the truth.

All images are float32 RGB in 0..1, sRGB-encoded, (side, side, 3), aligned by GPEN's template.
"""

from __future__ import annotations

import cv2
import numpy as np

from ..faces.coverage import Mask
from ..pixels import LUMA, FloatImage

EYES, MOUTH = (0.30, 0.40, 0.70, 0.55), (0.38, 0.65, 0.62, 0.78)
"""x0, y0, x1, y1 of the face's parts in the template, in units of its side."""

INVISIBLE = 0.1 / 255
"""A gradient (a pixel of 256) that nobody sees: two flat errors leave no seam to speak of."""


def psnr(image: FloatImage, truth: FloatImage) -> float:
    """Peak signal to noise ratio in dB over all channels; at most 100."""
    return float(-10 * np.log10(max(float(np.mean((image - truth) ** 2)), 1e-10)))


def ssim(image: FloatImage, truth: FloatImage) -> float:
    """Structural similarity of the luma (Wang et al. 2004): -1..1, 1 for equal images.

    As published: Gaussian window of 11 pixels and 1.5 standard deviation, population moments,
    K1 = 0.01, K2 = 0.03; mean over all places where the window fits.
    """
    c1, c2 = 0.01**2, 0.03**2
    window = cv2.getGaussianKernel(11, 1.5, cv2.CV_64F)
    x, y = ((i @ LUMA).astype(np.float64) for i in (image, truth))

    def mean(of: np.ndarray) -> np.ndarray:
        return np.asarray(cv2.sepFilter2D(of, -1, window, window)[5:-5, 5:-5])

    mx, my = mean(x), mean(y)
    vx, vy, cov = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
    values = ((2 * mx * my + c1) * (2 * cov + c2)) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    return float(values.mean())


def fine(image: FloatImage) -> FloatImage:
    """The fine detail: the image minus its blur (1.5 pixels of 256)."""
    sigma = 1.5 * image.shape[0] / 256
    return np.asarray(image - cv2.GaussianBlur(image, (0, 0), sigma), np.float32)


def sharpness(image: FloatImage, truth: FloatImage) -> float:
    """Energy of the fine detail of eyes and mouth over the truth's.

    1 is as sharp as the truth. Noise and invented detail count, see :func:`true_detail`.
    """
    own, true = (sum(float(np.sum(p**2)) for p in face_parts(fine(i))) for i in (image, truth))
    return own / max(true, 1e-12)


def true_detail(image: FloatImage, truth: FloatImage) -> float:
    """How much of the truth's fine detail of eyes and mouth is there: 1 is all of it.

    The projection of one on the other, so that noise and invention count nothing.
    """
    pairs = list(zip(face_parts(fine(image)), face_parts(fine(truth)), strict=True))
    common = sum(float(np.sum(a * b)) for a, b in pairs)
    return common / max(sum(float(np.sum(b**2)) for _, b in pairs), 1e-12)


def face_parts(image: FloatImage) -> list[FloatImage]:
    """The eyes' band and the mouth, where GPEN's template puts them."""
    side = image.shape[0]
    return [
        image[int(y0 * side) : int(y1 * side), int(x0 * side) : int(x1 * side)]
        for x0, y0, x1, y1 in (EYES, MOUTH)
    ]


def seam(image: FloatImage, truth: FloatImage, coverage: Mask) -> float:
    """How much the border of a pasted face stands out: 1 is no more than its surroundings do.

    Looks at what is wrong, image minus truth, since a face has an outline of its own, and without
    its texture: a seam is a step of tone. Mean gradient in the band where the coverage goes from 0
    to 1, over that in the bands beside it, as wide on either side.

    Args:
        image: the picture with the restored face in it, under its coverage.
        truth: the picture as it should be.
        coverage: (side, side), 0..1.
    """
    side = image.shape[0]
    wrong = cv2.GaussianBlur((image - truth) @ LUMA, (0, 0), side / 64)
    slope = np.hypot(*np.gradient(wrong)) * side / 256 + INVISIBLE
    border = (coverage > 0.02) & (coverage < 0.98)
    outline = cv2.morphologyEx(
        (coverage > 0.5).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8)
    )
    width = max(1, round(float(border.sum()) / max(1, int(outline.sum()))))
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 1, 2 * width + 1))
    beside = (cv2.dilate(border.astype(np.uint8), around) > 0) & ~border
    return float(slope[border].mean() / slope[beside].mean())
