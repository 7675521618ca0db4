"""How much a network computes."""

from __future__ import annotations

import torch
from torch.utils.flop_counter import FlopCounterMode

from ..network import Gpen, GpenConfig
from .published import Published


def flops_per_face(config: GpenConfig) -> int:
    """Floating-point operations of convolutions and matrix products in the published forms.

    Two for each multiplication, those of the FIR filters included. Ours needs slightly fewer for
    the same result and is counted with these all the same, so that speeds can be compared.
    """
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        Published(Gpen(config))(torch.empty(1, 3, config.in_size, config.in_size))
    return int(counter.get_total_flops())
