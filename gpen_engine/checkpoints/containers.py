"""Finds the state dict in what a file holds, and turns the sectioned layout into plain keys.

Two layouts exist. *Flat* is one dict with the keys of the network. *Sectioned* is a dict of
``encoder``, ``mapper``, ``generator`` (each a dict of tensors) and ``args``; in safetensors, which
knows no nesting, the sections are prefixes of the keys and ``args`` is in the metadata.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from torch import Tensor

from ..errors import GpenError
from .arguments import Arguments, parse_arguments

SECTIONS = ("encoder", "mapper", "generator")

WRAPPERS = ("g_ema", "params_ema", "state_dict", "params", "g")
"""Keys under which training scripts, ours too, keep the generator; the averaged one is best."""

RENAMES = (
    ("ecd", "encoder.ecd"),
    ("final_linear.", "mapper.final_linear."),
    ("generator.style.", "mapper.style."),
    ("generator.", "generator."),
)
"""GPEN's own keys in the flat layout and in the sectioned one; the first row that fits counts.
Keys of the ResNet variant are the same in both."""

MAX_DEPTH = 4
"""How many wrappers are taken off; a hostile file may wrap itself for ever."""

LENIENT = (
    ("mapper.generator.style.", "mapper.style."),
    ("generator.generator.", "generator."),
)
"""Sections that kept their flat keys' prefix are read as well."""


@dataclass(frozen=True)
class Contents:
    """The tensors by the network's own keys, and how they were stored."""

    tensors: dict[str, Tensor]
    layout: str
    """``flat`` or ``sectioned``."""
    arguments: Arguments


def unwrap(content: object, subject: str) -> Contents:
    """Finds the state dict in ``content``, whichever way it is wrapped.

    Args:
        content: what a file holds, or a state dict.
        subject: "The file X", to begin an error with.

    Raises:
        GpenError: ``bad_checkpoint`` when there is none.
    """
    raw_arguments = None
    for _ in range(MAX_DEPTH):
        if not isinstance(content, Mapping):
            break
        raw_arguments = content.get("args", raw_arguments)
        inner = next((content[k] for k in WRAPPERS if isinstance(content.get(k), Mapping)), None)
        if inner is None:
            return _contents(content, raw_arguments, subject)
        content = inner
    raise _nothing(subject)


def _contents(content: Mapping[object, object], raw_arguments: object, subject: str) -> Contents:
    tensors = _tensors(content)
    for name in SECTIONS:
        section = content.get(name)
        if isinstance(section, Mapping):
            tensors |= {f"{name}.{key}": tensor for key, tensor in _tensors(section).items()}
    if not tensors:
        raise _nothing(subject)
    if not any(key.startswith("encoder.") for key in tensors):
        # "args" beside a flat dict are a training script's options and of another kind.
        return Contents(tensors, "flat", Arguments())
    return Contents(_to_flat(tensors), "sectioned", parse_arguments(raw_arguments))


def to_sections(tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """``encoder``, ``mapper`` and ``generator``, each a dict, from the network's own keys."""
    sections: dict[str, dict[str, Tensor]] = {name: {} for name in SECTIONS}
    own = any(key.startswith("ecd") for key in tensors)
    for key, tensor in tensors.items():
        section, _, rest = (_rename(key, RENAMES) if own else key).partition(".")
        sections[section][rest] = tensor
    return sections


def _to_flat(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    tensors = {_rename(key, LENIENT): tensor for key, tensor in tensors.items()}
    if not any(key.startswith("encoder.ecd") for key in tensors):
        return tensors
    back = [(sectioned, flat) for flat, sectioned in RENAMES]
    return {_rename(key, back): tensor for key, tensor in tensors.items()}


def _rename(key: str, rows: Iterable[tuple[str, str]]) -> str:
    for old, new in rows:
        if key.startswith(old):
            return new + key.removeprefix(old)
    return key


def _tensors(content: Mapping[object, object]) -> dict[str, Tensor]:
    """The tensors of a dict, without the prefix that data-parallel training puts on all keys."""
    tensors = {str(key): value for key, value in content.items() if isinstance(value, Tensor)}
    while tensors and all(key.startswith("module.") for key in tensors):
        tensors = {key.removeprefix("module."): value for key, value in tensors.items()}
    return tensors


def _nothing(subject: str) -> GpenError:
    return GpenError(
        "bad_checkpoint",
        f"{subject} holds no weights by name.",
        "Choose a file that was saved as a state dict.",
    )
