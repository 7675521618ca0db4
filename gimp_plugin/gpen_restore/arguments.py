"""The arguments that the procedures take, each written once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Union

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
        "_Model", "Name or file of the weights; leave it at Default for what is installed"
    ),
    "strength": Number(
        "S_trength",
        "0 keeps the original, 1 restores fully. On a new layer this is its opacity, which you"
        " can change later.",
    ),
    "result": Choice(
        "_New layer",
        "What you get; the original layer stays as it is in any case",
        (
            ("layer", "One layer with a mask", "Paint on its mask to take the change back"),
            ("faces", "A layer for each face", "In a group, each with a mask and an opacity"),
            ("merged", "A merged copy", "A copy of the layer with the restored faces in it"),
        ),
    ),
    "threshold": Number(
        "_Detection threshold",
        "How sure the detector must be; lower it when a face is not found, raise it when"
        " something else is taken for a face",
    ),
    "detection_size": Choice(
        "Detection si_ze",
        "Long side of the copy in which faces are searched: a smaller one is faster and misses"
        " small faces",
        (
            (FULL_SIZE, "Full size", "Finds the smallest faces"),
            ("2048", "2048 pixels", ""),
            ("1024", "1024 pixels", ""),
            ("640", "640 pixels", "Fastest; large faces only"),
        ),
    ),
    "fallback": Flag(
        "The selection _is a face",
        "Where no face is found in the selection, take the selection itself for one",
    ),
    "template": Choice(
        "_Framing",
        "How much of the head is restored with the face; some models were trained with the"
        " tighter one",
        (
            ("gpen", "GPEN", "As the published models were trained"),
            ("ffhq", "FFHQ (tighter)", "12 % tighter"),
        ),
    ),
    "keep_colours": Flag(
        "_Keep the colours",
        "Keep skin tone and light of the original, and the tone of a black-and-white one; turn it"
        " off when its colours are damaged",
    ),
    "seed": Whole("S_eed", "For models that add random detail: another number gives other detail"),
    "guard": Choice(
        "C_hanged faces",
        "What happens to a face whose features moved or changed much",
        (
            ("warn", "Report them", "They are restored, and you are told which"),
            ("skip", "Leave them as they were", "You are told which"),
            ("off", "Do not look", ""),
        ),
    ),
    "match_grain": Flag(
        "Match the _grain", "Give restored faces the grain of the photograph around them"
    ),
    "faces": Text(
        "Faces",
        "The faces that were chosen in the dialog, with their strengths, as JSON: boxes and"
        " landmarks in pixels of the layer. Empty restores all that are found",
    ),
    "scale": Choice(
        "Sc_ale",
        "How many times wider and higher the new image is",
        (("2", "2 ×", "Four times the pixels"), ("4", "4 ×", "Sixteen times the pixels")),
    ),
    "upscaler": Text(
        "_Upscaler",
        "Name or file of the network that enlarges all but the faces, or none for interpolation;"
        " leave it empty for what is installed for this scale",
    ),
}
"""By the names of ``settings.Settings``."""
