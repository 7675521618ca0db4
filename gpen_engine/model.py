"""A loaded model: the network with its weights, where they are and what they are called."""

from __future__ import annotations

import torch
from torch import Tensor

from . import fast
from .graphs import Graphs, first_line
from .network import Gpen, GpenConfig, ResnetGpen, fused


class GpenModel:
    """A network ready to restore aligned faces. Made by ``load_model``.

    Attributes:
        name: what to call it in a layer's title, such as ``GPEN-BFR-512``.
        config: sizes and widths of the network.
        device: where its weights lie and where it computes.
        dtype: precision of its convolutions; what float16 cannot hold turns it into float32.
        sha256: hexadecimal sum of the weights file; None when made from a dict.
        parameters: how many learned numbers it has.
    """

    def __init__(
        self,
        network: Gpen | ResnetGpen,
        *,
        name: str,
        device: torch.device,
        dtype: torch.dtype,
        sha256: str | None,
    ) -> None:
        self.network = network
        self.name = name
        self.device = device
        self.dtype = dtype
        self.sha256 = sha256
        self.parameters = sum(p.numel() for p in network.parameters())
        self._graphs = Graphs(self.network)

    @property
    def config(self) -> GpenConfig:
        return self.network.config

    def __call__(self, images: Tensor, *, seed: int = 0) -> Tensor:
        """Restores aligned faces; the same images and seed give the same bits.

        Args:
            images: [N, 3, in_size, in_size] floating point RGB in -1..1 (sRGB-encoded), on any
                device, in either memory format.
            seed: steers the noise of a model that puts out more pixels than it takes; without
                effect on others.

        Returns:
            [N, 3, out_size, out_size] RGB, nominally -1..1, not clipped; dtype and device as those
            of ``images``.

        Raises:
            ValueError: shape or dtype are others.
        """
        size = self.config.in_size
        if images.shape[1:] != (3, size, size) or not images.is_floating_point():
            raise ValueError(
                f"needs floating-point images [N, 3, {size}, {size}],"
                f" not {images.dtype} {list(images.shape)}"
            )
        with torch.inference_mode():
            on_card = self.device.type == "cuda"
            placed = images.to(self.device, non_blocking=on_card)
            run = self._on_card if on_card else self.network
            restored: Tensor = run(placed, seed=seed)
            if self.dtype == torch.float16 and not restored.isfinite().all():
                self._widen()  # some feature is beyond it, and what is not finite stays so
                restored = run(placed, seed=seed)
        # Copied out of inference mode: its tensors refuse to be changed in place by the caller.
        if on_card and images.device.type == "cpu":
            return fast.room(restored.shape, self.device).copy_(restored).to(images.dtype)
        return restored.to(images.device, images.dtype, copy=True)

    def _on_card(self, images: Tensor, *, seed: int) -> Tensor:
        """By the fast ways that were seen to work there; what fails all the same is done plainly.

        Only that memory ran out is told, and only when no recorded graphs had any.
        """
        with torch.cuda.device(self.device), fast.full_precision():
            fast.why_not_fused(self.device, self.dtype)  # tries it, the first time
            replays = not fast.why_not_recorded(self.device, self.dtype)
            restored: Tensor
            try:
                # Noise, which only a widening network takes, changes with the seed.
                if replays and self.config.in_size == self.config.out_size and len(images):
                    return self._graphs(images)
                restored = self.network(images, seed=seed)
                return restored
            except Exception as error:
                why = first_line(error)
                if isinstance(error, torch.OutOfMemoryError):
                    if not len(self._graphs):
                        raise
                elif not fused.distrust(images.device):
                    raise
                self._graphs.drop(why)
            restored = self.network(images, seed=seed)
            return restored

    def _widen(self) -> None:
        """To float32, for good."""
        self.dtype = torch.float32
        self.network.set_precision(self.dtype)
        self._graphs = Graphs(self.network)

    def move(self, device: torch.device | str) -> None:
        """Takes the weights to another device; on the processor they become float32."""
        self._graphs = Graphs(self.network)  # the old ones are of the weights where they were
        self.device = torch.device(device)
        if self.device.type == "cpu":
            self._widen()
        self.network.to(self.device)

    def __repr__(self) -> str:
        c = self.config
        return f"<GpenModel {self.name}, {c.in_size} to {c.out_size}, {self.dtype}, {self.device}>"
