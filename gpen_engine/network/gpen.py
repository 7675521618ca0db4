"""GPEN whole: encoder, mapping and generator joined in a U-shape (Yang et al. 2021, figure 2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .config import GpenConfig
from .encoder import Shrink, Stem, latent
from .generator import Generator
from .modulation import ModulatedConv


class Gpen(nn.Module):
    """The restoration network. Its state dict has the keys and shapes of the published weights.

    ``ecd0`` ... ``ecdK`` shrink the photo to 4x4; the deepest map gives the latent code that
    steers the generator, and each map is handed to the generator's level of the same size.
    """

    def __init__(self, config: GpenConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder_dtype = self.generator_dtype = torch.float32
        self.ecd0 = Stem(config)
        for k, size in enumerate(config.encoder_sizes[1:], start=1):
            self.add_module(f"ecd{k}", Shrink(config, size))
        self.final_linear = latent(config)
        self.generator = Generator(config)

    def forward(self, image: Tensor, *, seed: int = 0) -> Tensor:
        """Restores aligned faces.

        Args:
            image: [N, 3, in_size, in_size] RGB in -1..1, any floating dtype.
            seed: for in < out only: seeds the noise of the levels above the encoder.

        Returns:
            [N, 3, out_size, out_size] RGB float32, nominally -1..1, not clipped.
        """
        x = image.to(self.encoder_dtype, memory_format=torch.channels_last)
        maps = []
        for k in range(len(self.config.encoder_sizes)):
            x = self.get_submodule(f"ecd{k}")(x)
            maps.append(x.to(self.generator_dtype))
        # Flattened in C, H, W order whatever the memory format; the style stays in float32.
        z = self.final_linear(x.float().flatten(1))
        w = self.generator.style(z)
        features = [(m, m) for m in reversed(maps)] + self._noise(maps[0], seed)
        restored: Tensor = self.generator(w, features)
        return restored

    def _noise(self, like: Tensor, seed: int) -> list[tuple[Tensor, Tensor]]:
        """Gaussian noise for the levels above ``in_size``; the same for every face of a batch.

        Drawn on the CPU in float32, so that one seed gives one picture on every device.
        """
        source = torch.Generator().manual_seed(seed)

        def draw(size: int) -> Tensor:
            channels = self.config.channels(size) if self.config.concat else 1
            noise = torch.randn(1, channels, size, size, generator=source)
            return noise.to(like).contiguous(memory_format=torch.channels_last)

        sizes = [s for s in self.config.generator_sizes if s > self.config.in_size]
        return [(draw(s), draw(s)) for s in sizes]

    def freeze(self) -> Gpen:
        """Readies final weights for inference: keeps what no face changes, and lays them out."""
        for module in self.modules():
            if isinstance(module, ModulatedConv):
                module.freeze()
        return self.requires_grad_(False)

    def set_precision(self, dtype: torch.dtype, *, cast_weights: bool = True) -> Gpen:
        """Chooses the dtype of the convolutions; style, biases and the RGB skip stay float32.

        bfloat16 is used in the generator only: the encoder's rounding errors would reach every
        layer through the style (measured at 2048: relative error 1.1e-2 with, 0.5e-2 without it).

        Args:
            dtype: float32, float16 or bfloat16.
            cast_weights: False keeps float32 weights, which training needs.
        """
        self.generator_dtype = dtype
        self.encoder_dtype = torch.float32 if dtype == torch.bfloat16 else dtype
        if cast_weights:
            for name, parameter in self.named_parameters():
                if name.endswith(_HEAVY) and "to_rgb" not in name:
                    in_generator = name.startswith("generator.")
                    target = self.generator_dtype if in_generator else self.encoder_dtype
                    parameter.data = parameter.data.to(target)
        return self


_HEAVY = ("conv.weight", ".0.1.weight")
"""Endings of the 3x3 convolution weights, generator's and encoder's: nearly all of the numbers."""
