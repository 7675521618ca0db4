"""The procedures that GIMP gets to know, with their arguments."""

from __future__ import annotations

from typing import Any

from gi.repository import Gimp, GObject
from settings import FULL_SIZE, Settings
from translate import DOMAIN, FOLDER, _

RESTORE = "plug-in-gpen-restore-faces"
ENGINE = "plug-in-gpen-engine"


class GpenPlugIn(Gimp.PlugIn):  # type: ignore[misc]  # gi has no types
    """What GIMP asks at its start, and before each call."""

    def do_set_i18n(self, name: str) -> tuple[bool, str, str]:
        return True, DOMAIN, FOLDER

    def do_query_procedures(self) -> list[str]:
        return [RESTORE, ENGINE]

    def do_create_procedure(self, name: str) -> Any:
        return {RESTORE: _restore_procedure, ENGINE: _engine_procedure}[name](self)


def _restore_procedure(plug_in: Gimp.PlugIn) -> Any:
    from restore import run

    procedure = Gimp.ImageProcedure.new(plug_in, RESTORE, Gimp.PDBProcType.PLUGIN, run, None)
    procedure.set_image_types("RGB*, GRAY*")
    # With none or several it says what to do, which a menu item that is merely grey does not.
    mask = Gimp.ProcedureSensitivityMask
    procedure.set_sensitivity_mask(mask.DRAWABLE | mask.DRAWABLES | mask.NO_DRAWABLES)
    procedure.set_menu_label(_("Restore Faces (GPEN)…"))
    procedure.add_menu_path("<Image>/Filters/Enhance")
    procedure.set_documentation(
        _("Restore blurred, damaged or small faces with GPEN"),
        _(
            "Finds the faces of a layer, or of its selected part, and puts restored ones on a new"
            " layer above it. The layer itself stays as it is."
        ),
        None,  # or a button would search GIMP's manual in vain
    )
    _attribute(procedure)
    _add_arguments(procedure)
    procedure.add_layer_return_value(
        "layer", _("Layer"), _("The new layer, or the group of new layers"), False, _FLAGS
    )
    return procedure


def _engine_procedure(plug_in: Gimp.PlugIn) -> Any:
    from engine import run

    # No procedure of an image, so that it is there without one.
    procedure = Gimp.Procedure.new(plug_in, ENGINE, Gimp.PDBProcType.PLUGIN, run, None)
    procedure.set_menu_label(_("Engine…"))
    procedure.add_menu_path(f"<Image>/Filters/Enhance/{_('Restore Faces (GPEN)')}")
    procedure.set_documentation(
        _("Show how the GPEN engine is, stop it or start it"),
        _(
            "The engine is the process that restores faces. It starts by itself when it is needed"
            " and leaves some time after its last use."
        ),
        None,
    )
    _attribute(procedure)
    procedure.add_enum_argument(
        "run-mode", _("Run mode"), _("The run mode"), Gimp.RunMode, Gimp.RunMode.INTERACTIVE, _FLAGS
    )
    return procedure


def _add_arguments(procedure: Any) -> None:
    default = Settings()
    procedure.add_string_argument(
        "model",
        _("_Model"),
        _("Name or file of the weights; leave it at Default for what is installed"),
        default.model,
        _FLAGS,
    )
    procedure.add_double_argument(
        "strength",
        _("S_trength"),
        _(
            "0 keeps the original, 1 restores fully. On a new layer this is its opacity, which you"
            " can change later."
        ),
        0.0,
        1.0,
        default.strength,
        _FLAGS,
    )
    procedure.add_choice_argument(
        "result",
        _("_New layer"),
        _("What you get; the original layer stays as it is in any case"),
        _choice(
            ("layer", _("One layer with a mask"), _("Paint on its mask to take the change back")),
            ("faces", _("A layer for each face"), _("In a group, each with a mask and an opacity")),
            ("merged", _("A merged copy"), _("A copy of the layer with the restored faces in it")),
        ),
        default.result,
        _FLAGS,
    )
    procedure.add_double_argument(
        "threshold",
        _("_Detection threshold"),
        _(
            "How sure the detector must be; lower it when a face is not found, raise it when"
            " something else is taken for a face"
        ),
        0.0,
        1.0,
        default.threshold,
        _FLAGS,
    )
    procedure.add_choice_argument(
        "detection-size",
        _("Detection si_ze"),
        _(
            "Long side of the copy in which faces are searched: a smaller one is faster and misses"
            " small faces"
        ),
        _choice(
            (FULL_SIZE, _("Full size"), _("Finds the smallest faces")),
            ("2048", _("2048 pixels"), ""),
            ("1024", _("1024 pixels"), ""),
            ("640", _("640 pixels"), _("Fastest; large faces only")),
        ),
        default.detection_size,
        _FLAGS,
    )
    procedure.add_boolean_argument(
        "fallback",
        _("The selection _is a face"),
        _("Where no face is found in the selection, take the selection itself for one"),
        default.fallback,
        _FLAGS,
    )
    procedure.add_choice_argument(
        "template",
        _("_Framing"),
        _(
            "How much of the head is restored with the face; some models were trained with the"
            " tighter one"
        ),
        _choice(
            ("gpen", "GPEN", _("As the published models were trained")),
            ("ffhq", _("FFHQ (tighter)"), _("12 % tighter")),
        ),
        default.template,
        _FLAGS,
    )
    procedure.add_boolean_argument(
        "keep-colours",
        _("_Keep the colours"),
        _(
            "Keep skin tone and light of the original, and the tone of a black-and-white one; turn"
            " it off when its colours are damaged"
        ),
        default.keep_colours,
        _FLAGS,
    )
    procedure.add_int_argument(
        "seed",
        _("S_eed"),
        _("For models that add random detail: another number gives other detail"),
        0,
        0x7FFFFFFF,
        default.seed,
        _FLAGS,
    )
    procedure.add_choice_argument(
        "guard",
        _("C_hanged faces"),
        _("What happens to a face whose features moved or changed much"),
        _choice(
            ("warn", _("Report them"), _("They are restored, and you are told which")),
            ("skip", _("Leave them as they were"), _("You are told which")),
            ("off", _("Do not look"), ""),
        ),
        default.guard,
        _FLAGS,
    )
    procedure.add_boolean_argument(
        "match-grain",
        _("Match the _grain"),
        _("Give restored faces the grain of the photograph around them"),
        default.match_grain,
        _FLAGS,
    )
    procedure.add_boolean_argument(
        "note",
        _("Note it in the im_age's metadata"),
        _(
            "Write into the image's metadata that parts of it were made by a trained network, so"
            " that exported files say so: the IPTC property Digital Source Type"
        ),
        default.note,
        _FLAGS,
    )
    procedure.add_string_argument(
        "faces",
        _("Faces"),
        _(
            "The faces that were chosen in the dialog, with their strengths, as JSON: boxes and"
            " landmarks in pixels of the layer. Empty restores all that are found"
        ),
        default.faces,
        _FLAGS,
    )


def _choice(*options: tuple[str, str, str]) -> Any:
    choice = Gimp.Choice.new()
    for number, (name, label, text) in enumerate(options):
        choice.add(name, number, label, text)
    return choice


def _attribute(procedure: Any) -> None:
    procedure.set_attribution("The GPEN for GIMP authors", "MIT licence", "2026")


_FLAGS = GObject.ParamFlags.READWRITE
