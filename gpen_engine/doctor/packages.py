"""PyTorch and the other packages that the engine needs: whether they are there and load."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from importlib import metadata

from .finding import Case, Finding

TORCH, PACKAGES = "PyTorch", "Packages"
MODULES = {"opencv-python": "cv2", "pillow": "PIL"}
"""Packages whose module has another name."""


def pytorch(case: Case) -> Iterator[Finding]:
    """Whether PyTorch loads, for which cards it was built, and whether torchvision is its own."""
    try:
        import torch
    except Exception as error:  # half an installation raises anything
        yield Finding(
            "fault", TORCH, f"It does not load: {_first_line(error)}.", case.environment_anew()
        )
        return
    built = (
        (torch.version.cuda, f"for NVIDIA cards (CUDA {torch.version.cuda})"),
        (torch.version.hip, "for AMD cards"),
        (torch.version.xpu, "for Intel cards"),
        (torch.backends.mps.is_built(), "for Apple's processors"),
        (True, "for the processor"),
    )
    what = next(words for there, words in built if there)
    yield Finding("ok", TORCH, f"{torch.__version__}, built {what}.")
    yield from _pair(case, str(torch.__version__))


def packages(case: Case) -> Iterator[Finding]:
    """Loads every package, facexlib and torchvision as the engine does."""
    broken = []
    for name in _required():
        if name not in ("torch", "torchvision", "facexlib", "spandrel"):
            broken += _unloadable(name)
    try:
        from ..faces import Detector
        from ..faces.facexlib_networks import import_facexlib

        Detector()
        import_facexlib()
    except Exception as error:
        broken.append(f"The face detector or the face parsers do not load: {_first_line(error)}.")
    broken += _unloadable("spandrel")  # it needs torchvision as it is made ready for facexlib
    for sentence in broken:
        yield Finding("fault", PACKAGES, sentence, case.environment_anew())
    if not broken:
        yield Finding("ok", PACKAGES, "All are there, and the face detector loads.")


def _pair(case: Case, torch_version: str) -> Iterator[Finding]:
    """Each torchvision is built for one torch."""
    try:
        theirs = metadata.version("torchvision")
        wanted = _torch_of_torchvision()
    except metadata.PackageNotFoundError:
        yield Finding("fault", TORCH, "torchvision is missing.", case.environment_anew())
        return
    if wanted and wanted != torch_version.partition("+")[0]:
        sentence = f"torchvision {theirs} belongs to torch {wanted}, not {torch_version}."
        yield Finding("fault", TORCH, sentence, case.environment_anew())


def _torch_of_torchvision() -> str:
    """The torch version that the installed torchvision asks for; empty when it does not say."""
    for requirement in metadata.requires("torchvision") or []:
        found = re.match(r"torch\s*\(?==\s*([\d.]+)", requirement)
        if found:
            return found[1]
    return ""


def _required() -> list[str]:
    """Names of the packages that the engine asks for."""
    try:
        lines = metadata.requires("gpen-engine") or []
    except metadata.PackageNotFoundError:  # run where it lies, not installed
        return []
    return [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in lines if "extra ==" not in line]


def _unloadable(name: str) -> list[str]:
    try:
        importlib.import_module(MODULES.get(name, name))
    except Exception as error:
        return [f"{name} does not load: {_first_line(error)}."]
    return []


def _first_line(error: Exception) -> str:
    text = str(error).strip().partition("\n")[0].rstrip(".")
    return text or type(error).__name__
