"""Takes weights files that a user fetched by hand, known by what is in them and not by name."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import save
from torch import Tensor

from ..errors import GpenError
from ..files import replacing
from ..network import GpenConfig
from ..wire import EngineHome
from . import catalogue
from .catalogue import SUFFIXES, Entry, known, own_models
from .identify import network_of
from .loading import open_checkpoint
from .onnx_weights import read_onnx
from .part import writing
from .records import Records, sha256_of


@dataclass(frozen=True)
class Recognised:
    """A weights file, and which known models it may be."""

    path: Path
    sha256: str
    network: GpenConfig | str
    entries: tuple[Entry, ...]
    """Those with this network: it cannot be told from the numbers what a network was trained for,
    so there may be several; the one alone whose published sum this is."""
    tensors: dict[str, Tensor] | None = None
    """The weights, where they have to be written in another form: those of an ONNX file."""

    @property
    def published(self) -> bool:
        """Its sum is one that the catalogue states."""
        return any(self.sha256 in (e.sha256, e.onnx_sha256) for e in self.entries)

    @property
    def name(self) -> str | None:
        """The model it is; None when that is for the user to say."""
        if len(self.entries) != 1 or (self.entries[0].sha256 and not self.published):
            return None
        return self.entries[0].name


def recognise(path: Path) -> Recognised:
    """Reads a file and finds out what it is.

    Raises:
        GpenError: ``cannot_read``, ``bad_checkpoint``, ``checkpoint_unsafe``, ``model_missing``,
            and for ONNX files those of ``read_onnx``.
    """
    tensors = None
    if path.is_file() and path.suffix.lower() == ".onnx":
        tensors = read_onnx(path)
        network: GpenConfig | str = open_checkpoint(tensors).config
    else:
        network = network_of(path)
    sha256 = sha256_of(path)
    fitting = tuple(e for e in catalogue.ENTRIES if e.network == network and not e.embedded)
    exact = tuple(entry for entry in fitting if sha256 in (entry.sha256, entry.onnx_sha256))
    return Recognised(path, sha256, network, exact or fitting, tensors)


def import_model(found: Recognised, name: str, *, replace: bool = False) -> Path:
    """Copies a weights file into the engine's folder ``models``.

    Args:
        found: the file.
        name: of the catalogue, or a new one for a GPEN network of the user's own.
        replace: take the place of a model of this name.

    Returns:
        Where it is now.

    Raises:
        GpenError: ``bad_option`` when the file cannot have this name, ``output_exists``,
            ``cannot_write``, ``disk_full`` or ``bad_records``.
    """
    name = _checked(found, name)
    records = Records(EngineHome.of_user().models)
    same_name = [path for path in own_models() if path.stem.lower() == name.lower()]
    target = records.folder / f"{name}{_suffix(found)}"
    for path in same_name:
        if sha256_of(path) == found.sha256:
            records.keep_sum(path, found.sha256, f"imported from {found.path.name}")
            return path
    if same_name and not replace:
        raise GpenError(
            "output_exists",
            f"There is another file for {name} already: {same_name[0]}.",
            "Choose another name (--as), or allow overwriting (--force).",
        )
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as temporary:
            _write(found, temporary)
            sha256 = sha256_of(temporary)
        for path in same_name:
            if path != target:  # one of another format would go before it
                path.unlink()
                records.forget_sum(path)
    records.keep_sum(target, sha256, f"imported from {found.path.name}")
    return target


def _write(found: Recognised, target: Path) -> None:
    if found.tensors is not None:
        target.write_bytes(save(found.tensors, metadata={"format": "pt", "layout": "flat"}))
        return
    shutil.copyfile(found.path, target)
    if sha256_of(target) != found.sha256:
        raise GpenError(
            "cannot_read",
            f"The file {found.path.name} changed while it was copied.",
            "Try again when it is finished.",
        )


def _checked(found: Recognised, name: str) -> str:
    """The name as the catalogue or the user writes it; raises GpenError ``bad_option``."""
    name = name.removesuffix(next((s for s in SUFFIXES if name.lower().endswith(s)), ""))
    entry = known(name)
    if entry and entry.embedded:
        raise GpenError(
            "bad_option", f"{entry.name} comes along with the engine.", "Choose another name."
        )
    if entry and entry.network != found.network:
        fitting = ", ".join(e.name for e in found.entries) or "no known model"
        raise GpenError(
            "bad_option",
            f"The file {found.path.name} cannot be {entry.name}: its network is another.",
            f"It fits {fitting}. Choose one of these, or a new name.",
        )
    if entry:
        return entry.name
    if not isinstance(found.network, GpenConfig):
        raise GpenError(
            "bad_option",
            f'There is no model "{name}" with this network ({found.network}).',
            f"Choose {' or '.join(e.name for e in found.entries)}.",
        )
    if not name or name.startswith(".") or any(c in '/\\<>:"|?*' or c < " " for c in name):
        raise GpenError(
            "bad_option",
            f'A model cannot be called "{name}".',
            "Choose a name that a file can have, such as my-model.",
        )
    return name


def _suffix(found: Recognised) -> str:
    """By what is in the file: names lie."""
    if found.tensors is not None:
        return ".safetensors"
    with found.path.open("rb") as file:
        return ".safetensors" if file.read(9)[8:] == b"{" else ".pth"
