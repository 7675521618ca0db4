"""From a file or a state dict to a model that restores."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ..device import choose_device, choose_dtype
from ..model import GpenModel
from ..network import GpenConfig
from .arguments import Arguments
from .catalogue import display_name, find_model
from .checking import check_shapes, check_values
from .containers import unwrap
from .forms import Form, Network, configure, detect
from .reading import read

ALIGNMENT = 64
"""Bytes. Matrix products choose their kernels by it, so weights that began elsewhere would give
other last bits."""


@dataclass(frozen=True)
class Checkpoint:
    """A state dict that was checked: it fits the network, and all its numbers are finite."""

    tensors: dict[str, Tensor]
    """By the network's own keys, in the dtypes of the file."""
    form: Form
    config: GpenConfig
    layout: str
    """How it was stored: ``flat`` or ``sectioned``."""
    arguments: Arguments
    path: Path | None
    """None when it came as a dict."""

    @property
    def name(self) -> str:
        """What to call the model: its version, else its file."""
        if self.arguments.version:
            return self.arguments.version
        if self.path:
            return display_name(self.path)
        return f"GPEN-{self.config.out_size}"


def open_checkpoint(source: str | Path | Mapping[str, object]) -> Checkpoint:
    """Reads and checks a checkpoint, whatever its format, container and layout.

    Names and shapes are compared before anything is allocated. The tensors are those of the dict,
    or mapped from the file, which must not be overwritten in place while they live.

    Args:
        source: a file, the name of a known model, or a state dict (or what contains one).

    Raises:
        GpenError: ``model_missing``, ``checkpoint_unsafe`` or ``bad_checkpoint``.
    """
    path = None if isinstance(source, Mapping) else find_model(source)
    what = f"The file {path.name}" if path else "The state dict"
    contents = unwrap(read(path) if path else source, what)
    tensors = contents.tensors
    shapes = {key: tuple(tensor.shape) for key, tensor in tensors.items()}
    form = detect(shapes, what)
    config = configure(shapes, contents.arguments)
    check_shapes(tensors, _without_memory(form, config).state_dict(), what)
    check_values(tensors, what)
    return Checkpoint(tensors, form, config, contents.layout, contents.arguments, path)


def load_model(
    path_or_state_dict: str | Path | Mapping[str, object],
    *,
    device: str | torch.device = "auto",
    dtype: str | torch.dtype = "auto",
) -> GpenModel:
    """Loads a GPEN model, in whatever form its weights come.

    Args:
        path_or_state_dict: a .pth, .pt or .safetensors file, the name of a known model, or a state
            dict, which is copied. Weights may be float32, float16 or bfloat16.
        device: see ``gpen_engine.device.choose_device``.
        dtype: precision of the convolutions, see ``gpen_engine.device.choose_dtype``.

    Raises:
        GpenError: ``model_missing``, ``checkpoint_unsafe``, ``bad_checkpoint``, ``device_missing``
            or ``bad_option``.
    """
    device = choose_device(device)
    dtype = choose_dtype(dtype, device)
    checkpoint = open_checkpoint(path_or_state_dict)
    network = _without_memory(checkpoint.form, checkpoint.config).set_precision(dtype)
    wanted = network.state_dict()
    state = {
        key: _place(tensor, device, wanted[key].dtype, copy=checkpoint.path is None)
        for key, tensor in checkpoint.tensors.items()
    }
    network.load_state_dict(state, assign=True)
    return GpenModel(
        network.eval().freeze(),
        name=checkpoint.name,
        device=device,
        dtype=dtype,
        sha256=_sha256(checkpoint.path) if checkpoint.path else None,
    )


def _without_memory(form: Form, config: GpenConfig) -> Network:
    """The network on the meta device: names, shapes and dtypes, but no numbers."""
    with torch.device("meta"):
        return form.build(config)


def _place(tensor: Tensor, device: torch.device, dtype: torch.dtype, *, copy: bool) -> Tensor:
    """The tensor where and as the network wants it: itself (mapped from the file) if possible."""
    placed = tensor.detach().to(device, dtype).contiguous()
    if placed.data_ptr() != tensor.data_ptr():
        return placed
    return placed.clone() if copy or placed.data_ptr() % ALIGNMENT else placed


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
