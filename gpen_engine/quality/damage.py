"""The named damages that models are measured on.

Single faults and their mixture, as in the EDFace benchmark (Zhang et al. 2022, arXiv 2206.03697),
and old photographs. Each draws its severity from a fixed range. They are kept apart from what a
training draws, so that numbers stay comparable when that changes.

Images are float32 RGB in 0..1, sRGB-encoded, (256, 256, 3): crops aligned by GPEN's template.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from zlib import crc32

import cv2
import numpy as np

from ..pixels import FloatImage
from ..training import old_photo
from ..training.degradation import add_noise, blur, enlarge, jpeg, smear

Damage = Callable[[FloatImage, np.random.Generator], FloatImage]
SIDE = 256
"""Of the faces in pixels, whatever the model's size is: all are shown the same, and are compared at
the same size."""


def lowres(size: int) -> Damage:
    """A face of so many pixels, averaged, then enlarged bicubically."""

    def damage(image: FloatImage, _: np.random.Generator) -> FloatImage:
        return enlarge(_shrunk(image, size), SIDE)

    return damage


def soft(image: FloatImage, rng: np.random.Generator) -> FloatImage:
    """Out of focus: Gaussian blur of 1.5 to 4 pixels, half of the time longer one way."""
    stretch = rng.uniform(1, 2) if rng.random() < 0.5 else 1.0
    return blur(image, rng.uniform(1.5, 4), stretch, rng.uniform(0, np.pi))


def motion(image: FloatImage, rng: np.random.Generator) -> FloatImage:
    """Camera shake: a straight smear of 8 to 20 pixels in any direction."""
    return smear(image, rng.uniform(8, 20), rng.uniform(0, np.pi))


def compressed(image: FloatImage, rng: np.random.Generator) -> FloatImage:
    """JPEG of quality 10 to 40, blocks of 8 pixels."""
    return jpeg(image, int(rng.integers(10, 41)))


def noisy(image: FloatImage, rng: np.random.Generator) -> FloatImage:
    """Gaussian noise of 0.05 to 0.15 (13 to 38 of 255), half of the time grey."""
    return add_noise(image, rng.uniform(0.05, 0.15), rng)


def mixed(image: FloatImage, rng: np.random.Generator) -> FloatImage:
    """Blind: blur, shrinking, noise and JPEG in the ranges that GPEN and GFPGAN were trained on.

    Those are for crops of 512: blur of 0.1 to 10 pixels, half of the time longer one way,
    shrinking by 0.8 to 8, noise of 0 to 20 of 255, JPEG of quality 60 to 100. Blur is halved here;
    shrinking is by 1 to 8, down to a crop of 32.
    """
    image = blur(
        image,
        rng.uniform(0.05, 5),
        rng.uniform(1, 3) if rng.random() < 0.5 else 1.0,
        rng.uniform(0, np.pi),
    )
    small = add_noise(
        _shrunk(image, round(SIDE / rng.uniform(1, 8))), rng.uniform(0, 20 / 255), rng
    )
    return enlarge(jpeg(small, int(rng.integers(60, 101))), SIDE)


def worn(image: FloatImage, rng: np.random.Generator) -> FloatImage:
    """The wear of an old print, scanned: blur, grain, scratches, spots, halftone, JPEG.

    Grain is always there, each of the others sometimes. The tone comes before; see :func:`damaged`.
    """
    image = blur(image, rng.uniform(0.5, 2))
    return jpeg(old_photo.wear(image, rng), int(rng.integers(70, 96)))


OLD = "oldphoto"
CLASSES: Mapping[str, Damage] = MappingProxyType(
    {
        "lowres64": lowres(64),
        "lowres32": lowres(32),
        "blur": soft,
        "motion": motion,
        "jpeg": compressed,
        "noise": noisy,
        "mixed": mixed,
        OLD: worn,
    }
)
MEAN_OF = ("lowres64", "blur", "jpeg", "noise", "mixed")
"""The classes that a model's one mean is taken over."""


def damaged(truth: FloatImage, name: str, key: str, seed: int) -> tuple[FloatImage, FloatImage]:
    """One face with one damage; the same arguments give the same pixels.

    Args:
        truth: the clean crop.
        name: of the class.
        key: what the severity hangs on beside the seed, such as the file's name.
        seed: any whole number from 0.

    Returns:
        ``(damaged, truth)``, the first in the 256 levels of a file. The second is the argument,
        but for ``oldphoto``, where it is the new print: grey or sepia and perhaps faded. That tone
        belongs to the photograph and is to be kept; only the wear is damage.
    """
    rng = np.random.default_rng([seed, crc32(name.encode()), crc32(key.encode())])
    if name == OLD:
        truth = old_photo.tone(truth, rng)
    image = CLASSES[name](truth, rng)
    return (np.rint(np.clip(image, 0, 1) * 255) / 255).astype(np.float32), truth


def _shrunk(image: FloatImage, size: int) -> FloatImage:
    small = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)
