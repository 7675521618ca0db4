"""RetinaFace (Deng et al. 2020) with MobileNet-0.25 or ResNet-50, as facexlib lays its weights out.

The batch norms are folded into the convolutions when the weights are read, so the network has none.
"""

from __future__ import annotations

import re
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.backends import mkldnn

from ..network.resnet import ResNet50

STEPS = (8, 16, 32)
"""Pixels between the anchors of each level."""
SIDES = ((16, 32), (64, 128), (256, 512))
"""Of each level's anchors, in pixels."""
VARIANCE = (0.1, 0.2)
"""Scales of the offsets of places and of sizes."""
MEAN = (123 / 255, 117 / 255, 104 / 255)
"""The mean colour, RGB."""
_NORM_EPSILON = 1e-5


class RetinaFace(nn.Module):
    """RetinaFace with random weights.

    Args:
        body: gives three levels of features, of ``channels``, twice and four times as many.
        channels: of the first level.
        width: channels of the feature pyramid.
    """

    def __init__(self, body: nn.Module, channels: int, width: int) -> None:
        super().__init__()
        self.body = body
        self.fpn = _Pyramid(channels, width)
        self.ssh1, self.ssh2, self.ssh3 = (_Context(width) for _ in STEPS)
        self.ClassHead, self.BboxHead, self.LandmarkHead = (
            nn.ModuleList(_Head(width, numbers) for _ in STEPS) for numbers in (2, 4, 10)
        )

    def set_precision(self, dtype: torch.dtype) -> None:
        """That of the features. What is read from them stays float32: rounded scores would be
        equal, and the best of a face's many anchors could not be told."""
        for part in (self.body, self.fpn, self.ssh1, self.ssh2, self.ssh3):
            part.to(dtype)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Looks at images.

        Args:
            image: [N, 3, H, W] RGB in 0..1 minus ``MEAN``, H and W divisible by 32, in the
                precision of the features.

        Returns:
            Offsets [N, A, 4], scores in 0..1 [N, A] and landmark offsets [N, A, 10] of A anchors,
            all float32.
        """
        levels = self.fpn(self.body(image))
        contexts = (self.ssh1, self.ssh2, self.ssh3)
        levels = [context(x).float() for context, x in zip(contexts, levels, strict=True)]
        classes, offsets, landmarks = (
            torch.cat([head(x) for head, x in zip(heads, levels, strict=True)], dim=1)
            for heads in (self.ClassHead, self.BboxHead, self.LandmarkHead)
        )
        # The second of two classes by softmax.
        return offsets, torch.sigmoid(classes[..., 1] - classes[..., 0]), landmarks


class _MobileNet(nn.Module):
    """MobileNet (Howard et al. 2017) at a quarter of its width."""

    def __init__(self) -> None:
        super().__init__()
        first = nn.Sequential(*_unit(3, 8, stride=2))
        widths = [(8, 16, 1), (16, 32, 2), (32, 32, 1), (32, 64, 2), (64, 64, 1)]
        self.stage1 = nn.Sequential(first, *(_separable(*width) for width in widths))
        widths = [(64, 128, 2)] + 5 * [(128, 128, 1)]
        self.stage2 = nn.Sequential(*(_separable(*width) for width in widths))
        self.stage3 = nn.Sequential(_separable(128, 256, 2), _separable(256, 256, 1))

    def forward(self, x: Tensor) -> list[Tensor]:
        first = self.stage1(x)
        second = self.stage2(first)
        return [first, second, self.stage3(second)]


class _ResNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        whole = ResNet50(1)
        self.conv1 = whole.conv1
        self.layer1, self.layer2 = whole.layer1, whole.layer2
        self.layer3, self.layer4 = whole.layer3, whole.layer4

    def forward(self, x: Tensor) -> list[Tensor]:
        x = F.max_pool2d(F.relu(self.conv1(x)), 3, stride=2, padding=1)
        first = self.layer2(self.layer1(x))
        second = self.layer3(first)
        return [first, second, self.layer4(second)]


class _Pyramid(nn.Module):
    """Brings what is seen on coarse levels down to the finer ones."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.output1, self.output2, self.output3 = (
            nn.Sequential(*_unit(channels * 2**level, width, 1, slope=_slope(width)))
            for level in range(3)
        )
        self.merge1, self.merge2 = (
            nn.Sequential(*_unit(width, width, slope=_slope(width))) for _ in range(2)
        )

    def forward(self, levels: list[Tensor]) -> list[Tensor]:
        fine, middle, coarse = levels
        coarse = self.output3(coarse)
        middle = self.merge2(self.output2(middle).add_(F.interpolate(coarse, scale_factor=2)))
        fine = self.merge1(self.output1(fine).add_(F.interpolate(middle, scale_factor=2)))
        return [fine, middle, coarse]


