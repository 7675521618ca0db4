"""What GPEN does to a layer: one procedure of GIMP's for each task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from arguments import Argument, Choice, Flag, Number
from translate import _

ENHANCE = "<Image>/Filters/Enhance"
MENU = f"{ENHANCE}/GPEN"


@dataclass(frozen=True)
class GpenTask:
    """A task, as GIMP and its user get to know it. ``settings.Settings`` has its options."""

    name: str
    """One of the wire's ``TASKS``."""
    procedure: str
    title: str
    """Of its windows and its menu item."""
    ok: str
    """What its dialog's button says, with the mnemonic."""
    blurb: str
    text: str
    """What it does, in a few sentences."""
    arguments: tuple[str, ...]
    """Names of settings that its procedure takes, in their order."""
    frames: tuple[tuple[str, tuple[str, ...]], ...]
    """Titles of the dialog's parts, and the arguments in each."""
    made: str
    """What the layer is called that it makes; ``{model}`` stands for the model's name."""
    merged: str = ""
    """The same of a merged copy; ``{layer}`` stands for the source's name."""
    own: Mapping[str, Argument] = field(default_factory=dict)
    """Arguments that are otherwise than those of ``ARGUMENTS``."""
    menus: tuple[str, ...] = (MENU,)
    image_types: str = "*"
    """Menu items of others are grey; it can be told of these what is wrong with them."""
    models: str = "restore"
    """The catalogue's task of the models that it takes."""
    default_model: str = ""
    """The known model that an empty name means; empty where that one came along."""
    note: str = ""
    """What its dialog says about it first."""
    selected: str = _("Layer “{layer}”, only faces in the selection")
    """The dialog's first line where something is selected."""

    @property
    def makes_an_image(self) -> bool:
        """The result is no layer above the source but an image of its own."""
        return self.name == "enlarge"

    @property
    def takes_it_whole(self) -> bool:
        """All of the layer is sent, whatever is selected."""
        return self.name in ("seg2face", "enlarge")

    @property
    def gives_colours(self) -> bool:
        """So that a grey image has no room for the result."""
        return self.name in ("colorize", "seg2face")


FINDING = (_("Finding the faces"), ("threshold", "detection_size", "fallback"))

RESTORE = GpenTask(
    name="restore",
    procedure="plug-in-gpen-restore-faces",
    title=_("Restore Faces (GPEN)"),
    ok=_("Rest_ore"),
    blurb=_("Restore blurred, damaged or small faces with GPEN"),
    text=_(
        "Finds the faces of a layer, or of its selected part, and puts restored ones on a new"
        " layer above it. The layer itself stays as it is."
    ),
    arguments=(
        "model",
        "strength",
        "result",
        "threshold",
        "detection_size",
        "fallback",
        "template",
        "keep_colours",
        "seed",
        "guard",
        "match_grain",
        "note",
        "faces",
    ),
    frames=(
        (_("Result"), ("model", "strength", "result", "note")),
        FINDING,
        (_("Details"), ("template", "keep_colours", "match_grain", "guard", "seed")),
    ),
    made=_("Restored faces ({model})"),
    merged=_("{layer} with restored faces ({model})"),
    menus=(ENHANCE, MENU),
    image_types="RGB*, GRAY*",
)

COLORIZE = GpenTask(
    name="colorize",
    procedure="plug-in-gpen-colorize-faces",
    title=_("Colorize Faces"),
    ok=_("C_olorize"),
    blurb=_("Give grey faces their colours with GPEN"),
    text=_(
        "Finds the faces of a layer, or of its selected part, and puts their colours on a new"
        " layer above it, in the mode LCh Color: the light stays that of the layer beneath."
    ),
    arguments=(
        "model",
        "strength",
        "result",
        "threshold",
        "detection_size",
        "fallback",
        "template",
        "seed",
        "note",
    ),
    frames=(
        (_("Result"), ("model", "strength", "result", "note")),
        FINDING,
        (_("Details"), ("template", "seed")),
    ),
    made=_("Colours of faces ({model})"),
    merged=_("{layer} with faces in colour ({model})"),
    own={
        "result": Choice(
            _("_New layer"),
            _("What you get; the original layer stays as it is in any case"),
            (
                (
                    "layer",
                    _("One layer with a mask"),
                    _("In the mode LCh Color: it adds colours alone"),
                ),
                ("faces", _("A layer for each face"), _("In a group of the mode LCh Color")),
                ("merged", _("A merged copy"), _("A copy of the layer with coloured faces in it")),
            ),
        ),
    },
    models="colorize",
    default_model="GPEN-Colorization-1024",
    note=_("Light and shadow stay as they are in the photograph; faces get colours only."),
)

