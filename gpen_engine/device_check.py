"""Lets a device show that it computes, and makes it what "auto" means in this environment.

``python -m gpen_engine.device_check cuda``: status 0 when it does, else a sentence that says why.
"""

from __future__ import annotations

import sys

import torch

from .checkpoints import load_model
from .checkpoints.catalogue import DEFAULT
from .device import CHOICE, check_kernel, choose_device
from .errors import GpenError
from .files import replacing

FURTHEST = 0.1
"""Between its result and the processor's, of values from -1 to 1; half precision comes to 0.01."""


def check(name: str) -> None:
    """Has the device compute a convolution and the embedded network, and compares the results.

    Raises:
        GpenError: ``device_missing`` when it is not there, does not compute, or does so wrongly.
    """
    device = choose_device(name)
    check_kernel(device)
    if device.type == "cpu":
        return
    path = DEFAULT.path
    assert path is not None, "it comes along"
    side = DEFAULT.in_size
    assert side is not None
    face = torch.linspace(-1, 1, 3 * side * side).view(1, 3, side, side)
    expected, got = (
        load_model(path, device=where)(face.to(where)).float().cpu() for where in ("cpu", device)
    )
    distance = (got - expected).abs().max().item()
    if not distance <= FURTHEST:  # nor is it when it is no number
        raise GpenError(
            "device_missing",
            f'The device "{name}" computes wrongly (off by {distance:.2f}).',
            'Choose the device "cpu", or another driver.',
        )


def main() -> int:
    name = sys.argv[1]
    try:
        check(name)
    except GpenError as error:
        print(error.sentence)
        return 1
    with replacing(CHOICE) as fresh:
        fresh.write_text(f"{name}\n", encoding="utf-8")
    print(f"{name} computes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
