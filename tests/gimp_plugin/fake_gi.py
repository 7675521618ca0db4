"""The few names of gi that the plug-in's logic uses, with the behaviour that it relies on."""

from __future__ import annotations

import sys
from collections import UserDict, UserList
from types import ModuleType, SimpleNamespace
from typing import Any

from fake_image import Channel, Drawable, GroupLayer, Image, Layer, Mask

__all__ = ["Channel", "Drawable", "GroupLayer", "Image", "Layer", "Mask"]
NONINTERACTIVE = SimpleNamespace(value_nick="noninteractive")
KINDS = ("RGB", "RGBA", "GRAY", "GRAYA")
PROGRESS = ("init", "set_text", "update", "pulse", "end")
ERRORS = SimpleNamespace(get_last_error=lambda: "refused")
GEGL = SimpleNamespace(Rectangle=SimpleNamespace(new=lambda *sides: sides), init=lambda _: None)
GEGL.AbyssPolicy = SimpleNamespace(NONE=0)
STATUSES = SimpleNamespace(SUCCESS="success", CANCEL="cancel", EXECUTION_ERROR="execution error")


class Value:
    """A GObject.Value."""

    def __init__(self, _kind: object) -> None:
        self.held: Any = None

    def set_object(self, held: Any) -> None:
        self.held = held


class Values(UserList[Any]):
    """A Gimp.ValueArray."""

    def remove(self, place: int) -> None:
        self.pop(place)


class Procedure:
    """Gives answers as GIMP's procedures do: the status first."""

    def __init__(self, name: str = "plug-in-gpen-restore-faces") -> None:
        self.name = name

    def get_name(self) -> str:
        return self.name

    def new_return_values(self, status: str, error: str | None) -> Values:
        return Values([status, error])


class Config(UserDict[str, Any]):
    """A Gimp.ProcedureConfig."""

    def get_property(self, name: str) -> Any:
        return self.data[name]

    def set_property(self, name: str, value: Any) -> None:
        self.data[name] = value


def parasite(name: str, _flags: int, data: bytes) -> Any:
    return SimpleNamespace(name=name, get_data=lambda: data)


def metadata(text: str = "") -> Any:
    """A Gimp.Metadata."""
    return SimpleNamespace(serialize=lambda: text)


def install() -> None:
    """Lets ``from gi.repository import Gimp`` find this."""
    repository = ModuleType("gi.repository")
    gimp = SimpleNamespace(
        Image=Image,
        Layer=Layer,
        GroupLayer=GroupLayer,
        Metadata=SimpleNamespace(new=metadata, deserialize=metadata),
        Parasite=SimpleNamespace(new=parasite),
        PARASITE_PERSISTENT=1,
        Selection=SimpleNamespace(is_empty=lambda image: image.bounds is None),
        ImageBaseType=SimpleNamespace(RGB="RGB", GRAY="GRAY", INDEXED="INDEXED"),
        ImageType=SimpleNamespace(**{f"{kind}_IMAGE": kind for kind in KINDS}),
        LayerMode=SimpleNamespace(NORMAL="normal", LCH_COLOR="lch-color"),
        LayerColorSpace=SimpleNamespace(
            RGB_PERCEPTUAL="perceptual", RGB_LINEAR="linear", LAB="lab"
        ),
        AddMaskType=SimpleNamespace(BLACK="black", SELECTION="selection"),
        RunMode=SimpleNamespace(NONINTERACTIVE=NONINTERACTIVE),
        **{f"progress_{name}": lambda *_: True for name in PROGRESS},
        PDBStatusType=STATUSES,
        PlugIn=SimpleNamespace(error_quark=lambda: 1),
        displays_flush=lambda: None,
        get_pdb=lambda: ERRORS,
        getpid=lambda: 4711,
    )
    error = SimpleNamespace(new_literal=lambda _quark, text, _code: text)
    repository.__dict__.update(
        Gimp=gimp,
        Gegl=GEGL,
        Babl=SimpleNamespace(get_name=lambda form: form),
        GLib=SimpleNamespace(Error=error, get_language_names=lambda: ["C"]),
        GObject=SimpleNamespace(Value=Value),
    )
    sys.modules.update({"gi": ModuleType("gi"), "gi.repository": repository})