COMPLETE = GpenTask(
    name="inpaint",
    procedure="plug-in-gpen-complete-face",
    title=_("Complete Face"),
    ok=_("C_omplete"),
    blurb=_("Fill a hole in a face with GPEN"),
    text=_(
        "What is selected is a hole, such as a scratch or a missing part of a face. It is filled"
        " on a new layer above, as softly as the selection's edge is; nothing else changes."
    ),
    arguments=(
        "model",
        "strength",
        "result",
        "threshold",
        "detection_size",
        "template",
        "keep_colours",
        "seed",
        "note",
    ),
    frames=(
        (_("Result"), ("model", "strength", "result", "note")),
        (_("Finding the faces"), ("threshold", "detection_size")),
        (_("Details"), ("template", "keep_colours", "seed")),
    ),
    made=_("Completed face ({model})"),
    merged=_("{layer} with a completed face ({model})"),
    own={
        "result": Choice(
            _("_New layer"),
            _("What you get; the original layer stays as it is in any case"),
            (
                (
                    "layer",
                    _("One layer with a mask"),
                    _("Paint on its mask to take the change back"),
                ),
                (
                    "merged",
                    _("A merged copy"),
                    _("A copy of the layer in which the hole is filled"),
                ),
            ),
        ),
        "keep_colours": Flag(
            _("_Keep the tone"),
            _("Shift what is filled in so that it continues the tone around it"),
        ),
    },
    models="inpaint",
    default_model="GPEN-Inpainting-1024",
    note=_("The selection is the hole that is filled, as softly as its edge is feathered."),
    selected=_("Layer “{layer}”"),
)

DRAW = GpenTask(
    name="seg2face",
    procedure="plug-in-gpen-face-from-map",
    title=_("Face from Map"),
    ok=_("_Draw"),
    blurb=_("Draw a face from a map of its parts with GPEN"),
    text=_(
        "The layer is a square map, painted in the colours of 19 classes such as skin, nose and"
        " hair: those of the palette GPEN Face Map. The face comes on a new layer above it."
    ),
    arguments=("model", "seed", "note"),
    frames=((_("Result"), ("model", "seed", "note")),),
    made=_("Face from map ({model})"),
    models="seg2face",
    default_model="GPEN-Seg2face-512",
    note=_(
        "The layer is a map in the 19 colours of the palette “GPEN Face Map” (Windows > Dockable"
        " Dialogs > Palettes), framed like a portrait. Other colours count as the nearest of these."
    ),
    selected=_("Layer “{layer}”, the face in the selection only"),
)

ENLARGE = GpenTask(
    name="enlarge",
    procedure="plug-in-gpen-enlarge",
    title=_("Enlarge with Faces"),
    ok=_("E_nlarge"),
    blurb=_("Make a new image two or four times larger, its faces restored with GPEN"),
    text=_(
        "Enlarges a layer into a new image: its faces, or those that are selected, with GPEN at"
        " the size that they have there, all else with an upscaler or by interpolation."
    ),
    arguments=(
        "model",
        "scale",
        "upscaler",
        "strength",
        "threshold",
        "detection_size",
        "fallback",
        "template",
        "keep_colours",
        "seed",
        "guard",
        "match_grain",
        "note",
    ),
    frames=(
        (_("New image"), ("scale", "upscaler", "model", "strength", "note")),
        FINDING,
        (_("Details"), ("template", "keep_colours", "match_grain", "guard", "seed")),
    ),
    made=_("{layer}, enlarged ({model})"),
    own={
        "strength": Number(
            _("S_trength"), _("Of the faces: 0 enlarges them like all else, 1 restores them fully")
        ),
    },
    note=_("Makes a new image; this one stays as it is."),
    selected=_("Layer “{layer}”, faces restored in the selection only"),
)

TASKS: Mapping[str, GpenTask] = {
    task.name: task for task in (RESTORE, COLORIZE, COMPLETE, DRAW, ENLARGE)
}
PROCEDURES: Mapping[str, GpenTask] = {task.procedure: task for task in TASKS.values()}
