"""The numbers that define a GPEN network: everything else follows from them."""

from __future__ import annotations

from dataclasses import dataclass

SIZES = (64, 128, 256, 512, 1024, 2048)
"""Input and output sides in pixels for which a network can be built."""


@dataclass(frozen=True)
class GpenConfig:
    """Shape of a GPEN network (Yang et al., CVPR 2021, section 3.1 and figure 2).

    The released models are ``GpenConfig(256, 256, 1, 0.5)`` for GPEN-BFR-256 and
    ``GpenConfig(n, n, 2, 1)`` for n = 512, 1024, 2048.
    """

    in_size: int
    """Side of the square input in pixels, a power of two."""
    out_size: int
    """Side of the square output in pixels, a power of two, at least ``in_size``."""
    channel_multiplier: float = 2
    """Widens the levels from 64 pixels up."""
    narrow: float = 1
    """Scales every level; 1 means 512 channels at 4 to 32 pixels."""
    style_dim: int = 512
    """Length of the style vector w."""
    style_layers: int = 8
    """Depth of the mapping network."""
    concat: bool = True
    """True: encoder features are concatenated to the generator's (the released models).
    False: they are added, as StyleGAN2 adds noise."""

    def channels(self, resolution: int) -> int:
        """Feature channels of the level with this side in pixels (4, 8, ... 2048)."""
        if resolution <= 32:
            return int(self.narrow * 512)
        return int(256 * 64 // resolution * self.channel_multiplier * self.narrow)

    @property
    def encoder_sizes(self) -> list[int]:
        """Sides of the encoder's feature maps, in the order they are computed: in_size ... 4."""
        return [1 << k for k in range(self.in_size.bit_length() - 1, 1, -1)]

    @property
    def generator_sizes(self) -> list[int]:
        """Sides of the generator's levels above the constant: 8 ... out_size."""
        return [1 << k for k in range(3, self.out_size.bit_length())]
