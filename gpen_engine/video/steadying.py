"""Less flicker within a face: what the network sees is a mean over neighbouring frames.

A network invents other detail for every frame's grain. Crops of one track are aligned, so what is
left of the motion between two of them is small: it is measured (dense inverse search flow, Kroeger
et al. 2016), undone, and where two frames then agree they are averaged. It looks as far ahead as
back, so nothing lags; a mouth that opens agrees with no other frame and stays as it is. Averaging
what comes out of the network removes as much flicker, but also sharpness.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from ..faces.geometry import resized
from ..pixels import LUMA, FloatImage

REACH = 2
"""Frames before and after that a frame is averaged with."""
AGREE = 0.06
"""Difference, in 0..1, at which another frame counts by a third."""
SIDE = 256
"""Side of the copies that motion is measured on, at most."""
SOFT = 1 / 64
"""Standard deviation of the blur before frames are compared, in units of the side: they differ in
grain, which is to be averaged, and must not differ in features."""


def steadied(crops: Mapping[int, FloatImage]) -> FloatImage:
    """The crop of frame 0 as a mean with those of the frames around it.

    Args:
        crops: (size, size, 3) RGB in 0..1 of one track, by how many frames they are later than the
            one in question, which is 0.
    """
    now = crops[0]
    size, side = now.shape[0], min(SIDE, now.shape[0])
    guide = resized(now, side)
    total, weights = now.copy(), np.ones(now.shape[:2], np.float32)
    for offset, crop in crops.items():
        if offset == 0:
            continue
        other = resized(crop, side)
        flow = _motion(guide, other)
        weight = _enlarged(_agreement(guide, _moved(other, flow)), size)
        total += weight[:, :, None] * _moved(crop, _enlarged(flow, size) * (size / side))
        weights += weight
    return np.asarray(total / weights[:, :, None], np.float32)


def _motion(one: FloatImage, other: FloatImage) -> NDArray[np.float32]:
    """(side, side, 2): where each pixel of one lies in the other, as x and y to be added."""
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey = [
        np.rint(np.clip(cv2.GaussianBlur(image @ LUMA, (0, 0), 1), 0, 1) * 255).astype(np.uint8)
        for image in (one, other)
    ]
    flow = np.zeros((*grey[0].shape, 2), np.float32)
    return np.asarray(search.calc(grey[0], grey[1], flow), np.float32)


def _agreement(one: FloatImage, other: FloatImage) -> NDArray[np.float32]:
    """(side, side) in 0..1."""
    apart = cv2.GaussianBlur(one - other, (0, 0), one.shape[0] * SOFT)
    return np.asarray(np.exp(-((np.abs(apart).max(axis=2) / AGREE) ** 2)), np.float32)


def _moved(image: FloatImage, flow: NDArray[np.float32]) -> FloatImage:
    y, x = np.mgrid[: flow.shape[0], : flow.shape[1]].astype(np.float32)
    return np.asarray(
        cv2.remap(
            image,
            x + flow[:, :, 0],
            y + flow[:, :, 1],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT_101,
        ),
        np.float32,
    )


def _enlarged(image: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    if image.shape[0] == side:
        return image
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_LINEAR), np.float32)
