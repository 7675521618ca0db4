"""What a training run is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..network import GpenConfig


@dataclass(frozen=True)
class TrainingOptions:
    """What a run is made of; stored in its state, so that a resumed run is the same run."""

    size: int = 256
    """Side of input and output in pixels."""
    narrow: float = 0.25
    channel_multiplier: float = 1
    steps: int = 7000
    """Generator updates in all."""
    batch: int = 4
    learning_rate: float = 2e-3
    decay: float = 1.0
    """What the learning rate is multiplied with at the end, reached along a cosine."""
    discriminator_rate: float = 3e-4
    """Learning rate of the discriminator, whose layers are not equalised."""
    frequencies: float = 0.1
    """Weight of the spectra's distance against the content loss."""
    face: float = 0.15
    """Weight of the distance in the face detector's features."""
    detail: float = 3.0
    """Weight of the distance of fine detail's contrast."""
    adversarial: float = 0.04
    """Weight of the adversarial loss against the content loss."""
    features: float = 1.0
    """Weight of the discriminator's feature distance."""
    penalty: float = 0.05
    """Weight of R1, applied every ``PENALTY_EVERY`` steps."""
    warm_up: int = 5200
    """Steps on the losses against the truth alone before the discriminator joins."""
    head_start: int = 0
    """Steps for which the discriminator then learns before the generator hears it."""
    half_life: int = 350
    """Half-life of the weight average in steps."""
    seed: int = 0

    @property
    def config(self) -> GpenConfig:
        return GpenConfig(self.size, self.size, self.channel_multiplier, self.narrow)

    def rate(self, step: int) -> float:
        """The generator's learning rate at this step."""
        share = (1 + math.cos(math.pi * min(step / self.steps, 1))) / 2
        return self.learning_rate * (self.decay + (1 - self.decay) * share)
