"""Opens a weights file without running anything that is in it.

Pickled formats go through PyTorch's restricted unpickler, which knows tensors and plain containers
and refuses every other class or function; ``argparse.Namespace`` is let in too, because training
scripts keep their options in one. What a file is, is told by its first bytes, not by its name.
"""

from __future__ import annotations

import argparse
import json
import pickletools
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import torch
from safetensors import SafetensorError, safe_open

from ..errors import GpenError

_AGAIN = "Copy or download it again, and compare its size with the one its source states."
_OTHER = "Choose a GPEN weights file (.pth, .pt or .safetensors)."


def read(path: Path) -> object:
    """The content of a weights file: nested containers of CPU tensors, mapped from the file.

    Only files of PyTorch's first format (before 1.6) are copied into memory. A safetensors file
    gives a dict of its tensors and, under ``args``, what its metadata hold as JSON by that name.

    Raises:
        GpenError: ``model_missing``, ``checkpoint_unsafe`` or ``bad_checkpoint``.
    """
    if not path.exists():
        raise GpenError(
            "model_missing", f"There is no file {path}.", "Check the name, or choose another model."
        )
    if not path.is_file():
        raise GpenError("bad_checkpoint", f"{path} is a folder, not a weights file.", _OTHER)
    try:
        with path.open("rb") as file:
            head = file.read(9)
    except OSError as error:
        raise GpenError(
            "bad_checkpoint",
            f"The file {path.name} cannot be read: {error.strerror}.",
            "Check that you are allowed to read it.",
        ) from error
    if not head:
        raise GpenError("bad_checkpoint", f"The file {path.name} is empty.", _AGAIN)
    if head[8:] == b"{":  # eight bytes of length before a JSON header
        return _read_safetensors(path)
    if head.startswith(b"PK\x03\x04"):
        return _read_zip(path)
    if head.startswith(b"\x80"):
        return _read_legacy(path)
    raise _refusal(path)


def _read_safetensors(path: Path) -> dict[str, object]:
    try:
        with safe_open(path, framework="pt") as file:
            names = file.keys()
            content: dict[str, object] = {name: file.get_tensor(name) for name in names}
            metadata = file.metadata() or {}
    except SafetensorError as error:
        if "incomplete" in str(error) or "header length" in str(error):
            raise _incomplete(path) from error
        raise _refusal(path) from error
    if "args" in metadata:
        try:
            content["args"] = json.loads(metadata["args"])
        except json.JSONDecodeError as error:
            raise _refusal(path) from error
    return content


def _read_zip(path: Path) -> object:
    """PyTorch's format since 1.6: a zip archive of one pickle and the numbers of each tensor."""
    if not zipfile.is_zipfile(path):  # an archive's directory stands at its end
        raise _incomplete(path)
    with _restricted(path):
        content: object = torch.load(path, map_location="cpu", mmap=True, weights_only=True)
    return content


def _read_legacy(path: Path) -> object:
    """PyTorch's first format: four pickles after each other, then the numbers."""
    with _restricted(path), path.open("rb") as file:
        content: object = torch.load(file, map_location="cpu", weights_only=True)
    return content


@contextmanager
def _restricted(path: Path) -> Iterator[None]:
    """Lets ``argparse.Namespace`` in, and says in words why the restricted unpickler stopped."""
    try:
        with torch.serialization.safe_globals([argparse.Namespace]):
            yield
    except MemoryError:
        raise
    except Exception as error:  # nonsense makes it raise nearly anything
        if isinstance(error, EOFError) or "EOF" in str(error):
            raise _incomplete(path) from error
        raise _refusal(path, str(error)) from error


def _incomplete(path: Path) -> GpenError:
    return GpenError(
        "bad_checkpoint", f"The file {path.name} is incomplete: its end is missing.", _AGAIN
    )


def _refusal(path: Path, reason: str = "") -> GpenError:
    """The error for a file that is no checkpoint, or one that holds code."""
    foreign = _foreign_names(path)
    if not foreign and "Unsupported global" not in reason:
        return GpenError(
            "bad_checkpoint",
            f"The file {path.name} is not a weights file, or it is damaged.",
            _OTHER,
        )
    asks = f' (it asks for "{foreign[0]}")' if foreign else ""
    return GpenError(
        "checkpoint_unsafe",
        f"The file {path.name} holds program code besides weights{asks}. Nothing of it was run.",
        "Do not use this file; ask its source for a .safetensors file instead.",
    )


def _foreign_names(path: Path) -> list[str]:
    """Classes and functions in the file's pickles that no weights file needs.

    The pickles are only looked through, never executed. This finds the words for an error; what
    keeps code from running is the restricted unpickler.
    """
    names: list[str] = []
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for member in archive.namelist():
                    if member.endswith("data.pkl"):
                        with archive.open(member) as stream:
                            names += _names(stream)
        else:
            with path.open("rb") as stream:
                for _ in range(4):
                    names += _names(stream)
    except (ValueError, zipfile.BadZipFile):
        pass  # here the pickles end; those before it count
    usual = ("torch.", "collections.OrderedDict", "argparse.Namespace")
    return [name for name in names if not name.startswith(usual)]


def _names(stream: IO[bytes]) -> list[str]:
    """Every global that one whole pickle refers to; ValueError when it is not one."""
    names: list[str] = []
    words: list[str] = []
    for code, argument, _ in pickletools.genops(stream):
        if code.name in ("GLOBAL", "INST"):
            names.append(str(argument).replace(" ", "."))
        elif code.name == "STACK_GLOBAL":  # takes the two strings before it
            names.append(".".join(words[-2:]))
        elif isinstance(argument, str):
            words = [*words[-1:], argument]
    return names
