"""The arguments that the procedures take, each written once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Union

from translate import _

FULL_SIZE = "full"
Option = tuple[str, str, str]
"""Its name, what the dialog calls it, and what its tooltip says."""


@dataclass(frozen=True)
class Text:
    label: str
    help: str


@dataclass(frozen=True)
class Number:
    """A fraction, 0..1."""

    label: str
    help: str


@dataclass(frozen=True)
class Whole:
    """A whole number from 0 on."""

    label: str
    help: str


@dataclass(frozen=True)
class Flag:
    label: str
    help: str


@dataclass(frozen=True)
class Choice:
    label: str
    help: str
    options: tuple[Option, ...]


Argument = Union[Text, Number, Whole, Flag, Choice]

ARGUMENTS: Mapping[str, Argument] = {
    "model": Text(
        _("_Model"), _("Name or file of the weights; leave it at Default for what is installed")
    ),
    "strength": Number(
        _("S_trength"),
        _(
            "0 keeps the original, 1 restores fully. On a new layer this is its opacity, which you"
            " can change later."
        ),
    ),
    "result": Choice(
        _("_New layer"),
        _("What you get; the original layer stays as it is in any case"),
        (
            ("layer", _("One layer with a mask"), _("Paint on its mask to take the change back")),
            ("faces", _("A layer for each face"), _("In a group, each with a mask and an opacity")),
            ("merged", _("A merged copy"), _("A copy of the layer with the restored faces in it")),
        ),
    ),
    "threshold": Number(
        _("_Detection threshold"),
        _(
            "How sure the detector must be; lower it when a face is not found, raise it when"
            " something else is taken for a face"
        ),
    ),
    "detection_size": Choice(
        _("Detection si_ze"),
        _(
            "Long side of the copy in which faces are searched: a smaller one is faster and misses"
            " small faces"
        ),
        (
            (FULL_SIZE, _("Full size"), _("Finds the smallest faces")),
            ("2048", _("2048 pixels"), ""),
            ("1024", _("1024 pixels"), ""),
            ("640", _("640 pixels"), _("Fastest; large faces only")),
        ),
    ),
    "fallback": Flag(
        _("The selection _is a face"),
        _("Where no face is found in the selection, take the selection itself for one"),
    ),
    "template": Choice(
        _("_Framing"),
        _(
            "How much of the head is restored with the face; some models were trained with the"
            " tighter one"
        ),
        (
            ("gpen", "GPEN", _("As the published models were trained")),
            ("ffhq", _("FFHQ (tighter)"), _("12 % tighter")),
        ),
    ),
    "keep_colours": Flag(
        _("_Keep the colours"),
        _(
            "Keep skin tone and light of the original, and the tone of a black-and-white one; turn"
            " it off when its colours are damaged"
        ),
    ),
    "seed": Whole(
        _("S_eed"), _("For models that add random detail: another number gives other detail")
    ),
    "guard": Choice(
        _("C_hanged faces"),
        _("What happens to a face whose features moved or changed much"),
        (
            ("warn", _("Report them"), _("They are restored, and you are told which")),
            ("skip", _("Leave them as they were"), _("You are told which")),
            ("off", _("Do not look"), ""),
        ),
    ),
    "match_grain": Flag(
        _("Match the _grain"), _("Give restored faces the grain of the photograph around them")
    ),
    "note": Flag(
        _("Note it in the image'_s metadata"),
        _(
            "Write into the image's metadata that parts of it were made by a trained network, so"
            " that exported files say so: the IPTC property Digital Source Type"
        ),
    ),
    "faces": Text(
        _("Faces"),
        _(
            "The faces that were chosen in the dialog, with their strengths, as JSON: boxes and"
            " landmarks in pixels of the layer. Empty restores all that are found"
        ),
    ),
    "scale": Choice(
        _("Sc_ale"),
        _("How many times wider and higher the new image is"),
        (
            ("2", _("2 ×"), _("Four times the pixels")),
            ("4", _("4 ×"), _("Sixteen times the pixels")),
        ),
    ),
    "upscaler": Text(
        _("_Upscaler"),
        _(
            "Name or file of the network that enlarges all but the faces, or none for"
            " interpolation; leave it empty for what is installed for this scale"
        ),
    ),
}
"""By the names of ``settings.Settings``."""
