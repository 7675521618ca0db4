"""Finding faces: RetinaFace on several scales, so that neither large nor small ones are missed.

Neither scale alone is enough. A detector run at full size misses large, soft or halftoned faces; a
small copy misses the small faces of a group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import GpenError
from ..pixels import Box, FloatImage, Pixels
from .facexlib_networks import load
from .geometry import Points
from .merging import is_plausible, merge
from .retinaface import MEAN, SIDES, STEPS, VARIANCE, retinaface

SMALL = 640
"""Long side of the small copy in pixels."""
LEAST = 64
"""Least limit to the long side of the largest copy in pixels; less shows no face."""
TILE = 1536
"""Side of the tiles that larger scales are searched in, at most: the larger, the fewer pixels lie
in two of them, and the more memory each takes."""
OVERLAP = 256
"""What neighbouring tiles share; larger faces are found on a smaller scale."""
STRIP = 64
"""Rows that are averaged at once."""


@dataclass(frozen=True, eq=False)  # arrays cannot be compared as a whole
class Face:
    """A face found in a picture."""

    box: tuple[float, float, float, float]
    """x0, y0, x1, y1 in pixels of the picture; may leave it."""
    landmarks: Points
    """(5, 2): left eye, right eye, nose, left and right mouth corner, as seen in the picture."""
    score: float
    """The detector's confidence, 0..1."""
    strength: float = 1.0
    """How much of its restoration shows, 0..1, beside the strength of the whole picture."""

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the box in pixels."""
        return self.box[2] - self.box[0], self.box[3] - self.box[1]


class Detector:
    """RetinaFace with its weights, ready to search pictures.

    Args:
        weights: a RetinaFace file (MobileNet-0.25 or ResNet-50, facexlib's layout), by default
            the embedded one.
        device: where it runs.
        dtype: its precision. In bfloat16 it takes two thirds of the time on a processor with
            instructions for it and finds the same faces, but moves landmarks by up to half a
            percent of the face, and by as much when only the last bit of a picture differs.

    Raises:
        GpenError: ``bad_checkpoint`` when the file holds something else.
    """

    def __init__(
        self,
        weights: Path | None = None,
        device: str | torch.device = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        path = weights or Path(__file__).parents[1] / "embedded" / "detector.safetensors"
        self.network = load(
            path,
            retinaface,
            "the weights of the face detector",
            "It takes RetinaFace with MobileNet-0.25 or ResNet-50, as facexlib names them.",
        ).to(device)
        self.device = torch.device(device)
        self.dtype = dtype
        self.network.set_precision(self.dtype)

    def detect(
        self,
        pixels: Pixels,
        *,
        threshold: float = 0.9,
        size: int = 0,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> list[Face]:
        """All faces of a picture, from left to right.

        Args:
            pixels: the picture.
            threshold: least confidence, 0..1.
            size: long side of the largest copy that is searched, in pixels, at least 64; 0 means
                full size. Smaller is faster and misses small faces.
            progress: called with the number of tiles searched and of all, before each and at the
                end; may raise to stop.

        Raises:
            GpenError: ``bad_option`` for a size out of its range.
        """
        search = [
            (scale, tiles(pixels.width, pixels.height, round(TILE / scale), round(OVERLAP / scale)))
            for scale in scales(pixels.width, pixels.height, size)
        ]
        done, total = 0, sum(len(boxes) for _, boxes in search)
        found = []
        for place, (scale, boxes) in enumerate(search):
            for tile in boxes:
                progress(done, total)
                faces = self._search(pixels, tile, scale, threshold)
                # What is large here was easy to find on the scale before; seen only here, and with
                # no tile that is sure to hold it whole, it is a coat or a curtain.
                found += [f for f in faces if place == 0 or max(f.size) * scale <= OVERLAP]
                done += 1
        progress(done, total)
        faces = merge([face for face in found if is_plausible(face)])
        return from_left_to_right(faces)

    def detect_each(self, images: Sequence[FloatImage], *, threshold: float) -> list[list[Face]]:
        """The faces of each of several small images of one size, as ``detect`` finds them there.

        They go through the network together, which for small ones takes a third of the time; on a
        processor what it says of each is the same to the last bit.

        Args:
            images: (h, w, 3) RGB in 0..1 each, no side longer than ``SMALL``.
            threshold: as in ``detect``.
        """
        found = [
            [
                Face((x0, y0, x1, y1), points, float(score))
                for (x0, y0, x1, y1), points, score in zip(
                    boxes.tolist(), landmarks, scores, strict=True
                )
            ]
            for boxes, landmarks, scores in self._run(images, threshold)
        ]
        return [merge([face for face in faces if is_plausible(face)]) for faces in found]

    def _search(self, pixels: Pixels, tile: Box, scale: float, threshold: float) -> list[Face]:
        """The faces in one tile that are not cut by its border, in pixels of the picture."""
        faces = []
        image = scaled(pixels, tile, scale)
        ((boxes, landmarks, scores),) = self._run([image], threshold)
        # From the tile's scaled pixels to the picture's: edges onto edges.
        zoom = np.array([tile[2] - tile[0], tile[3] - tile[1]]) / image.shape[1::-1]
        origin = np.array(tile[:2])
        boxes = (boxes.reshape(-1, 2, 2) + 0.5) * zoom - 0.5 + origin
        landmarks = (landmarks + 0.5) * zoom - 0.5 + origin
        for box, points, score in zip(boxes.reshape(-1, 4), landmarks, scores, strict=True):
            if not _is_cut(box, tile, pixels, 8 / scale):
                x0, y0, x1, y1 = (float(v) for v in box)
                faces.append(Face((x0, y0, x1, y1), points, float(score)))
        return faces

    @torch.inference_mode()
    def _run(
        self, images: Sequence[FloatImage], threshold: float
    ) -> list[tuple[Points, Points, NDArray[np.float64]]]:
        """Raw detections in RGB images of one size, for each: boxes (n, 4), landmarks (n, 5, 2),
        scores (n,)."""
        height, width = images[0].shape[:2]
        # Whole strides, so that anchors and features agree; the mean colour outside.
        padded = np.empty((len(images), -(-height // 32) * 32, -(-width // 32) * 32, 3), np.float32)
        padded[:, height:] = 0
        padded[:, :height, width:] = 0
        means = np.tile(np.array(MEAN, np.float32), width)
        for place, image in zip(padded.reshape(*padded.shape[:2], -1), images, strict=True):
            # Whole rows: numpy is slow when it repeats three numbers itself.
            np.subtract(image.reshape(height, -1), means, out=place[:height, : 3 * width])
        tensor = torch.from_numpy(padded).permute(0, 3, 1, 2)
        results = self.network(tensor.to(self.device, self.dtype))
        places = anchors(*padded.shape[1:3])
        raw = []
        for offsets, scores, moves in zip(*(t.float().cpu() for t in results), strict=True):
            keep = (scores > threshold).nonzero().flatten()
            boxes, landmarks = decoded(offsets[keep], moves[keep], places[keep])
            raw.append((boxes.numpy(), landmarks.numpy(), scores[keep].double().numpy()))
        return raw


def from_left_to_right(faces: Iterable[Face]) -> list[Face]:
    """In the order in which they are numbered."""
    return sorted(faces, key=lambda face: face.box[0] + face.box[2])


def check_limit(limit: int) -> None:
    """Raises GpenError: ``bad_option`` for a detection size that is neither 0 nor large enough."""
    if limit != 0 and limit < LEAST:
        raise GpenError(
            "bad_option",
            f"The detection size must be 0 or at least {LEAST} pixels.",
            "0 searches the picture at full size.",
        )


def scales(width: int, height: int, limit: int = 0) -> list[float]:
    """The scales to search: a small copy, the largest, and one between when they lie far apart.

    Args:
        width, height: of the picture in pixels.
        limit: long side of the largest copy in pixels; 0, or more than the picture has, means
            full size.

    Raises:
        GpenError: ``bad_option`` for a limit out of its range.
    """
    check_limit(limit)
    full = max(width, height)
    longest = min(limit or full, full)
    if longest <= SMALL:
        return [longest / full]
    small, large = SMALL / full, longest / full
    return [small, large] if small > large / 4 else [small, (small * large) ** 0.5, large]


def tiles(width: int, height: int, side: int, overlap: int) -> list[Box]:
    """Boxes of at most ``side`` pixels and equal size that cover the picture and overlap."""

    def spans(length: int) -> list[tuple[int, int]]:
        count = max(1, -(-(length - overlap) // (side - overlap)))
        own = -(-(length + (count - 1) * overlap) // count)
        starts = np.linspace(0, length - own, count).astype(int)
        return [(int(s), int(s) + own) for s in starts]

    return [(x0, y0, x1, y1) for y0, y1 in spans(height) for x0, x1 in spans(width)]


def anchors(height: int, width: int) -> Tensor:
    """RetinaFace's anchors for an image of this size: (A, 4) centre x, y, width, height in pixels.

    Coordinates count from the image's edges, in the order in which the network's heads give them.
    """
    levels = []
    for step, sides in zip(STEPS, SIDES, strict=True):
        y, x = torch.meshgrid(
            (torch.arange(-(-height // step)) + 0.5) * step,
            (torch.arange(-(-width // step)) + 0.5) * step,
            indexing="ij",
        )
        per_side = [torch.stack([x, y, *[torch.full_like(x, s)] * 2], dim=-1) for s in sides]
        levels.append(torch.stack(per_side, dim=2).view(-1, 4))
    return torch.cat(levels)


def decoded(offsets: Tensor, landmark_offsets: Tensor, anchors: Tensor) -> tuple[Tensor, Tensor]:
    """What the network says of some anchors, in pixels.

    Args:
        offsets, landmark_offsets: [A, 4] and [A, 10] from the network.
        anchors: (A, 4) centre x, y, width, height.

    Returns:
        Boxes (A, 4) as x0, y0, x1, y1, and landmarks (A, 5, 2), both float64.
    """
    places, sizes = anchors.double().view(-1, 2, 2).unbind(1)
    moves, growths = offsets.double().view(-1, 2, 2).unbind(1)
    centres, halves = (
        places + moves * VARIANCE[0] * sizes,
        sizes * (growths * VARIANCE[1]).exp() / 2,
    )
    landmarks = (
        places[:, None] + landmark_offsets.double().view(-1, 5, 2) * VARIANCE[0] * sizes[:, None]
    )
    return torch.cat([centres - halves, centres + halves], dim=1), landmarks


def scaled(pixels: Pixels, box: Box, scale: float) -> FloatImage:
    """A region of the picture made smaller by averaging, (h, w, 3) RGB in 0..1."""
    if scale == 1:
        return pixels.rgb(box)
    x0, y0, x1, y1 = box
    width, height = max(1, round((x1 - x0) * scale)), max(1, round((y1 - y0) * scale))
    # A strip at a time, along its rows and then down: of a huge picture no more than a strip is
    # ever held in float.
    small = np.zeros((height, width, 3), np.float32)
    ratio = height / (y1 - y0)
    for y in range(y0, y1, STRIP):
        rows = pixels.rgb((x0, y, x1, min(y + STRIP, y1)))
        narrow = cv2.resize(rows, (width, len(rows)), interpolation=cv2.INTER_AREA)
        edges = np.arange(y - y0, y - y0 + len(rows) + 1) * ratio  # in rows of the small copy
        into = np.arange(int(edges[0]), min(int(np.ceil(edges[-1])), height))[:, None]
        shares = np.minimum(edges[1:], into + 1) - np.maximum(edges[:-1], into)
        down = np.maximum(shares, 0).astype(np.float32) @ narrow.reshape(len(rows), -1)
        small[into[:, 0]] += down.reshape(-1, width, 3)
    return small


def _is_cut(box: NDArray[np.float64], tile: Box, pixels: Pixels, margin: float) -> bool:
    """True where the tile's border, but not the picture's, cuts a face that a neighbour has."""
    x0, y0, x1, y1 = tile
    return bool(
        (x0 > 0 and box[0] < x0 + margin)
        or (y0 > 0 and box[1] < y0 + margin)
        or (x1 < pixels.width and box[2] > x1 - margin)
        or (y1 < pixels.height and box[3] > y1 - margin)
    )