class _Context(nn.Module):
    """Looks 3, 5 and 7 pixels wide (Najibi et al. 2017, SSH)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        half, quarter, slope = width // 2, width // 4, _slope(width)
        self.conv3X3 = nn.Sequential(_convolution(width, half))
        self.conv5X5_1 = nn.Sequential(*_unit(width, quarter, slope=slope))
        self.conv5X5_2 = nn.Sequential(_convolution(quarter, quarter))
        self.conv7X7_2 = nn.Sequential(*_unit(quarter, quarter, slope=slope))
        self.conv7x7_3 = nn.Sequential(_convolution(quarter, quarter))

    def forward(self, x: Tensor) -> Tensor:
        wide = self.conv5X5_1(x)
        wider = self.conv7x7_3(self.conv7X7_2(wide))
        return torch.cat([self.conv3X3(x), self.conv5X5_2(wide), wider], dim=1).relu_()


class _Convolution(nn.Conv2d):
    """Gives the same bits with any number of threads: PyTorch itself takes other ways for small
    maps and for kernels of one pixel, and with one thread yet another."""

    def forward(self, x: Tensor) -> Tensor:
        has_it = mkldnn.is_available()  # type: ignore[no-untyped-call]
        if x.device.type != "cpu" or x.dtype != torch.float32 or not has_it:
            return super().forward(x)
        padding = cast(tuple[int, ...], self.padding)
        return torch.mkldnn_convolution(
            x, self.weight, self.bias, padding, self.stride, self.dilation, self.groups
        )


class _Head(nn.Module):
    """So many numbers for each of the two anchors at a place."""

    def __init__(self, width: int, numbers: int) -> None:
        super().__init__()
        self.conv1x1 = _Convolution(width, 2 * numbers, 1)
        self.numbers = numbers

    def forward(self, x: Tensor) -> Tensor:
        """[N, width, H, W] -> [N, 2 H W, numbers]."""
        y: Tensor = self.conv1x1(x).permute(0, 2, 3, 1)
        return y.reshape(len(y), -1, self.numbers)


def _slope(width: int) -> float:
    """Of the activations below 0; the wide form has plain ones."""
    return 0.1 if width <= 64 else 0.0


def _convolution(
    inputs: int, outputs: int, kernel: int = 3, *, stride: int = 1, groups: int = 1
) -> nn.Conv2d:
    return _Convolution(inputs, outputs, kernel, stride, kernel // 2, groups=groups)


def _unit(
    inputs: int,
    outputs: int,
    kernel: int = 3,
    *,
    stride: int = 1,
    groups: int = 1,
    slope: float = 0.1,
) -> list[nn.Module]:
    """A convolution with its activation; between them, for the numbering, stood a batch norm."""
    convolution = _convolution(inputs, outputs, kernel, stride=stride, groups=groups)
    return [convolution, nn.Identity(), nn.LeakyReLU(slope, inplace=True)]


def _separable(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        *_unit(inputs, inputs, stride=stride, groups=inputs), *_unit(inputs, outputs, 1)
    )


def retinaface(weights: dict[str, Tensor]) -> RetinaFace:
    """RetinaFace with the given weights, told by their names, in evaluation mode on the CPU.

    Raises:
        RuntimeError or KeyError: when the weights are not RetinaFace's.
    """
    if "body.stage1.0.0.weight" in weights:
        network, first = RetinaFace(_MobileNet(), 64, 64), "body.stage1.0.0.weight"
    else:
        network, first = RetinaFace(_ResNet(), 512, 256), "body.conv1.weight"
    state = _folded(weights)
    state[first] = state[first].flip(1) * 255  # it was trained on BGR in 0..255
    network.load_state_dict(state)
    return network.eval().requires_grad_(False)


def _folded(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights with each batch norm in the convolution before it."""
    state = {k: v.float() for k, v in weights.items() if not k.endswith("num_batches_tracked")}
    for norm in [k.removesuffix(".running_var") for k in state if k.endswith(".running_var")]:
        # The norm bn1 follows conv1; in a sequence, the norm 1 follows the convolution 0.
        before = norm.replace(".bn", ".conv")
        if before == norm:
            before = re.sub(r"\d+$", lambda number: str(int(number[0]) - 1), norm)
        variance, mean = state.pop(f"{norm}.running_var"), state.pop(f"{norm}.running_mean")
        scale = state.pop(f"{norm}.weight") / (variance + _NORM_EPSILON).sqrt()
        state[f"{before}.weight"] = state[f"{before}.weight"] * scale[:, None, None, None]
        state[f"{before}.bias"] = state.pop(f"{norm}.bias") - mean * scale
    return state
