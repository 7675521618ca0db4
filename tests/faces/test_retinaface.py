"""Our RetinaFace beside facexlib's, with the same weights."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from gpen_engine.faces.detection import Detector, anchors, decoded
from gpen_engine.faces.facexlib_networks import empty_retinaface, import_facexlib
from gpen_engine.faces.retinaface import MEAN, retinaface


def trained(name: str) -> nn.Module:
    """facexlib's network with batch norms as after a training: none of them is the identity."""
    torch.manual_seed(4)
    network = empty_retinaface(name)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.1)
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 2)
    return network.eval()


@pytest.mark.parametrize("name", ["mobile0.25", "resnet50"])
@torch.inference_mode()
def test_it_sees_what_facexlibs_sees(name: str) -> None:
    theirs = trained(name)
    rgb = torch.rand(2, 3, 96, 160)
    bgr = rgb.flip(1) * 255 - torch.tensor([104.0, 117, 123]).view(3, 1, 1)
    offsets, probabilities, landmarks = theirs(bgr)
    expected = offsets, probabilities[..., 1], landmarks
    found = retinaface(theirs.state_dict())(rgb - torch.tensor(MEAN).view(3, 1, 1))
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        assert (one - other).abs().max() < 1e-4 * max(1, other.abs().max())


def test_boxes_and_landmarks_are_decoded_as_facexlib_does() -> None:
    torch.manual_seed(5)
    height, width = 64, 96
    places = anchors(height, width)
    count = len(places)
    offsets, landmark_offsets = torch.randn(count, 4), torch.randn(count, 10)
    utils = import_facexlib().detection.retinaface_utils
    unit = places / torch.tensor([width, height] * 2)

    def in_pixels(theirs: Tensor) -> Tensor:
        return theirs.view(count, -1, 2) * torch.tensor([width, height])

    boxes, landmarks = decoded(offsets, landmark_offsets, places)
    their_boxes = in_pixels(utils.decode(offsets, unit, [0.1, 0.2]))
    their_landmarks = in_pixels(utils.decode_landm(landmark_offsets, unit, [0.1, 0.2]))
    torch.testing.assert_close(boxes.view(-1, 2, 2).float(), their_boxes, atol=1e-3, rtol=1e-5)
    torch.testing.assert_close(landmarks.float(), their_landmarks, atol=1e-3, rtol=1e-5)


@pytest.mark.parametrize("side", [96, 224, 640])
def test_the_number_of_threads_changes_no_bit(side: int) -> None:
    network = Detector().network
    image = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(side))
    before, results = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            with torch.inference_mode():
                results.append(network(image))
    finally:
        torch.set_num_threads(before)
    for result in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(result, results[0], strict=True))
