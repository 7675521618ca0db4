"""The look and the wear of old photographs: tone (kept) and damage (to be undone).

Images are float32 RGB in 0..1, sRGB-encoded, (H, W, 3).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]

_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def grey(image: Image) -> Image:
    """The luma of the image in all three channels."""
    return np.repeat((image @ _LUMA)[:, :, None], 3, axis=2)


def tone(image: Image, rng: np.random.Generator) -> Image:
    """Grey or sepia, mostly faded: the colours that the print has taken on."""
    image = grey(image)
    if rng.random() < 0.6:
        paper = np.array([1.0, rng.uniform(0.86, 0.96), rng.uniform(0.66, 0.88)], np.float32)
        # Shadows stay near neutral, lights take the paper's colour.
        image = image * (image * paper + (1 - image) * np.sqrt(paper))
    if rng.random() < 0.7:
        black, white = rng.uniform(0, 0.25), rng.uniform(0.75, 1)
        image = image * np.float32(white - black) + np.float32(black)
    return image.astype(np.float32)


def wear(image: Image, rng: np.random.Generator) -> Image:
    """Grain always; scratches, spots and a printer's halftone sometimes."""
    image = grain(image, rng.uniform(0.01, 0.08), rng.uniform(0.4, 1.6), rng)
    if rng.random() < 0.4:
        image = scratches(image, int(rng.integers(1, 7)), rng)
    if rng.random() < 0.3:
        image = spots(image, int(rng.integers(2, 20)), rng)
    if rng.random() < 0.25:
        image = halftone(image, rng.uniform(2.5, 6), rng.uniform(0, np.pi / 2))
    return np.clip(image, 0, 1).astype(np.float32)


def grain(image: Image, strength: float, size: float, rng: np.random.Generator) -> Image:
    """Film grain: smoothed noise of standard deviation ``strength``, strongest in the midtones."""
    noise = rng.standard_normal(image.shape[:2], dtype=np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), size).astype(np.float32)
    noise *= np.float32(strength) / max(float(noise.std()), 1e-6)
    luma: Image = np.clip(image @ _LUMA, 0, 1)
    return image + (noise * (0.4 + 2.4 * luma * (1 - luma)))[:, :, None]


def scratches(image: Image, count: int, rng: np.random.Generator) -> Image:
    """Light or dark scratches: thin, nearly straight lines across the crop."""
    side = image.shape[0]
    layer = np.zeros((side, side), np.float32)
    for _ in range(count):
        ends = rng.uniform(-0.2 * side, 1.2 * side, (2, 2))
        bend = rng.normal(0, 0.03 * side, 2)
        points = np.stack([ends[0], ends.mean(0) + bend, ends[1]]).round().astype(np.int32)
        value = float(rng.choice([-1, 1]) * rng.uniform(0.2, 0.8))
        cv2.polylines(layer, [points], False, value, int(rng.integers(1, 3)), cv2.LINE_AA)
    return image + cv2.GaussianBlur(layer, (0, 0), 0.6)[:, :, None]


def spots(image: Image, count: int, rng: np.random.Generator) -> Image:
    """Dust and foxing: small soft discs, light or dark."""
    side = image.shape[0]
    layer = np.zeros((side, side), np.float32)
    for _ in range(count):
        x, y = (int(v) for v in rng.integers(0, side, 2))
        value = float(rng.choice([-1, 1]) * rng.uniform(0.15, 0.6))
        cv2.circle(layer, (x, y), int(rng.integers(1, max(2, side // 60))), value, -1, cv2.LINE_AA)
    return image + cv2.GaussianBlur(layer, (0, 0), 0.8)[:, :, None]


def halftone(image: Image, pitch: float, angle: float) -> Image:
    """A printer's screen: dots ``pitch`` pixels apart whose size follows the tone."""
    side = image.shape[0]
    y, x = np.mgrid[:side, :side].astype(np.float32)
    turn = 2 * np.pi / pitch
    u = (x * np.cos(angle) + y * np.sin(angle)) * turn
    v = (y * np.cos(angle) - x * np.sin(angle)) * turn
    screen = (np.cos(u) + np.cos(v)) / 4 + 0.5
    printed = 1 / (1 + np.exp(-8 * (image - screen[:, :, None])))
    screened: Image = (0.25 * image + 0.75 * printed).astype(np.float32)
    return screened
