"""Rewrites a checkpoint in another format, layout or precision."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from ..device import parse_dtype
from ..errors import GpenError
from ..files import replacing
from .containers import to_sections
from .loading import Checkpoint, open_checkpoint

LAYOUTS = ("flat", "sectioned")
SUFFIXES = (".pth", ".pt", ".safetensors")


def convert(
    source: str | Path,
    target: str | Path,
    *,
    dtype: str | torch.dtype | None = None,
    layout: str | None = None,
) -> None:
    """Writes ``source``, checked, to ``target``; the image it gives in float32 stays the same.

    Args:
        source: a checkpoint in any form that ``load_model`` takes, a training state too.
        target: written whole or not at all; its suffix (.pth, .pt, .safetensors) is the format.
        dtype: of all floating-point tensors: "float32", "float16" (halves the file), "bfloat16";
            None keeps theirs.
        layout: "flat" or "sectioned"; None keeps the source's.

    Raises:
        GpenError: those of ``open_checkpoint``; ``bad_option`` for a format or layout that there is
            not; ``bad_checkpoint`` when float16 is too small for a weight; ``cannot_write``.
    """
    target = Path(target)
    if target.suffix.lower() not in SUFFIXES:
        raise GpenError(
            "bad_option",
            f'The weights cannot be written as "{target.suffix or target.name}".',
            f"End the new file's name in {', '.join(SUFFIXES)}.",
        )
    if layout not in (None, *LAYOUTS):
        raise GpenError(
            "bad_option", f'There is no layout "{layout}".', f"Choose {' or '.join(LAYOUTS)}."
        )
    wanted = None if dtype is None else parse_dtype(dtype)
    checkpoint = open_checkpoint(source)
    layout = layout or checkpoint.layout
    if layout not in checkpoint.form.layouts:
        raise GpenError(
            "bad_option",
            f"The {layout} layout has no form for a {checkpoint.form.name}.",
            f"Choose the layout {' or '.join(checkpoint.form.layouts)}.",
        )
    tensors = {key: _cast(key, tensor, wanted) for key, tensor in checkpoint.tensors.items()}
    arguments = _arguments(checkpoint, target)
    del checkpoint  # lets go of the mapped source: Windows does not replace a file that is mapped
    try:
        with replacing(target) as temporary:
            write = _save_safetensors if target.suffix.lower() == ".safetensors" else _save_torch
            write(temporary, tensors, layout, arguments)
    except (OSError, SafetensorError) as error:
        raise GpenError(
            "cannot_write",
            f"The file {target} could not be written: {error}.",
            "Check that the folder exists, may be written to and has room.",
        ) from error


def _cast(key: str, tensor: Tensor, dtype: torch.dtype | None) -> Tensor:
    """The tensor in ``dtype`` and in memory of its own, as the writers need it."""
    if dtype is None or not tensor.is_floating_point():
        return tensor.detach().clone(memory_format=torch.contiguous_format)
    cast = tensor.detach().to(dtype, copy=True, memory_format=torch.contiguous_format)
    if not torch.isfinite(cast).all():
        raise GpenError(
            "bad_checkpoint",
            f"The numbers of {key} are too large for {str(dtype).removeprefix('torch.')}.",
            "Convert to bfloat16 or float32.",
        )
    return cast


def _arguments(checkpoint: Checkpoint, target: Path) -> dict[str, Any]:
    return {
        "in_size": checkpoint.config.in_size,
        "out_size": checkpoint.config.out_size,
        "version": checkpoint.arguments.version or target.stem,
    }


def _save_torch(
    path: Path, tensors: dict[str, Tensor], layout: str, arguments: dict[str, Any]
) -> None:
    if layout == "flat":
        torch.save(tensors, path)
    else:
        torch.save({**to_sections(tensors), "args": arguments}, path)


def _save_safetensors(
    path: Path, tensors: dict[str, Tensor], layout: str, arguments: dict[str, Any]
) -> None:
    metadata = {"format": "pt", "layout": layout}
    if layout == "sectioned":
        sections = to_sections(tensors)
        tensors = {f"{name}.{key}": t for name in sections for key, t in sections[name].items()}
        metadata["args"] = json.dumps(arguments)
    save_file(tensors, path, metadata=metadata)
