"""Blind degradations: how a clean face becomes what people bring to be restored.

``y = JPEG(downsample(x * k) + n)`` (Yang et al. 2021, equation 5), with the ranges that the GPEN
and GFPGAN papers draw from, scaled to a crop of 256 pixels, and the wear of old photographs beside
it. Images are float32 RGB in 0..1, sRGB-encoded, (H, W, 3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from . import old_photo

Image = NDArray[np.float32]
Range = tuple[float, float]


@dataclass(frozen=True)
class Degradation:
    """Ranges that a random degradation is drawn from, for a crop of 256 pixels."""

    blur: Range = (0.2, 5.0)
    """Standard deviation of the Gaussian blur in pixels of the crop."""
    stretch: Range = (1.0, 3.0)
    """Ratio of the blur's two axes; 1 is isotropic."""
    smear: Range = (0.0, 0.0)
    """Length of a moving camera's or head's smear in pixels of the crop."""
    shrink: Range = (1.0, 10.0)
    """Factor of the downsampling, drawn so that its logarithm is uniform."""
    noise: Range = (0.0, 0.08)
    """Standard deviation of the Gaussian noise."""
    jpeg: Range = (40, 100)
    """JPEG quality; 100 leaves JPEG out."""
    grey: float = 0.05
    """Share of faces made black and white (the truth with them: tone is not damage)."""
    old: float = 0.15
    """Share of faces that get the tone and the wear of an old photograph."""


TRAINING = Degradation()
"""The blind range of the papers: everything at once."""

UNDAMAGED = Degradation((0, 0), (1, 1), (0, 0), (1, 1), (0, 0), (100, 100))
"""Nothing but, now and then, the tone and the wear of an old photograph."""

MIX: Sequence[tuple[float, Degradation]] = (
    (0.46, TRAINING),
    (0.06, replace(TRAINING, old=1)),
    (0.08, replace(UNDAMAGED, shrink=(1.5, 8), old=0)),
    (0.08, replace(UNDAMAGED, blur=(0.5, 5), stretch=(1, 3), old=0)),
    (0.08, replace(UNDAMAGED, smear=(3, 22), old=0)),
    (0.08, replace(UNDAMAGED, jpeg=(10, 80), old=0)),
    (0.08, replace(UNDAMAGED, noise=(0.01, 0.16), old=0)),
    (0.08, replace(TRAINING, blur=(0, 0.8), shrink=(1, 2), noise=(0, 0.02), jpeg=(75, 100), old=0)),
)
"""What the network is trained on, with shares: the blind range, each damage alone, and light
damage, so that it learns to leave alone what is good."""

SEVERITIES: Mapping[str, Degradation] = MappingProxyType(
    {
        "mild": Degradation((0.2, 0.8), (1, 1.5), (0, 0), (1, 2), (0, 0.02), (75, 95), 0, 0),
        "middle": Degradation((1, 2), (1, 2), (0, 0), (2, 4), (0.01, 0.05), (50, 80), 0, 0),
        "strong": Degradation((2, 4), (1, 3), (0, 0), (4, 8), (0.03, 0.08), (40, 65), 0, 0),
    }
)
"""Three named ranges for measuring; none of them changes the truth."""


def degrade(
    truth: Image, degradation: Degradation, rng: np.random.Generator
) -> tuple[Image, Image]:
    """Makes one training pair.

    Args:
        truth: clean crop, float32 RGB in 0..1, (H, W, 3).
        degradation: the ranges to draw from.
        rng: source of every random choice; the same state gives the same pair.

    Returns:
        ``(damaged, truth)``, both of the crop's shape. The second is the first argument but for
        its tone: grey, sepia and fading are properties of a photograph to be kept, not undone.
    """
    side = truth.shape[0] / 256
    old = rng.random() < degradation.old
    if old:
        truth = old_photo.tone(truth, rng)
    elif rng.random() < degradation.grey:
        truth = old_photo.grey(truth)

    image = blur(
        truth,
        side * rng.uniform(*degradation.blur),
        rng.uniform(*degradation.stretch),
        rng.uniform(0, np.pi),
    )
    if degradation.smear[1]:  # drawn only where it is, so that others' draws stay what they were
        length, angle = rng.uniform(*degradation.smear), rng.uniform(0, np.pi)
        image = smear(image, side * length, angle)
    factor = float(np.exp(rng.uniform(*np.log(degradation.shrink))))
    if old:
        image = old_photo.wear(image, rng)
        factor = factor**0.5  # the wear alone is enough to hide a face behind
    size = max(8, round(truth.shape[0] / factor))
    image = cv2.resize(image, (size, size), interpolation=_shrinking(rng)).astype(np.float32)
    image = add_noise(image, rng.uniform(*degradation.noise), rng)
    image = jpeg(image, round(rng.uniform(*degradation.jpeg)))
    image = enlarge(image, truth.shape[0])
    return np.clip(image, 0, 1), truth


def draw(mix: Sequence[tuple[float, Degradation]], rng: np.random.Generator) -> Degradation:
    """One of the mix, by its shares."""
    shares = np.array([share for share, _ in mix])
    return mix[rng.choice(len(mix), p=shares / shares.sum())][1]


def blur(image: Image, sigma: float, stretch: float = 1.0, angle: float = 0.0) -> Image:
    """Gaussian blur with the axes sigma and sigma / stretch (pixels), turned by angle (radians)."""
    if sigma < 0.2:
        return image
    radius = int(np.ceil(3 * sigma))
    along, across = np.mgrid[-radius : radius + 1, -radius : radius + 1][::-1]
    u = along * np.cos(angle) + across * np.sin(angle)
    v = across * np.cos(angle) - along * np.sin(angle)
    kernel = np.exp(-0.5 * ((u / sigma) ** 2 + (v * stretch / sigma) ** 2))
    kernel = (kernel / kernel.sum()).astype(np.float32)
    return cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REFLECT_101).astype(np.float32)


def smear(image: Image, length: float, angle: float) -> Image:
    """What a shaking camera does: a straight smear of this length (pixels) and angle (radians)."""
    radius = int(np.ceil(length / 2)) + 1
    kernel = np.zeros((2 * radius + 1, 2 * radius + 1), np.float32)
    half = np.array([np.cos(angle), np.sin(angle)]) * length / 2
    # In 1/16 pixels, so that short smears have the direction and length that was asked for.
    ends = [tuple(int(v) for v in np.rint((radius + sign * half) * 16)) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_AA, 4)
    kernel /= kernel.sum()
    return cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REFLECT_101).astype(np.float32)


def add_noise(image: Image, sigma: float, rng: np.random.Generator) -> Image:
    """Adds Gaussian noise of this standard deviation, half of the time the same in R, G and B."""
    channels = 1 if rng.random() < 0.5 else 3
    noise = rng.standard_normal((*image.shape[:2], channels), dtype=np.float32)
    return image + noise * np.float32(sigma)


def jpeg(image: Image, quality: int) -> Image:
    """One round of JPEG with 4:2:0 chroma at this quality (1..99); 100 leaves the image alone."""
    if quality >= 100:
        return image
    bgr = np.rint(np.clip(image[:, :, ::-1], 0, 1) * 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None, "OpenCV reads back what it has just written"
    return decoded[:, :, ::-1].astype(np.float32) / np.float32(255)


def enlarge(image: Image, size: int) -> Image:
    """Bicubic enlargement to a square of this side: what a viewer would do without a network."""
    resized = cv2.resize(image, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.clip(resized, 0, 1).astype(np.float32)


def _shrinking(rng: np.random.Generator) -> int:
    return int(rng.choice([cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC]))
